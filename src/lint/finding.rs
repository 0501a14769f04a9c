//! One finding of a rule, before it is known whether the file allows it.

use crate::diagnostic::{Diagnostic, Severity};
use crate::text::{Source, Span};

use super::Rule;

#[derive(Debug)]
pub(super) struct Finding {
    pub rule: &'static Rule,
    pub diagnostic: Diagnostic,
    /// The statement it is about; `None` when it is about the file.
    pub statement: Option<Span>,
}

impl Finding {
    pub fn new(rule: &'static Rule, source: &Source, span: Span, message: String) -> Self {
        let diagnostic = Diagnostic::new(rule.severity, message)
            .at(source, span)
            .code(rule.name)
            .help(rule.instead);
        Self {
            rule,
            diagnostic,
            statement: None,
        }
    }

    pub fn of_statement(mut self, statement: Span) -> Self {
        self.statement = Some(statement);
        self
    }

    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.diagnostic = self.diagnostic.label(label);
        self
    }

    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.diagnostic = self.diagnostic.help(help);
        self
    }

    pub fn severity(mut self, severity: Severity) -> Self {
        self.diagnostic.severity = severity;
        self
    }

    pub fn related(mut self, source: &Source, span: Span, label: impl Into<String>) -> Self {
        self.diagnostic = self.diagnostic.related(source, span, label);
        self
    }
}
