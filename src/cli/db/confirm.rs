//! The one place where a destructive command asks.
//!
//! On a terminal it shows what will be lost and asks; elsewhere it needs `--yes`. A protected
//! environment wants its own name typed, so that a habit does not answer; and `--yes` answers for
//! it only beside its name or URL on the command line, so that a wrong default never reaches it.

use clap::Args;

use super::Db;
use crate::cli::confirm::confirm as ask;
use crate::database::target::URL_VARIABLE;
use crate::database::{Target, settle};
use crate::environment::Failure;
use crate::postgres::Connection;

/// The answer given in advance.
#[derive(Debug, Clone, Copy, Args)]
pub struct YesArg {
    /// Do it without asking; a protected environment has to be named as well
    #[arg(short, long)]
    pub yes: bool,
}

impl YesArg {
    /// Whether nothing has to be asked about `target`.
    #[must_use]
    pub fn answers(self, target: &Target) -> bool {
        self.yes && (target.protected.is_none() || target.named)
    }
}

/// Returns when the user agrees to `action`, such as `drop schema "shop"`; `loss` are lines that
/// tell what will be gone.
///
/// # Errors
/// [`Kind::Confirmation`](crate::environment::Kind::Confirmation): there is nobody to ask, or the answer was another one.
pub async fn confirm(
    db: &Db<'_>,
    target: &Target,
    (action, loss): (&str, &[String]),
    yes: YesArg,
) -> Result<(), Failure> {
    if yes.answers(target) {
        return Ok(());
    }
    let name = target.name();
    let word = target.protected.as_deref().unwrap_or("yes");
    let action = format!("{action} in {name}");
    ask(db.run, (&action, loss), word, &in_advance(target)).await
}

/// Asks as [`confirm`] does, then changes the ledger while nobody else migrates the database.
///
/// # Errors
/// Those of [`confirm`], of the lock, and of `work`.
pub async fn change_ledger<T>(
    db: &Db<'_>,
    (target, connection): (&Target, &Connection),
    asked: (&str, &[String]),
    yes: YesArg,
    work: impl AsyncFnOnce() -> Result<T, Failure>,
) -> Result<T, Failure> {
    confirm(db, target, asked, yes).await?;
    let wait = db.run.global.lock_wait;
    let on_wait = |note: &str| db.run.ui.note(note);
    settle::locked((target, connection), wait, on_wait, work).await
}

/// How to answer in advance.
fn in_advance(target: &Target) -> String {
    match &target.protected {
        Some(name) if !target.named => match target.environment {
            Some(_) => format!(
                "type it again with --yes and the name of the protected environment: --env {name}"
            ),
            None => format!(
                "type it again with --yes and --database-url: {URL_VARIABLE} alone does not name \
                 the protected environment `{name}`"
            ),
        },
        _ => "type it again with --yes".to_owned(),
    }
}
