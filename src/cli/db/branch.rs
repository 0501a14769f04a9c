//! `db branch`

use clap::Args;
use serde_json::json;

use super::confirm::{YesArg, confirm};
use super::{Db, OnEnvironment};
use crate::database::Target;
use crate::database::branch::{
    Made, Start, create, delete, find, list, loss, refuse_current, refuse_other_environment,
};
use crate::database::files::load;
use crate::database::fresh::Recipe;
use crate::database::server::{clients, maintenance};
use crate::environment::Failure;
use crate::names::BranchName;
use crate::postgres::Connection;
use crate::ui::db as view;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  poststack db branch --env staging\n  poststack db branch feature/login\n  \
                  poststack db branch clean --fresh\n  poststack db branch --delete clean\n\n\
                  A branch is a database beside that of the environment, on the same server. \
                  `poststack db switch` makes the environment use it."
)]
pub(super) struct BranchArgs {
    /// The branch to make; without a name the branches are listed
    #[arg(value_name = "NAME", value_parser = name)]
    name: Option<BranchName>,
    #[command(flatten)]
    environment: OnEnvironment,
    /// Copy the database that is used now, with its data; the default
    #[arg(long, requires = "name", conflicts_with = "fresh")]
    from_current: bool,
    /// Start with what the migrations make, without data
    #[arg(long, visible_alias = "empty", requires = "name")]
    fresh: bool,
    /// Delete the branch with everything in it
    #[arg(long, value_name = "NAME", value_parser = name, conflicts_with_all = ["name", "fresh", "from_current"])]
    delete: Option<BranchName>,
    /// End the sessions of others that are in the way
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    yes: YesArg,
}

/// The name of a branch on the command line.
pub(super) fn name(text: &str) -> Result<BranchName, String> {
    BranchName::new(text).map_err(|error| format!("the name {error}"))
}

pub(super) async fn run(db: &Db<'_>, args: &BranchArgs) -> Result<(), Failure> {
    let target = db.target(args.environment.name())?;
    let admin = maintenance(&target).await?;
    if let Some(name) = &args.delete {
        return run_delete(db, (&target, &admin), name, args).await;
    }
    let Some(name) = &args.name else {
        let branches = list(&target, &admin).await?;
        let data = json!({"name": target.name(), "branches": branches});
        db.run.ui.result(&data, || view::branches(&branches));
        return Ok(());
    };
    let made = make(db, (&target, &admin), name, args).await?;
    db.run.ui.end(&made, || view::branch_made(&target, &made));
    Ok(())
}

async fn make(
    db: &Db<'_>,
    (target, admin): (&Target, &Connection),
    name: &BranchName,
    args: &BranchArgs,
) -> Result<Made, Failure> {
    if !args.fresh {
        if args.force {
            end_agreed(db, (target, admin), args.yes).await?;
        }
        let start = Start::Current { force: args.force };
        return create(target, admin, (name, start)).await;
    }
    let (folder, warnings) = load(target)?;
    db.run.ui.warnings(&warnings);
    let recipe = Recipe {
        target,
        folder: &folder,
        rules: &target.rules(db.run.global.lock_wait),
    };
    create(target, admin, (name, Start::Fresh(&recipe))).await
}

/// On a protected database sessions are not ended without a question.
async fn end_agreed(
    db: &Db<'_>,
    (target, admin): (&Target, &Connection),
    yes: YesArg,
) -> Result<(), Failure> {
    let clients = clients(admin, &target.address.database).await?;
    if target.protected.is_none() || clients.is_empty() {
        return Ok(());
    }
    let action = format!("end {}", view::count(clients.len(), "session"));
    confirm(db, target, (&action, &clients), yes).await
}

async fn run_delete(
    db: &Db<'_>,
    (target, admin): (&Target, &Connection),
    name: &BranchName,
    args: &BranchArgs,
) -> Result<(), Failure> {
    let branch = find(target, admin, name).await?;
    refuse_current(&branch)?;
    refuse_other_environment(target, &branch.database)?;
    if !args.yes.answers(target) {
        let lost = loss(target, admin, &branch).await?;
        let lost: Vec<String> = lost.iter().map(|one| format!("lose {one}")).collect();
        let action = format!("delete branch `{name}`");
        confirm(db, target, (&action, &lost), args.yes).await?;
    }
    delete(admin, &branch, args.force).await?;
    db.run.ui.end(&json!({"deleted": branch}), || {
        format!(
            "Branch `{name}` is deleted (database `{}`)",
            branch.database
        )
    });
    Ok(())
}
