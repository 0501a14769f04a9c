//! `db adopt`

use clap::{Args, ValueEnum};

use super::confirm::{YesArg, change_ledger};
use super::{Db, OnEnvironment};
use crate::database::adopt::{From, adopt, plan, rename};
use crate::environment::{Failure, Kind};
use crate::migration::Tool;
use crate::ui::authoring;

/// The tool's ledger is matched with the files of the folder by version and name, and recorded in
/// that of poststack; nothing is run again, and the other ledger stays. What does not fit is
/// listed, and then nothing is recorded.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  poststack db adopt --from flyway --rename --dry-run\n  \
                        poststack db adopt --from flyway --rename\n  \
                        poststack db adopt --from flyway staging"
)]
pub(super) struct AdoptArgs {
    #[command(flatten)]
    environment: OnEnvironment,
    /// The tool that applied the migrations
    #[arg(long, value_name = "TOOL")]
    from: Source,
    /// Its ledger, when it has another name than usual
    #[arg(long, value_name = "SCHEMA.TABLE")]
    table: Option<String>,
    /// Turn files named in its way into ours, and touch no database
    #[arg(long, conflicts_with = "table")]
    rename: bool,
    /// Show what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    yes: YesArg,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Source {
    Dbmate,
    Flyway,
    Sqlx,
    GolangMigrate,
    Sqitch,
    Goose,
    Refinery,
    /// The original poststack
    Original,
}

impl Source {
    fn from(self) -> From {
        From::Tool(match self {
            Self::Dbmate => Tool::Dbmate,
            Self::Flyway => Tool::Flyway,
            Self::Sqlx => Tool::Sqlx,
            Self::GolangMigrate => Tool::GolangMigrate,
            Self::Sqitch => Tool::Sqitch,
            Self::Goose => Tool::Goose,
            Self::Refinery => Tool::Refinery,
            Self::Original => return From::Original,
        })
    }
}

pub(super) async fn run(db: &Db<'_>, args: &AdoptArgs) -> Result<(), Failure> {
    let from = args.from.from();
    if args.rename {
        return run_rename(db, args, from);
    }
    let (target, connection) = db.login(args.environment.name()).await?;
    let source = (from, args.table.as_deref());
    let planned = plan(&target, &connection, source).await?;
    db.run.ui.diagnostics(&planned.warnings);
    if !args.dry_run {
        let action = format!("take over the ledger of {}", planned.from);
        let lines = authoring::adoption_lines(&planned);
        let work = async || adopt(&target, &connection, source, &planned).await;
        let asked = (action.as_str(), lines.as_slice());
        change_ledger(db, (&target, &connection), asked, args.yes, work).await?;
    }
    db.run
        .ui
        .result(&planned, || authoring::adopted(&planned, args.dry_run));
    Ok(())
}

fn run_rename(db: &Db<'_>, args: &AdoptArgs, from: From) -> Result<(), Failure> {
    let From::Tool(tool) = from else {
        let message = "Files of the original poststack are named in our way already";
        return Err(Failure::new(Kind::Usage, message));
    };
    let target = db.target(args.environment.name())?;
    let renamed = rename(&target, tool, args.dry_run)?;
    db.run
        .ui
        .result(&renamed, || authoring::renamed(&renamed, args.dry_run));
    Ok(())
}
