//! Faults in the user's files: collected, each with its place and what to write instead.
//! Rendering them is the business of `ui`.

use crate::text::{ReadError, Source, Sources, Span};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    Error,
    Warning,
    Note,
}

/// A place in a source file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub source: Source,
    pub span: Span,
}

impl Place {
    #[must_use]
    pub fn new(source: &Source, span: Span) -> Self {
        Self {
            source: source.clone(),
            span,
        }
    }

    /// The place of a span in the position space of `sources`.
    #[must_use]
    pub fn within(sources: &Sources, span: Span) -> Self {
        let (source, span) = sources.locate(span);
        Self::new(source, span)
    }
}

/// `path:line:column`
impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let location = self.source.location(self.span.start);
        write!(f, "{}:{location}", self.source.path.display())
    }
}

/// One fault, warning or note about a file of the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    pub severity: Severity,
    /// The name of the rule that found it, where faults have such names.
    pub code: Option<&'static str>,
    /// Sentence case, literals in backticks.
    pub message: String,
    pub place: Option<Place>,
    /// Shown under the marked text.
    pub label: Option<String>,
    /// Another place that belongs to the fault, with a label.
    pub related: Vec<(Place, String)>,
    /// What to write instead.
    pub help: Option<String>,
    /// What to type, where a command makes it right.
    pub fix: Option<String>,
}

impl Diagnostic {
    #[must_use]
    pub fn new(severity: Severity, message: impl Into<String>) -> Self {
        Self {
            severity,
            code: None,
            message: message.into(),
            place: None,
            label: None,
            related: Vec::new(),
            help: None,
            fix: None,
        }
    }

    #[must_use]
    pub fn error(message: impl Into<String>) -> Self {
        Self::new(Severity::Error, message)
    }

    #[must_use]
    pub fn warning(message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, message)
    }

    #[must_use]
    pub fn note(message: impl Into<String>) -> Self {
        Self::new(Severity::Note, message)
    }

    #[must_use]
    pub fn code(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }

    #[must_use]
    pub fn at(self, source: &Source, span: Span) -> Self {
        self.at_place(Place::new(source, span))
    }

    #[must_use]
    pub fn at_place(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }

    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    #[must_use]
    pub fn related(mut self, source: &Source, span: Span, label: impl Into<String>) -> Self {
        self.related.push((Place::new(source, span), label.into()));
        self
    }

    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl From<ReadError> for Diagnostic {
    fn from(error: ReadError) -> Self {
        let message = match &error {
            ReadError::Io { source, .. } => format!("{error}: {source}"),
            _ => error.to_string(),
        };
        let mut characters = message.chars();
        let sentence = characters
            .next()
            .map(|first| first.to_uppercase().chain(characters).collect::<String>());
        Self::error(sentence.unwrap_or_default())
    }
}

/// Whether any of `diagnostics` is an error.
#[must_use]
pub fn any_error(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(Diagnostic::is_error)
}

/// The candidate nearest to a mistyped `word`, when one is near enough to suggest.
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = |candidate: &str| (candidate.len() / 3).clamp(1, 3);
    candidates
        .into_iter()
        // The distance is at least the difference in length: a huge word costs nothing this way.
        .filter(|candidate| word.len().abs_diff(candidate.len()) <= 4 * limit(candidate))
        .map(|candidate| (strsim::osa_distance(word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= limit(candidate))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// `text` for a message: a long one is cut and ends with `…`.
#[must_use]
pub fn brief(text: &str) -> std::borrow::Cow<'_, str> {
    const MOST: usize = 80;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()).into(),
        None => text.into(),
    }
}
