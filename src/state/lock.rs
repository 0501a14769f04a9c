//! One kernel lock per environment. It ends with the process that holds it, however that ends, so
//! there is never a stale lock to break.

use std::fmt;
use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::{State, StateError, files};
use crate::names::EnvironmentName;

const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(200);

/// Who holds a lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    pub process_id: u32,
    /// As given to [`Lock::try_acquire`], for instance `env start dev`.
    pub command: String,
    pub since: Timestamp,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            process_id,
            command,
            since,
        } = self;
        write!(f, "`{command}` (process {process_id}, since {since:.0})")
    }
}

/// A [`Holder`] as it stands in the lock file.
#[derive(Serialize, Deserialize)]
struct HolderFile {
    process_id: u32,
    command: String,
    since: String,
}

/// Why a lock was not taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    #[error("environment `{environment}` is in use by {}", describe(.holder.as_ref()))]
    Busy {
        environment: EnvironmentName,
        /// `None` when the holder has not written its name yet.
        holder: Option<Holder>,
    },
    #[error(transparent)]
    State(#[from] StateError),
}

impl LockError {
    /// What to do next, for the `hint:` line.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Busy { .. } => Some("wait for it with `--lock-wait 60s`".to_owned()),
            Self::State(error) => error.hint(),
        }
    }
}

fn describe(holder: Option<&Holder>) -> String {
    holder.map_or_else(|| "another process".to_owned(), Holder::to_string)
}

/// The exclusive right to change an environment, until it is dropped.
#[derive(Debug)]
pub struct Lock {
    file: File,
    /// Whether the holder before did not come to its end: what it asked for may still be under way.
    was_interrupted: bool,
    is_done: bool,
}

impl Lock {
    /// Takes the lock of `environment` or says at once who holds it. `command` is shown to others:
    /// it must hold no secrets.
    ///
    /// # Errors
    /// [`LockError::Busy`], or [`LockError::State`] when the lock file cannot be written.
    pub fn try_acquire(
        state: &State,
        environment: &EnvironmentName,
        command: &str,
    ) -> Result<Self, LockError> {
        let path = state
            .ensure_inside("locks")?
            .join(format!("{environment}.lock"));
        let mut file = files::open_lock_file(&path)?;
        match file.try_lock() {
            Ok(()) => {
                let was_interrupted = file.metadata().is_ok_and(|found| found.len() > 0);
                sign(&mut file, command).map_err(|source| StateError::Write { path, source })?;
                Ok(Self {
                    file,
                    was_interrupted,
                    is_done: false,
                })
            }
            Err(TryLockError::WouldBlock) => Err(LockError::Busy {
                environment: environment.clone(),
                holder: read_holder(&mut file),
            }),
            Err(TryLockError::Error(source)) => Err(StateError::Write { path, source }.into()),
        }
    }

    /// As [`Lock::try_acquire`], asking again until `wait` is over. Dropping the future stops it.
    ///
    /// # Errors
    /// As [`Lock::try_acquire`]; the holder is the one at the end of the wait.
    pub async fn acquire(
        state: &State,
        environment: &EnvironmentName,
        command: &str,
        wait: Duration,
    ) -> Result<Self, LockError> {
        let end = Instant::now() + wait;
        let mut pause = FIRST_PAUSE;
        loop {
            match Self::try_acquire(state, environment, command) {
                Err(LockError::Busy { .. }) if Instant::now() < end => {}
                outcome => return outcome,
            }
            tokio::time::sleep_until(end.min(Instant::now() + pause)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

impl Lock {
    /// Whether the holder before was killed, interrupted or failed.
    #[must_use]
    pub fn was_interrupted(&self) -> bool {
        self.was_interrupted
    }

    /// Gives the lock back after all that was to be done.
    pub fn done(mut self) {
        self.is_done = true;
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // The file itself stays: removing it would let two processes lock two files of one name.
        // The name in it stays, too, after what did not come to its end.
        if self.is_done {
            let _ = self.file.set_len(0);
        }
        let _ = self.file.unlock();
    }
}

fn sign(file: &mut File, command: &str) -> std::io::Result<()> {
    let holder = HolderFile {
        process_id: std::process::id(),
        command: command.to_owned(),
        since: Timestamp::now().to_string(),
    };
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(serde_json::to_string(&holder)?.as_bytes())
}

/// `None` when the holder is just writing, or left before it could.
fn read_holder(file: &mut File) -> Option<Holder> {
    let mut text = String::new();
    file.take(64 * 1024).read_to_string(&mut text).ok()?;
    holder_in(&text)
}

/// The holder that the text of a lock file names.
pub(super) fn holder_in(text: &str) -> Option<Holder> {
    let holder: HolderFile = serde_json::from_str(text).ok()?;
    Some(Holder {
        process_id: holder.process_id,
        command: holder.command,
        since: holder.since.parse().ok()?,
    })
}
