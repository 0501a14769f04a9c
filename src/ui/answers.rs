//! What a query gives, shown while it comes: rows as a table or inside one JSON document. Keeps no
//! more than the rows that a table's columns are measured by.

mod json;
mod text;

use std::io::{self, BufWriter, StdoutLock, Write};
use std::ops::ControlFlow;

use self::json::Document;
use self::text::Tables;
use super::{Format, Ui};
use crate::environment::{Failure, Kind};
use crate::postgres::Answer;

/// Shows the answers to one query.
pub struct Answers<'a> {
    ui: &'a Ui,
    out: BufWriter<StdoutLock<'static>>,
    shape: Shape,
    /// What is told beside the rows, once nothing can take it back any more.
    told: Vec<String>,
    /// Why nothing more can be written.
    broken: Option<io::Error>,
}

enum Shape {
    Text(Tables),
    Json(Document),
}

impl<'a> Answers<'a> {
    #[must_use]
    pub fn new(ui: &'a Ui) -> Self {
        Self {
            ui,
            out: BufWriter::new(io::stdout().lock()),
            shape: match ui.format {
                Format::Human => Shape::Text(Tables::default()),
                Format::Json => Shape::Json(Document::default()),
            },
            told: Vec::new(),
            broken: None,
        }
    }

    /// Shows one answer; `Break` when nobody reads any more.
    pub fn show(&mut self, answer: &Answer<'_>) -> ControlFlow<()> {
        let mut shown = match &mut self.shape {
            Shape::Text(tables) => tables.show(&mut self.out, answer),
            Shape::Json(document) => document.show(&mut self.out, answer),
        };
        match (answer, &mut self.shape) {
            (Answer::Notice(notice), _) => {
                // In the order in which they came.
                shown = shown.and_then(|()| self.out.flush());
                self.ui.note(&notice.to_string());
            }
            (Answer::Complete { tag, .. }, Shape::Text(tables)) => {
                self.told.push(tables.told(tag));
            }
            _ => {}
        }
        match shown {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                self.broken = Some(error);
                ControlFlow::Break(())
            }
        }
    }

    /// Ends what was shown: of a query that was answered, or of one that was refused on the way.
    ///
    /// # Errors
    /// The refusal, and that the answer could not be written. A reader that went away is no fault.
    pub fn end(mut self, outcome: Result<(), Failure>) -> Result<(), Failure> {
        let written = match (&mut self.shape, &outcome) {
            _ if self.broken.is_some() => Ok(()),
            (Shape::Text(tables), _) => tables.end(&mut self.out),
            (Shape::Json(document), Err(failure)) if document.has_begun() => {
                self.ui.answered.set(true);
                document.end(&mut self.out, Some(failure))
            }
            (Shape::Json(_), Err(_)) => Ok(()),
            (Shape::Json(document), Ok(())) => document.end(&mut self.out, None),
        };
        let written = written.and_then(|()| self.out.flush());
        outcome?;
        self.ui.aside(&self.told.join("\n"));
        match self.broken.or(written.err()) {
            Some(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                let message = "The answer could not be written to the end";
                Err(Failure::new(Kind::Failed, message).because(error))
            }
            _ => Ok(()),
        }
    }
}
