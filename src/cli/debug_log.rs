//! The debug log: on stderr as `-v`, `-vv` or `POSTSTACK_LOG` (in the syntax of `RUST_LOG`) ask, and
//! in the project's log as the setting `log_level` says.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::layer;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, registry};

use crate::config::settings::LogLevel;
use crate::logs::Logs;

/// Begins both, where they are asked for; whether there is one on stderr.
pub(super) fn begin(verbose: u8, logs: &Logs, level: LogLevel) -> bool {
    let default = match verbose {
        0 => "off",
        1 => "poststack=debug",
        _ => "poststack=trace",
    };
    let filter = std::env::var("POSTSTACK_LOG").unwrap_or_else(|_| default.to_owned());
    let shown = (filter != "off").then(|| {
        layer()
            .with_writer(std::io::stderr)
            .with_filter(EnvFilter::new(filter))
    });
    let written = logs.is_on().then(|| {
        let logs = logs.clone();
        let targets = Targets::new().with_target("poststack", of(level));
        layer()
            .with_ansi(false)
            .with_writer(move || Lines(logs.clone()))
            .with_filter(targets)
    });
    let is_shown = shown.is_some();
    if is_shown || written.is_some() {
        registry().with(shown).with(written).init();
    }
    is_shown
}

fn of(level: LogLevel) -> LevelFilter {
    match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warning => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    }
}

/// Writes each event of the debug log as it comes, which is whole.
struct Lines(Logs);

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        (&self.0).write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
