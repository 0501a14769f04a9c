//! `db switch`: which branch of its database an environment uses. Kept in `.poststack/`; commands
//! use it at once, what runs in the environment with its next start.

use serde::Serialize;

use super::branch::{find, refuse_other_environment};
use super::server::maintenance;
use super::{Target, target::Named};
use crate::environment::{Failure, Kind};
use crate::names::BranchName;
use crate::state::{State, StateError};

/// What is used now.
#[derive(Debug, Clone, Serialize)]
pub struct Switched {
    pub environment: String,
    /// `None`: the environment's own database.
    pub branch: Option<String>,
    pub database: String,
    /// Whether another one was used before.
    pub changed: bool,
}

/// Makes `branch` the one that the environment of `target` uses; `None`: its own database.
///
/// # Errors
/// There is no such branch, or `target` is named by a URL.
pub async fn switch(target: &Target, branch: Option<&BranchName>) -> Result<Switched, Failure> {
    let Some(named) = &target.environment else {
        let message = "A URL names its database itself; there is nothing to switch";
        return Err(Failure::new(Kind::Usage, message)
            .hint("put the name of the branch's database into the URL")
            .hint("or name an environment: poststack db switch NAME ENVIRONMENT"));
    };
    let database = match branch {
        // Going back must work without the server.
        None => named.environment.postgres.database.clone(),
        Some(branch) => {
            let admin = maintenance(target).await?;
            let found = find(target, &admin, branch).await?;
            refuse_other_environment(target, &found.database)?;
            found.database
        }
    };
    remember(target, named, branch).map_err(|error| {
        let failure = Failure::new(Kind::Failed, super::login::sentence(&error.to_string()));
        match error.hint() {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    })?;
    Ok(Switched {
        environment: named.environment.name.to_string(),
        branch: branch.map(ToString::to_string),
        changed: database != target.address.database,
        database,
    })
}

fn remember(target: &Target, named: &Named, branch: Option<&BranchName>) -> Result<(), StateError> {
    State::of_project(&target.root).use_branch(&named.environment.name, branch)
}
