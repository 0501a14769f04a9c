//! `db lint`

use clap::Args;

use super::{Db, OnEnvironment};
use crate::database::files::load;
use crate::database::lint::{known, lint_all, lint_pending};
use crate::environment::migrations::Wanted;
use crate::environment::{Failure, Kind};
use crate::ui::db as view;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  poststack db lint dev\n  poststack db lint --all\n  poststack db lint --rules\n\n\
                  What is right as it is says so: `-- poststack: allow RULE reason`, at the top of \
                  the file or before the statement. Exit code 1 when there is an error."
)]
pub(super) struct LintArgs {
    #[command(flatten)]
    environment: OnEnvironment,
    /// Look at every file, applied or not; asks no database
    #[arg(long)]
    all: bool,
    /// List what lint knows, with how to do without; looks at no file
    #[arg(long, conflicts_with = "all")]
    rules: bool,
}

pub(super) async fn run(db: &Db<'_>, args: &LintArgs) -> Result<(), Failure> {
    if args.rules {
        let rules = known();
        db.run.ui.result(&rules, || view::lint_rules(&rules));
        return Ok(());
    }
    let target = db.target(args.environment.name())?;
    let (folder, warnings) = load(&target)?;
    let (linted, mut found) = if args.all {
        lint_all(&target, &folder)?
    } else {
        let connection = db.connect(&target).await?;
        let wanted = Wanted {
            allow_out_of_order: true,
            ..Wanted::default()
        };
        lint_pending(&connection, (&folder, &target.rules(None), &wanted)).await?
    };
    found.extend(warnings);
    let show = || view::linted(&linted);
    db.run.ui.checked(&linted, &found, show);
    if linted.errors == 0 {
        db.run.ui.diagnostics(&found);
        return Ok(());
    }
    let message = format!("Lint found {}", view::count(linted.errors, "error"));
    Err(Failure {
        diagnostics: found,
        ..Failure::new(Kind::Failed, message)
    })
}
