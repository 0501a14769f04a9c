//! What is looked at again and again: on a terminal drawn anew at the same place, elsewhere given
//! whenever it has changed.

use std::io::Write;

use serde::Serialize;

use super::painter::{Painter, Size, cut};
use super::{Format, Ui, can_redraw, json, print};

/// Shows one look after the other on standard output.
pub struct Watched<'a> {
    ui: &'a Ui,
    /// Where there is a terminal that can.
    painter: Option<Painter>,
    /// Whether anything was shown before.
    has_shown: bool,
}

impl<'a> Watched<'a> {
    #[must_use]
    pub fn new(ui: &'a Ui) -> Self {
        // What a signal ends is no failure that the data has to tell.
        ui.streams.set(true);
        let is_drawn = ui.format == Format::Human && can_redraw(&std::io::stdout());
        Self {
            ui,
            painter: is_drawn.then(Painter::default),
            has_shown: false,
        }
    }

    /// Shows a look; where it cannot replace the one before, only if it `has_changed`.
    pub fn show(
        &mut self,
        data: &impl Serialize,
        has_changed: bool,
        human: impl FnOnce() -> String,
    ) {
        match (&mut self.painter, self.ui.format) {
            (Some(painter), _) => draw(painter, &human()),
            (None, _) if !has_changed => {}
            (None, Format::Json) => print(&json::versioned(data).to_string()),
            (None, Format::Human) => {
                let space = if self.has_shown { "\n" } else { "" };
                print(&format!("{space}{}", human()));
            }
        }
        self.has_shown = true;
    }
}

fn draw(painter: &mut Painter, text: &str) {
    let mut stdout = std::io::stdout();
    let size = Size::of(&stdout);
    let bytes = painter.paint("", &fitting(text, size), size);
    // A terminal that is gone shows nothing.
    let written = stdout.write_all(bytes.as_bytes());
    let _ = written.and_then(|()| stdout.flush());
}

/// The lines of `text` as far as they fit.
fn fitting(text: &str, size: Size) -> Vec<String> {
    // One row is left to the cursor.
    let room = size.rows.saturating_sub(1).max(1);
    let count = text.lines().count();
    let shown = if count <= room { count } else { room - 1 };
    let lines = text.lines().take(shown).map(|line| cut(line, size.columns));
    let left_out = count - shown;
    let more = (left_out > 0).then(|| cut(&format!("… and {left_out} more lines"), size.columns));
    lines.chain(more).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_counted() {
        let size = Size {
            rows: 4,
            columns: 20,
        };
        assert_eq!(fitting("a\nb\nc\n", size), ["a", "b", "c"]);
        assert_eq!(
            fitting("a\nb\nc\nd\n", size),
            ["a", "b", "… and 2 more lines"]
        );
        let long = "a line that is longer than the terminal";
        assert_eq!(fitting(long, size), ["a line that is lon…"]);
    }
}
