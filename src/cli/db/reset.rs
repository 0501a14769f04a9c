//! `db reset`

use clap::Args;
use serde_json::json;

use super::confirm::{YesArg, confirm};
use super::{Db, OnEnvironment};
use crate::database::Target;
use crate::database::files::load;
use crate::database::fresh::Recipe;
use crate::database::reset::{loss, reset};
use crate::database::seed::{read, usual_files};
use crate::database::server::{clients, maintenance, refuse_clients};
use crate::environment::{Failure, Kind};
use crate::postgres::Connection;
use crate::ui::db as view;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  poststack db reset dev\n  poststack db reset dev --seed --yes\n\n\
                  The new database is complete before the old one is touched: whatever fails \
                  leaves the old one as it was.\n\n\
                  Exit codes: 8 needs a confirmation, 9 a migration failed."
)]
pub(super) struct ResetArgs {
    #[command(flatten)]
    environment: OnEnvironment,
    /// Run the file of seeds in the new database; when it fails, the old one stays
    #[arg(long)]
    seed: bool,
    /// End the sessions of others that are in the way
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    yes: YesArg,
}

pub(super) async fn run(db: &Db<'_>, args: &ResetArgs) -> Result<(), Failure> {
    let target = db.target(args.environment.name())?;
    let (folder, warnings) = load(&target)?;
    db.run.ui.warnings(&warnings);
    let seeds = match args.seed {
        true => {
            has_seeds(&target)?;
            Some(read(&target, None)?)
        }
        false => None,
    };
    let admin = maintenance(&target).await?;
    if !args.force {
        refuse_clients(&admin, &target.address.database).await?;
    }
    if !args.yes.answers(&target) {
        let lost = lost(&target, &admin).await?;
        let action = format!("replace database `{}`", target.address.database);
        confirm(db, &target, (&action, &lost), args.yes).await?;
    }
    let recipe = Recipe {
        target: &target,
        folder: &folder,
        rules: &target.rules(db.run.global.lock_wait),
    };
    db.log(&format!("reset of database {}", target.address.database));
    let (done, seeded) = reset(&admin, (&recipe, seeds.as_ref()), args.force).await?;
    let data = json!({"reset": done, "seeded": seeded});
    db.run.ui.end(&data, || view::reset(&done, seeded.as_ref()));
    Ok(())
}

/// Rows that go, and sessions that end.
async fn lost(target: &Target, admin: &Connection) -> Result<Vec<String>, Failure> {
    let lost = loss(target, admin).await?;
    let ended = clients(admin, &target.address.database).await?;
    let lost = lost.iter().map(|one| format!("lose {one}"));
    let ended = ended.iter().map(|one| format!("end the session {one}"));
    Ok(lost.chain(ended).collect())
}

/// Before anything is replaced.
fn has_seeds(target: &Target) -> Result<(), Failure> {
    let usual = usual_files(target);
    if usual.iter().any(|file| target.root.join(file).is_file()) {
        return Ok(());
    }
    let names: Vec<String> = usual
        .iter()
        .map(|file| format!("`{}`", file.display()))
        .collect();
    let message = format!("There is no file of seeds; looked for {}", names.join(", "));
    Err(Failure::new(Kind::Usage, message))
}
