//! Lines at the end of a terminal that are drawn again and again at the same place. Makes the bytes
//! to write; decides neither what the lines say nor when they are drawn.
//!
//! A line of ours is never wrapped: it is cut to the width, and ends with a line break of its own. So
//! what a terminal does with it when its width changes is known, and it is found again. (The bars of
//! `indicatif` fill lines up with spaces and run into each other without a break; a terminal that is
//! made narrower or wider tears those.)

use std::os::fd::AsFd;

use rustix::termios::tcgetwinsize;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Rows and columns of a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    pub rows: usize,
    pub columns: usize,
}

impl Size {
    /// That of the terminal at `stream`; 24 times 80 where it does not know.
    pub fn of(stream: impl AsFd) -> Self {
        let size = tcgetwinsize(stream).ok();
        let known = size.filter(|size| size.ws_row > 0 && size.ws_col > 0);
        known.map_or(
            Self {
                rows: 24,
                columns: 80,
            },
            |size| Self {
                rows: size.ws_row.into(),
                columns: size.ws_col.into(),
            },
        )
    }
}

/// Remembers what is drawn.
#[derive(Debug, Default)]
pub struct Painter {
    /// Columns of every line that is on the screen.
    drawn: Vec<usize>,
}

impl Painter {
    /// Whether there are lines on the screen.
    pub fn is_drawn(&self) -> bool {
        !self.drawn.is_empty()
    }

    /// The bytes that put `above` where the lines were, for good, and `lines` after it. `above` has
    /// its line breaks, `lines` are no longer than the terminal is wide.
    pub fn paint(&mut self, above: &str, lines: &[String], size: Size) -> String {
        let rows = self.forget(size);
        let text = above.lines().chain(lines.iter().map(String::as_str));
        // What is there is overwritten, not erased first: nothing flickers, and tmux keeps no copy
        // of it, as it does of a screen that is erased from its top.
        let text: String = text.map(|line| format!("{line}\x1b[K\n")).collect();
        self.drawn.extend(lines.iter().map(|line| width(line)));
        format!("{}{text}\x1b[J", up(rows))
    }

    /// The bytes that take the lines away and leave the cursor where they began.
    pub fn erase(&mut self, size: Size) -> String {
        match self.forget(size) {
            0 => String::new(),
            rows => format!("{0}{1}\x1b[J{0}", up(rows), "\x1b[K\n".repeat(rows)),
        }
    }

    /// How many rows the lines take that are on the screen; they are replaced now.
    fn forget(&mut self, size: Size) -> usize {
        let lines = self.drawn.drain(..);
        // A terminal that became narrower has wrapped them.
        let rows = lines.map(|columns| columns.div_ceil(size.columns).max(1));
        rows.sum()
    }
}

/// Moves the cursor to the beginning of the line so many rows above.
fn up(rows: usize) -> String {
    match rows {
        0 => String::new(),
        rows => format!("\r\x1b[{rows}A"),
    }
}

/// Columns of a line, colours left out.
fn width(line: &str) -> usize {
    anstream::adapter::strip_str(line).to_string().width()
}

/// `text` without colours in so many columns; what is cut ends with `…`. The last column stays free:
/// terminals differ in what they do after it.
pub fn cut(text: &str, columns: usize) -> String {
    let limit = columns.saturating_sub(1);
    if text.width() <= limit {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut used = 1;
    for character in text.chars() {
        used += character.width().unwrap_or(0);
        if used > limit {
            break;
        }
        kept.push(character);
    }
    kept.push('…');
    kept
}

#[cfg(test)]
mod tests;
