//! `db unlock`

use clap::Args;

use super::confirm::{YesArg, confirm};
use super::{Db, OnEnvironment};
use crate::database::unlock::{Unlocked, holder, unlock};
use crate::environment::Failure;
use crate::ui::db as view;

#[derive(Debug, Args)]
#[command(after_help = "Example: poststack db unlock dev\n\n\
                        The lock is one of a session and goes with it: this ends the session that \
                        holds it. What it was running is taken back.")]
pub(super) struct UnlockArgs {
    #[command(flatten)]
    environment: OnEnvironment,
    #[command(flatten)]
    yes: YesArg,
}

pub(super) async fn run(db: &Db<'_>, args: &UnlockArgs) -> Result<(), Failure> {
    let (target, connection) = db.login(args.environment.name()).await?;
    let unlocked = match holder(&connection).await? {
        Some(session) => {
            let lines = [format!("end {session}")];
            let action = "end the run that holds the migration lock";
            confirm(db, &target, (action, &lines), args.yes).await?;
            unlock(&target, &connection, &session).await?
        }
        None => Unlocked {
            database: target.name(),
            ended: None,
            process_id: None,
        },
    };
    db.run.ui.result(&unlocked, || view::unlocked(&unlocked));
    Ok(())
}
