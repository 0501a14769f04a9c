//! `db shell`

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use clap::Args;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::signal::unix::{SignalKind, signal};

use super::{Db, OnEnvironment};
use crate::database::shell::{Psql, Script, in_container, is_of_libpq, on_host};
use crate::database::{Target, login};
use crate::engine::{AttachOptions, Attached, EngineError, Handle, TerminalSize, Written};
use crate::environment::{Failure, Kind, engine_failure};
use crate::ui::Terminal;

/// How often, and how far apart, a program that has not begun yet is told its terminal's size.
const SIZE_TRIES: u32 = 40;
const SIZE_PAUSE: Duration = Duration::from_millis(25);

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  poststack db shell dev\n  \
                        poststack db shell -c '\\dt'\n  poststack db shell -f report.sql staging")]
pub(super) struct ShellArgs {
    #[command(flatten)]
    environment: OnEnvironment,
    /// Run this SQL, or this command of psql, and end
    #[arg(short, long, value_name = "SQL", conflicts_with = "file")]
    command: Option<String>,
    /// Run this file and end
    #[arg(short, long, value_name = "FILE")]
    file: Option<PathBuf>,
}

impl ShellArgs {
    fn script(&self) -> Script<'_> {
        match (&self.command, &self.file) {
            (Some(sql), _) => Script::Command(sql),
            (None, Some(file)) => Script::File(file),
            (None, None) => Script::Interactive,
        }
    }
}

pub(super) async fn run(db: &Db<'_>, args: &ShellArgs) -> Result<(), Failure> {
    let target = db.target(args.environment.name())?;
    let script = args.script();
    db.log(match script {
        Script::Command(sql) => sql,
        Script::File(_) => "psql with a file",
        Script::Interactive => "psql",
    });
    let input = match script {
        Script::File(path) => Some(fs_err::read(path).map_err(|error| {
            Failure::new(Kind::Usage, "The file cannot be read").because(error)
        })?),
        Script::Command(_) => Some(Vec::new()),
        Script::Interactive => None,
    };
    let code = match target.container() {
        Some(container) => {
            // Says how to start the database when it does not run; psql would not.
            login(&target).await?;
            inside(db, &container, &in_container(&target, script), input).await?
        }
        None => outside(&target, &on_host(&target, script), input).await?,
    };
    match code {
        0 => Ok(()),
        code => Err(Failure::new(
            Kind::Failed,
            format!("psql ended with exit code {code}"),
        )),
    }
}

/// Runs psql in the container with our terminal, or with `input` as its standard input.
async fn inside(
    db: &Db<'_>,
    container: &str,
    psql: &Psql,
    input: Option<Vec<u8>>,
) -> Result<i64, Failure> {
    let engine = db.run.engine().await?;
    let failed = |error: EngineError| engine_failure(&error);
    let terminal = input.is_none().then(Terminal::take).flatten();
    let options = AttachOptions {
        environment: psql.environment.clone(),
        terminal: terminal.is_some(),
    };
    let command: Vec<&str> = psql.command.iter().map(String::as_str).collect();
    let attached = engine.attach(container, &command, &options).await;
    let Attached {
        mut output,
        input: mut stdin,
        handle,
    } = attached.map_err(failed)?;
    let show = async {
        while let Some(written) = output.next().await? {
            match written {
                Written::Output(bytes) => db.run.ui.pass_on(&bytes, false),
                Written::Error(bytes) => db.run.ui.pass_on(&bytes, true),
            }
        }
        Ok(())
    };
    let feed = async {
        // A terminal of no size makes psql page every answer, and the pager takes what is typed.
        if let Some(terminal) = &terminal {
            set_size(terminal, &handle).await;
        }
        match &input {
            // psql may end before it has read everything; its exit code tells the rest.
            Some(bytes) => drop(stdin.write_all(bytes).await),
            None => copy_input(&mut stdin).await,
        }
        drop(stdin.shutdown().await);
        std::future::pending::<()>().await
    };
    let follow = async {
        if let Some(terminal) = &terminal {
            follow_size(terminal, &handle).await;
        }
        std::future::pending::<()>().await
    };
    tokio::select! {
        shown = show => shown.map_err(failed)?,
        () = feed => {}
        () = follow => {}
    }
    drop(terminal);
    handle.exit_code().await.map_err(failed)
}

/// Passes on what is typed, until it ends. Each piece at once: somebody waits for its echo.
async fn copy_input(stdin: &mut (impl AsyncWriteExt + Unpin)) {
    let mut keyboard = tokio::io::stdin();
    let mut buffer = [0; 4096];
    loop {
        let Ok(read @ 1..) = keyboard.read(&mut buffer).await else {
            return;
        };
        let piece = buffer.get(..read).unwrap_or_default();
        if stdin.write_all(piece).await.is_err() || stdin.flush().await.is_err() {
            return;
        }
    }
}

/// Tells psql the size of the terminal as soon as it has begun.
async fn set_size(terminal: &Terminal, handle: &Handle<'_>) {
    let Some((rows, columns)) = terminal.size() else {
        return;
    };
    for _ in 0..SIZE_TRIES {
        if handle.resize(TerminalSize { rows, columns }).await {
            return;
        }
        tokio::time::sleep(SIZE_PAUSE).await;
    }
}

/// Tells psql the size of the terminal whenever it changes.
async fn follow_size(terminal: &Terminal, handle: &Handle<'_>) {
    let Ok(mut changes) = signal(SignalKind::window_change()) else {
        return;
    };
    while changes.recv().await.is_some() {
        if let Some((rows, columns)) = terminal.size() {
            handle.resize(TerminalSize { rows, columns }).await;
        }
    }
}

/// Runs the psql of this machine on our terminal, or with `input` as its standard input.
async fn outside(target: &Target, psql: &Psql, input: Option<Vec<u8>>) -> Result<i64, Failure> {
    let Some((program, arguments)) = psql.command.split_first() else {
        return Ok(0);
    };
    let environment = psql.environment.iter();
    let mut command = tokio::process::Command::new(program);
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(is_of_libpq) {
            command.env_remove(name);
        }
    }
    command
        .args(arguments)
        .envs(environment.map(|(name, value)| (name, value.expose())))
        .kill_on_drop(true);
    if input.is_some() {
        command.stdin(Stdio::piped());
    }
    let mut child = command.spawn().map_err(|error| no_psql(target, error))?;
    if let (Some(bytes), Some(mut stdin)) = (input, child.stdin.take()) {
        // psql may end before it has read everything; its exit code tells the rest.
        drop(stdin.write_all(&bytes).await);
    }
    let status = child.wait().await;
    let status = status.map_err(|error| no_psql(target, error))?;
    Ok(i64::from(status.code().unwrap_or(1)))
}

fn no_psql(target: &Target, error: std::io::Error) -> Failure {
    let message = format!(
        "{} has no container to run psql in, and there is none on this machine",
        target.name()
    );
    let query = match target.environment_name() {
        Some(name) => format!("poststack db query 'SELECT 1' {name}"),
        None => "poststack db query 'SELECT 1'".to_owned(),
    };
    Failure::new(Kind::Failed, message)
        .because(error)
        .hint(format!("ask without psql: {query}"))
}
