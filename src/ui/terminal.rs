//! The terminal poststack was started on, lent to a program that runs elsewhere: every key as it is
//! pressed. It is given back as it was, however the program ends.

use std::io::IsTerminal;
use std::os::fd::AsFd;

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};

/// The terminal in raw mode; dropping it gives it back.
pub struct Terminal {
    before: Termios,
}

impl Terminal {
    /// Takes the terminal. `None` when standard input or output is none.
    #[must_use]
    pub fn take() -> Option<Self> {
        let (stdin, stdout) = (std::io::stdin(), std::io::stdout());
        if !stdin.is_terminal() || !stdout.is_terminal() {
            return None;
        }
        let before = tcgetattr(stdin.as_fd()).ok()?;
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(stdin.as_fd(), OptionalActions::Drain, &raw).ok()?;
        Some(Self { before })
    }

    /// Its rows and columns, where it knows them.
    #[must_use]
    pub fn size(&self) -> Option<(u16, u16)> {
        let size = tcgetwinsize(std::io::stdout().as_fd()).ok()?;
        // A terminal that does not know says zero.
        (size.ws_row > 0 && size.ws_col > 0).then_some((size.ws_row, size.ws_col))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let stdin = std::io::stdin();
        // A terminal that is gone needs nothing back.
        let _ = tcsetattr(stdin.as_fd(), OptionalActions::Drain, &self.before);
    }
}
