//! `container clean`

use clap::Args;

use crate::cli::run::Run;
use crate::container::clean::{clean, unused};
use crate::environment::{Failure, Kind};
use crate::ui::containers::unused as lines;

#[derive(Debug, Args)]
#[command(after_help = "Example: poststack container clean --yes")]
pub struct CleanArgs {
    /// Do it without asking
    #[arg(short, long, visible_alias = "force")]
    yes: bool,
}

pub async fn run(run: &Run, args: &CleanArgs) -> Result<(), Failure> {
    let containers = super::containers(run)?;
    let engine = run.engine().await?;
    let found = unused(&containers, &engine).await?;
    if found.is_empty() {
        run.ui
            .end(&found, || "There is nothing to clean".to_owned());
        return Ok(());
    }
    if !args.yes {
        confirm(run, &lines(&found)).await?;
    }
    let listener = |event| run.ui.event(&event);
    let gone = clean(&containers, &engine, found, run.lock_wait(), &listener).await?;
    run.ui.end(&gone, || match gone.is_empty() {
        true => "Nothing was removed: all of it is used by now".to_owned(),
        false => format!(
            "Removed, volumes are kept:\n  {}",
            lines(&gone).join("\n  ")
        ),
    });
    Ok(())
}

async fn confirm(run: &Run, lines: &[String]) -> Result<(), Failure> {
    let failure = |message: &str| {
        let failure = Failure::new(Kind::Confirmation, message);
        failure.hint("type `yes` when asked, or: poststack container clean --yes")
    };
    let question = "To remove them, type yes: ";
    match run.ui.ask(lines, question).await {
        Some(answer) if answer.trim() == "yes" => Ok(()),
        Some(_) => Err(failure("Not confirmed; nothing was done")),
        None => {
            let failure = failure("To clean, a confirmation is needed");
            Err(failure.excerpt("It would remove:", lines.to_vec()))
        }
    }
}
