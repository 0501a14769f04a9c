//! Running a program inside a container that runs.

use std::time::Duration;

use bollard::container::LogOutput;
use bollard::exec::StartExecResults;
use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use tokio::io::AsyncWriteExt;

use super::wire::Call;
use super::{Engine, EngineError};
use crate::secret::Secret;

/// How a program is run. The default: as the container's user, no input, 60 s.
#[derive(Debug, Clone)]
pub struct ExecOptions {
    /// Added to the container's environment.
    pub environment: Vec<(String, Secret)>,
    /// Variables of the container that the program shall not see; Podman passes them all the same.
    pub removed: Vec<String>,
    pub privileged: bool,
    pub user: Option<String>,
    pub working_dir: Option<String>,
    /// Written to its standard input, which is then closed.
    pub stdin: Option<Vec<u8>>,
    /// When the call gives up. The program itself may go on: engines cannot end an exec.
    pub timeout: Duration,
}

impl Default for ExecOptions {
    fn default() -> Self {
        Self {
            environment: Vec::new(),
            removed: Vec::new(),
            privileged: false,
            user: None,
            working_dir: None,
            stdin: None,
            timeout: Duration::from_secs(60),
        }
    }
}

/// What a program printed and how it ended.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ExecOutput {
    /// 126 or 127 when there is no such program.
    pub exit_code: i64,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
}

impl ExecOutput {
    /// Both streams as text, standard output first, for a message.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::from_utf8_lossy(&self.stdout).into_owned();
        text.push_str(&String::from_utf8_lossy(&self.stderr));
        text.trim_end().to_owned()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Create<'a> {
    pub cmd: &'a [&'a str],
    pub env: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub working_dir: Option<&'a str>,
    pub attach_stdin: bool,
    pub attach_stdout: bool,
    pub attach_stderr: bool,
    pub privileged: bool,
    pub tty: bool,
}

#[derive(Deserialize)]
pub(super) struct Created {
    #[serde(rename = "Id")]
    pub id: String,
}

#[derive(Deserialize)]
pub(super) struct Ended {
    #[serde(rename = "ExitCode", default)]
    pub exit_code: Option<i64>,
}

impl Engine {
    /// Runs `command` (an argument array, no shell) in the container and awaits its end.
    ///
    /// # Errors
    /// [`EngineError::TimedOut`]; or when the container does not run. A program that ends with
    /// another code than 0 is no error.
    pub async fn exec(
        &self,
        container: &str,
        command: &[&str],
        options: &ExecOptions,
    ) -> Result<ExecOutput, EngineError> {
        let program = command.first().copied().unwrap_or_default();
        let action = format!("run `{program}` in container `{container}`");
        let work = self.exec_to_end(container, command, options, &action);
        match tokio::time::timeout(options.timeout, work).await {
            Ok(result) => result,
            Err(_elapsed) => Err(EngineError::TimedOut {
                action,
                limit: options.timeout,
            }),
        }
    }

    async fn exec_to_end(
        &self,
        container: &str,
        command: &[&str],
        options: &ExecOptions,
        action: &str,
    ) -> Result<ExecOutput, EngineError> {
        let body = Create {
            cmd: command,
            env: options
                .environment
                .iter()
                .map(|(name, value)| format!("{name}={}", value.expose()))
                .chain(options.removed.iter().cloned())
                .collect(),
            user: options.user.as_deref(),
            working_dir: options.working_dir.as_deref(),
            attach_stdin: options.stdin.is_some(),
            attach_stdout: true,
            attach_stderr: true,
            privileged: options.privileged,
            tty: false,
        };
        let create = Call::post(&format!("/containers/{container}/exec"), action);
        let created: Created = self.wire.fetch(create.json(&body)?).await?;
        let mut output = self.feed_and_collect(&created.id, options, action).await?;
        let inspect = Call::get(&format!("/exec/{}/json", created.id), action);
        let ended: Ended = self.wire.fetch(inspect).await?;
        output.exit_code = ended.exit_code.unwrap_or_default();
        Ok(output)
    }

    /// Feeds the input and collects the output until the program ends.
    async fn feed_and_collect(
        &self,
        id: &str,
        options: &ExecOptions,
        action: &str,
    ) -> Result<ExecOutput, EngineError> {
        let mut output = ExecOutput::default();
        let failed = |error| self.bollard_error(action, error);
        let started = self.docker.start_exec(id, None).await.map_err(failed)?;
        let StartExecResults::Attached {
            output: mut frames,
            mut input,
        } = started
        else {
            return Ok(output);
        };
        let feed = async {
            // A program may end without reading its input; its exit code tells the rest.
            if let Some(stdin) = &options.stdin {
                input.write_all(stdin).await.ok();
                input.shutdown().await.ok();
            }
        };
        let collect = async {
            while let Some(frame) = frames.next().await {
                match frame.map_err(failed)? {
                    LogOutput::StdErr { message } => output.stderr.extend_from_slice(&message),
                    LogOutput::StdIn { .. } => {}
                    LogOutput::StdOut { message } | LogOutput::Console { message } => {
                        output.stdout.extend_from_slice(&message);
                    }
                }
            }
            Ok(())
        };
        let ((), collected) = futures_util::join!(feed, collect);
        collected.map(|()| output)
    }
}
