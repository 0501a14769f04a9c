//! The one place where a destructive command asks.
//!
//! On a terminal it shows what will be lost and asks; elsewhere it needs `--yes`. A protected
//! environment wants its own name typed, so that a habit does not answer.

use clap::Args;

use super::Db;
use crate::database::Target;
use crate::environment::{Failure, Kind};

/// The answer given in advance.
#[derive(Debug, Clone, Copy, Args)]
pub struct YesArg {
    /// Do it without asking
    #[arg(short, long)]
    pub yes: bool,
}

/// Returns when the user agrees to `action`, such as `drop schema "shop"`; `loss` are lines that
/// tell what will be gone.
///
/// # Errors
/// [`Kind::Confirmation`]: there is nobody to ask, or the answer was another one.
pub async fn confirm(
    db: &Db<'_>,
    target: &Target,
    (action, loss): (&str, &[String]),
    yes: YesArg,
) -> Result<(), Failure> {
    if yes.yes {
        return Ok(());
    }
    let name = target.name();
    let word = target.protected.as_deref().unwrap_or("yes");
    let question = format!("To {action} in {name}, type {word}: ");
    let Some(answer) = db.run.ui.ask(loss, &question).await else {
        let message = format!("To {action} in {name}, a confirmation is needed");
        let failure = Failure::new(Kind::Confirmation, message).excerpt("It would:", loss.to_vec());
        return Err(failure.hint("type it again with --yes"));
    };
    if answer.trim() == word {
        return Ok(());
    }
    let failure = Failure::new(Kind::Confirmation, "Not confirmed; nothing was done");
    Err(failure.hint(format!("type `{word}` when asked, or add --yes")))
}
