//! `env logs`

use clap::Args;

use crate::cli::run::Run;
use crate::engine::{Engine, LogOptions};
use crate::environment::Prepared;
use crate::environment::failure::{Failure, Kind};
use crate::environment::logs::logs;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  poststack env logs dev web -f\n  \
                        poststack env logs --tail 20 --since 10m")]
pub struct LogsArgs {
    /// The environment, then services; a first name that is no environment counts as a service
    #[arg(value_name = "ENVIRONMENT|SERVICE")]
    names: Vec<String>,
    #[command(flatten)]
    lines: LineArgs,
}

/// Which lines of a log are shown, and how.
#[derive(Debug, Args)]
pub struct LineArgs {
    /// Keep showing new lines
    #[arg(short, long)]
    follow: bool,
    /// Show only the last lines of each container
    #[arg(short = 'n', long, value_name = "LINES", default_value = "all", value_parser = tail)]
    tail: Tail,
    /// Show only lines since then: 10m, or a time such as 2026-01-31T08:00:00Z
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Show when each line was written
    #[arg(short, long)]
    timestamps: bool,
}

/// How many lines; `None` is all of them.
#[derive(Debug, Clone, Copy)]
struct Tail(Option<usize>);

fn tail(text: &str) -> Result<Tail, String> {
    match text {
        "all" => Ok(Tail(None)),
        _ => text
            .parse()
            .map(|lines| Tail(Some(lines)))
            .map_err(|_| "write a number of lines, or `all`".to_owned()),
    }
}

pub async fn run(run: &Run, args: &LogsArgs) -> Result<(), Failure> {
    let project = run.project()?;
    let (named, services) = match args.names.split_first() {
        Some((first, rest)) if project.names().contains(first) => (Some(first.as_str()), rest),
        _ => (None, args.names.as_slice()),
    };
    let (environment, _) = project.environment(named)?;
    let prepared = run.glance(&project, environment)?;
    let engine = run.engine().await?;
    args.lines.show(run, (&prepared, &engine), services).await
}

impl LineArgs {
    /// Shows the lines of these services, of none all.
    ///
    /// # Errors
    /// An unknown service, no container, or the engine fails.
    pub async fn show(
        &self,
        run: &Run,
        (prepared, engine): (&Prepared, &Engine),
        services: &[String],
    ) -> Result<(), Failure> {
        let options = LogOptions {
            follow: self.follow,
            tail: self.tail.0,
            since: self.since.as_deref().map(since).transpose()?,
            timestamps: self.timestamps,
            ..LogOptions::default()
        };
        logs(prepared, engine, services, &options, &mut |line| {
            run.ui
                .stream(&line, || format!("{} | {}", line.speaker, line.text));
        })
        .await
    }
}

/// A duration back from now, or a time.
fn since(text: &str) -> Result<jiff::Timestamp, Failure> {
    let back = crate::units::duration(text).ok();
    if let Some(time) = back.and_then(|back| jiff::Timestamp::now().checked_sub(back).ok()) {
        return Ok(time);
    }
    text.parse().map_err(|_| {
        Failure::new(
            Kind::Usage,
            format!("`--since {text}` is neither a duration nor a time"),
        )
        .hint("write it as 10m, 2h30m or 2026-01-31T08:00:00Z")
    })
}
