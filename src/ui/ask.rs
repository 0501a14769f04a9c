//! A question on the terminal, and the bytes of a program that runs there.

use std::io::{IsTerminal, Write};

use super::{Ui, say, style};

impl Ui {
    /// Whether somebody can be asked: standard input and standard error are a terminal.
    #[must_use]
    pub fn can_ask(&self) -> bool {
        std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
    }

    /// The answer to `question`, after the lines that explain it. `None` where nobody can be asked:
    /// standard input or standard error is no terminal, or the input has ended.
    pub async fn ask(&self, lines: &[String], question: &str) -> Option<String> {
        if !self.can_ask() {
            return None;
        }
        self.pause(true);
        for line in lines {
            say(line);
        }
        let mut stderr = anstream::stderr();
        let asked = write!(stderr, "{}", style::paint(style::STRONG, question));
        asked.and_then(|()| stderr.flush()).ok()?;
        // On a thread of its own: an interrupt must be able to end the wait.
        let read = tokio::task::spawn_blocking(|| {
            let mut answer = String::new();
            let bytes = std::io::stdin().read_line(&mut answer);
            bytes.ok().filter(|bytes| *bytes > 0).map(|_| answer)
        });
        let answer = read.await.ok().flatten();
        if answer.is_none() {
            // The end of the input has left the cursor behind the question.
            say("");
        }
        self.pause(false);
        answer
    }

    /// A line beside the data, such as how many rows there were.
    pub fn aside(&self, text: &str) {
        if !self.quiet && !text.is_empty() {
            self.say(text);
        }
    }

    /// Passes on what a program wrote, as it wrote it.
    pub fn pass_on(&self, bytes: &[u8], is_error: bool) {
        self.clear();
        // A reader that went away is no fault.
        let _ = if is_error {
            let mut stderr = std::io::stderr();
            stderr.write_all(bytes).and_then(|()| stderr.flush())
        } else {
            let mut stdout = std::io::stdout();
            stdout.write_all(bytes).and_then(|()| stdout.flush())
        };
    }
}
