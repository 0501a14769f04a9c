//! A program inside a container with our own input and output: a shell, for instance. Knows nothing
//! of terminals; whoever owns one tells its size and passes the bytes on.

use std::pin::Pin;

use bollard::container::LogOutput;
use bollard::exec::{StartExecOptions, StartExecResults};
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use tokio::io::AsyncWrite;

use super::exec::{Create, Created, Ended};
use super::wire::Call;
use super::{Engine, EngineError};
use crate::secret::Secret;

/// How a program is run with its input attached.
#[derive(Debug, Clone, Default)]
pub struct AttachOptions {
    /// Added to the container's environment.
    pub environment: Vec<(String, Secret)>,
    /// Gives the program a terminal of its own; both of its streams are then one.
    pub terminal: bool,
}

/// Rows and columns of a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TerminalSize {
    pub rows: u16,
    pub columns: u16,
}

/// What a program wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    /// To standard output, or to its terminal.
    Output(Bytes),
    Error(Bytes),
}

type Frames = Pin<Box<dyn Stream<Item = Result<LogOutput, bollard::errors::Error>> + Send>>;

/// A program that runs.
pub struct Attached<'e> {
    pub output: Output<'e>,
    /// Its standard input; shutting it down is the end of it.
    pub input: Pin<Box<dyn AsyncWrite + Send>>,
    pub handle: Handle<'e>,
}

/// What the program writes, until it ends.
pub struct Output<'e> {
    engine: &'e Engine,
    action: String,
    frames: Frames,
}

/// The running program for the engine.
pub struct Handle<'e> {
    engine: &'e Engine,
    action: String,
    id: String,
}

impl Engine {
    /// Starts `command` (an argument array, no shell) in the container.
    ///
    /// # Errors
    /// The container does not run, or has no such program.
    pub async fn attach(
        &self,
        container: &str,
        command: &[&str],
        options: &AttachOptions,
    ) -> Result<Attached<'_>, EngineError> {
        let program = command.first().copied().unwrap_or_default();
        let action = format!("run `{program}` in container `{container}`");
        let body = Create {
            cmd: command,
            env: options
                .environment
                .iter()
                .map(|(name, value)| format!("{name}={}", value.expose()))
                .collect(),
            user: None,
            working_dir: None,
            attach_stdin: true,
            attach_stdout: true,
            attach_stderr: true,
            privileged: false,
            tty: options.terminal,
        };
        let create = Call::post(&format!("/containers/{container}/exec"), action.as_str());
        let created: Created = self.wire.fetch(create.json(&body)?).await?;
        let start = StartExecOptions {
            tty: options.terminal,
            ..StartExecOptions::default()
        };
        let started = self.docker.start_exec(&created.id, Some(start)).await;
        let started = started.map_err(|error| self.bollard_error(&action, error))?;
        let (frames, input): (Frames, Pin<Box<dyn AsyncWrite + Send>>) = match started {
            StartExecResults::Attached { output, input } => (output, input),
            StartExecResults::Detached => (
                Box::pin(futures_util::stream::empty()),
                Box::pin(tokio::io::sink()),
            ),
        };
        Ok(Attached {
            output: Output {
                engine: self,
                action: action.clone(),
                frames,
            },
            input,
            handle: Handle {
                engine: self,
                action,
                id: created.id,
            },
        })
    }
}

impl Output<'_> {
    /// The next piece, or `None` when the program has ended.
    ///
    /// # Errors
    /// The connection to the engine is lost.
    pub async fn next(&mut self) -> Result<Option<Written>, EngineError> {
        let Some(frame) = self.frames.next().await else {
            return Ok(None);
        };
        let frame = frame.map_err(|error| self.engine.bollard_error(&self.action, error))?;
        Ok(Some(match frame {
            LogOutput::StdErr { message } => Written::Error(message),
            LogOutput::StdIn { message }
            | LogOutput::StdOut { message }
            | LogOutput::Console { message } => Written::Output(message),
        }))
    }
}

impl Handle<'_> {
    /// Tells the program the size of the terminal it is seen on; whether it could be told. One that
    /// has not begun yet, or has just ended, cannot.
    pub async fn resize(&self, size: TerminalSize) -> bool {
        let path = format!("/exec/{}/resize", self.id);
        let call = Call::post(&path, self.action.as_str())
            .query("h", &size.rows.to_string())
            .query("w", &size.columns.to_string());
        let told = self.engine.wire.run(call).await;
        if let Err(error) = &told {
            tracing::debug!("the terminal kept its size: {error}");
        }
        told.is_ok()
    }

    /// The exit code; 126 or 127 when there is no such program.
    ///
    /// # Errors
    /// The engine does not answer.
    pub async fn exit_code(&self) -> Result<i64, EngineError> {
        let path = format!("/exec/{}/json", self.id);
        let inspect = Call::get(&path, self.action.as_str());
        let ended: Ended = self.engine.wire.fetch(inspect).await?;
        Ok(ended.exit_code.unwrap_or_default())
    }
}
