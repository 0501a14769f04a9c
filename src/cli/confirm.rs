//! The question before what cannot be taken back, for every command that asks one.

use super::run::Run;
use crate::environment::{Failure, Kind};

/// Returns when the user agrees to `action`, such as ``drop schema `shop` in dev``, by typing
/// `word`; `lines` tell what will happen, and `in_advance` how to agree before.
///
/// # Errors
/// [`Kind::Confirmation`]: there is nobody to ask, or the answer was another one.
pub async fn confirm(
    run: &Run,
    (action, lines): (&str, &[String]),
    word: &str,
    in_advance: &str,
) -> Result<(), Failure> {
    let question = format!("To {action}, type {word}: ");
    let Some(answer) = run.ui.ask(lines, &question).await else {
        let message = format!("To {action}, a confirmation is needed");
        let failure = Failure::new(Kind::Confirmation, message);
        let failure = failure.excerpt("It would:", lines.to_vec());
        return Err(failure.hint(in_advance));
    };
    if answer.trim() == word {
        return Ok(());
    }
    let failure = Failure::new(Kind::Confirmation, "Not confirmed; nothing was done");
    Err(failure.hint(format!("type `{word}` when asked, or {in_advance}")))
}
