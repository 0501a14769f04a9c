//! What somebody sees who sits at a terminal: a program runs on one of its own, and the screen is that
//! which the bytes make of it.

mod completions;
mod pages;
mod status;
mod steps;

use std::fs::File;
use std::io::{Read, Write};
use std::num::NonZero;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

/// Longest wait for what must come; nothing is measured by it.
const PATIENCE: Duration = Duration::from_secs(180);

/// A program on a terminal.
pub struct Terminal {
    keyboard: File,
    child: Child,
    shown: Arc<Mutex<Shown>>,
    reader: Option<JoinHandle<()>>,
}

struct Shown {
    screen: vt100::Parser,
    bytes: Vec<u8>,
}

/// What was seen when the program had ended.
pub struct Seen {
    pub code: i32,
    pub screen: String,
    /// Everything that was written.
    pub bytes: String,
}

impl Terminal {
    /// Runs `command` with standard input, output and error on a terminal of this size.
    pub fn run(command: &Command, rows: u16, columns: u16) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let slave = || {
            File::options()
                .read(true)
                .write(true)
                .open(name.to_str().unwrap())
                .unwrap()
        };
        let size = Winsize {
            ws_row: rows,
            ws_col: columns,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&master, size).unwrap();
        let mut started = on_own_terminal(command);
        let [stdin, stdout, stderr] = [(); 3].map(|()| Stdio::from(slave()));
        let child = started
            .stdin(stdin)
            .stdout(stdout)
            .stderr(stderr)
            .spawn()
            .unwrap();
        // The slave ends of this process go with it.
        drop(started);
        let number = |count| NonZero::new(count).unwrap();
        let shown = Arc::new(Mutex::new(Shown {
            screen: vt100::Parser::new(number(rows), number(columns), 0),
            bytes: Vec::new(),
        }));
        let keyboard = File::from(master);
        let mut output = keyboard.try_clone().unwrap();
        let kept = shown.clone();
        let reader = std::thread::spawn(move || {
            let mut piece = [0; 4096];
            // A terminal that nobody has open any more is an error to read.
            while let Ok(read @ 1..) = output.read(&mut piece) {
                let mut shown = kept.lock().unwrap();
                shown.screen.process(&piece[..read]);
                shown.bytes.extend_from_slice(&piece[..read]);
            }
        });
        Self {
            keyboard,
            child,
            shown,
            reader: Some(reader),
        }
    }

    /// Presses keys; `\u{3}` is Ctrl-C.
    pub fn type_in(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    /// The screen without empty lines at its end and spaces at the end of lines.
    pub fn screen(&self) -> String {
        screen_of(&self.shown.lock().unwrap())
    }

    /// Waits until the screen is as `wanted`, and gives it.
    #[track_caller]
    pub fn wait_for(&self, wanted: impl Fn(&str) -> bool) -> String {
        let began = Instant::now();
        loop {
            let screen = self.screen();
            if wanted(&screen) {
                return screen;
            }
            assert!(began.elapsed() < PATIENCE, "it shows:\n{screen}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits until the program has ended.
    pub fn end(mut self) -> Seen {
        let status = self.child.wait().unwrap();
        self.reader.take().unwrap().join().unwrap();
        let shown = self.shown.lock().unwrap();
        Seen {
            code: status.code().unwrap_or(-1),
            screen: screen_of(&shown),
            bytes: String::from_utf8_lossy(&shown.bytes).into_owned(),
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Of a test that failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `command` as the program of the terminal that it is given, so that Ctrl-C reaches it.
fn on_own_terminal(command: &Command) -> Command {
    let mut started = Command::new("setsid");
    started
        .arg("--ctty")
        .arg(command.get_program())
        .args(command.get_args())
        .env("TERM", "xterm")
        .env_remove("CI")
        .env_remove("NO_COLOR");
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => started.env(name, value),
            None => started.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        started.current_dir(folder);
    }
    started
}

fn screen_of(shown: &Shown) -> String {
    let text = shown.screen.screen().contents();
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines.join("\n").trim_end().to_owned()
}

/// What turns at the beginning of a line of a step under way.
pub fn has_spinner(text: &str) -> bool {
    text.chars()
        .any(|character| "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏".contains(character))
}
