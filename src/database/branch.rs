//! `db branch`: copies of a database beside it, each a database `<database>_<branch>`. The comment
//! of one says what it is; a database without it is never taken for a branch.

use std::time::Instant;

use jiff::Timestamp;
use serde::Serialize;

use super::Target;
use super::fresh::{Recipe, discard, fresh};
use super::server::{self, Filled, alone, failure};
use crate::environment::{Failure, Kind};
use crate::event::Seconds;
use crate::names::{BranchName, NameError};
use crate::postgres::Connection;
use crate::postgres::databases::{
    self, DatabaseError, DatabaseInfo, Strategy, clone_as, copy_privileges, drop_database,
    rename_with_comment,
};

/// What a branch starts with.
#[derive(Clone, Copy)]
pub enum Start<'a> {
    /// Everything in the database that is used now. `force` ends the sessions of others in it.
    Current { force: bool },
    /// What the migrations make.
    Fresh(&'a Recipe<'a>),
}

/// A new branch.
#[derive(Debug, Clone, Serialize)]
pub struct Made {
    pub branch: String,
    pub database: String,
    /// The database it was copied from; `None`: from the migrations.
    pub from: Option<String>,
    pub seconds: Seconds,
}

/// One branch, or the environment's own database.
#[derive(Debug, Clone, Serialize)]
pub struct Branch {
    /// `None`: the environment's own database.
    pub branch: Option<String>,
    pub database: String,
    /// On the server's disk; `None` when our user may not see it.
    pub bytes: Option<u64>,
    /// UTC.
    pub created: Option<String>,
    /// The database it was copied from, or `migrations`.
    pub from: Option<String>,
    /// Whether commands and the next start use it.
    pub current: bool,
}

/// The database that the branches are of: the environment's own one. With a URL it is that of the
/// URL, unless its comment says that it is a branch itself.
///
/// # Errors
/// The server cannot be asked.
pub async fn main_database(target: &Target, admin: &Connection) -> Result<String, Failure> {
    if let Some(named) = &target.environment {
        return Ok(named.environment.postgres.database.clone());
    }
    let database = &target.address.database;
    let comment = databases::comment(admin, database).await;
    let comment = comment.map_err(|error| failure(&error))?;
    let description = comment.as_deref().and_then(Description::read);
    Ok(description.map_or_else(|| database.clone(), |description| description.of))
}

/// Makes the branch `name`.
///
/// # Errors
/// There is a database of this name, others are connected to the one that is copied, a migration
/// fails, or the server refuses.
pub async fn create(
    target: &Target,
    admin: &Connection,
    (name, start): (&BranchName, Start<'_>),
) -> Result<Made, Failure> {
    let began = Instant::now();
    let main = main_database(target, admin).await?;
    if name.as_str() == MAIN {
        let message = format!("`{MAIN}` stands for database `{main}` itself");
        return Err(Failure::new(Kind::Usage, message).hint("choose another name"));
    }
    let database = database_of(name, &main)?;
    refuse_other_environment(target, &database)?;
    refuse_existing(admin, &main, name, &database).await?;
    let from = match start {
        Start::Current { .. } => Some(target.address.database.clone()),
        Start::Fresh(_) => None,
    };
    let description = Description {
        name: name.to_string(),
        of: main.clone(),
        created: Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        from: from.clone().unwrap_or_else(|| MIGRATIONS.to_owned()),
    };
    let comment = description.write();
    let named = (database.as_str(), Some(comment.as_str()));
    match start {
        Start::Current { force } => {
            let source = &target.address.database;
            let copy = async || clone_as(admin, source, named, Strategy::Fitting).await;
            alone(admin, source, force, copy).await?;
        }
        Start::Fresh(recipe) => {
            let fresh = fresh(admin, recipe).await?;
            let placed = place(admin, &fresh.database, &main, named).await;
            if let Err(error) = placed {
                discard(admin, &fresh.database).await;
                return Err(failure(&error));
            }
        }
    }
    Ok(Made {
        branch: name.to_string(),
        database,
        from,
        seconds: Seconds(began.elapsed()),
    })
}

/// As `db switch` and lists call the environment's own database.
const MAIN: &str = "main";
/// As messages and comments call the migrations where a database could stand.
const MIGRATIONS: &str = "migrations";

async fn place(
    admin: &Connection,
    scratch: &str,
    main: &str,
    named: (&str, Option<&str>),
) -> Result<(), DatabaseError> {
    copy_privileges(admin, main, scratch).await?;
    rename_with_comment(admin, scratch, named).await
}

/// A branch that is the database of another environment would be migrated, reset and deleted by two.
///
/// # Errors
/// Which environment it is.
pub fn refuse_other_environment(target: &Target, database: &str) -> Result<(), Failure> {
    let Some(owner) = target.owner_of(database) else {
        return Ok(());
    };
    let name = &owner.name;
    let message = format!("Database `{database}` is that of environment `{name}`, and no branch");
    Err(Failure::new(Kind::Usage, message)
        .hint(format!("name the environment: --env {name}"))
        .hint("or choose another name for a branch"))
}

async fn refuse_existing(
    admin: &Connection,
    main: &str,
    name: &BranchName,
    database: &str,
) -> Result<(), Failure> {
    let there = databases::exists(admin, database).await;
    if !there.map_err(|error| failure(&error))? {
        return Ok(());
    }
    let comment = databases::comment(admin, database).await;
    let comment = comment.map_err(|error| failure(&error))?;
    let is_branch = comment
        .as_deref()
        .and_then(Description::read)
        .is_some_and(|it| it.of == main);
    Err(if is_branch {
        Failure::new(Kind::Failed, format!("There is a branch `{name}` already"))
            .hint(format!("use it: poststack db switch {name}"))
            .hint(format!(
                "or delete it first: poststack db branch --delete {name}"
            ))
    } else {
        let message = format!("Database `{database}` is there already, and no branch");
        Failure::new(Kind::Failed, message).hint("choose another name")
    })
}

/// The environment's own database first, then its branches by name.
///
/// # Errors
/// The server cannot be asked.
pub async fn list(target: &Target, admin: &Connection) -> Result<Vec<Branch>, Failure> {
    let main = main_database(target, admin).await?;
    let all = databases::list(admin).await;
    let all = all.map_err(|error| failure(&error))?;
    let mut branches: Vec<Branch> = all
        .iter()
        .filter_map(|info| branch(info, &main, &target.address.database))
        .collect();
    branches.sort_by(|a, b| a.branch.cmp(&b.branch));
    Ok(branches)
}

fn branch(info: &DatabaseInfo, main: &str, current: &str) -> Option<Branch> {
    let description = info.comment.as_deref().and_then(Description::read);
    let description = description.filter(|description| description.of == main);
    if description.is_none() && info.name != main {
        return None;
    }
    let (branch, created, from) = match description {
        Some(it) if info.name != main => (Some(it.name), Some(it.created), Some(it.from)),
        _ => (None, None, None),
    };
    Some(Branch {
        branch,
        database: info.name.clone(),
        bytes: info.size_bytes,
        created,
        from,
        current: info.name == current,
    })
}

/// The branch `name`.
///
/// # Errors
/// There is none, with those that there are.
pub async fn find(
    target: &Target,
    admin: &Connection,
    name: &BranchName,
) -> Result<Branch, Failure> {
    let branches = list(target, admin).await?;
    let is_it = |one: &&Branch| one.branch.as_deref() == Some(name.as_str());
    if let Some(found) = branches.iter().find(is_it) {
        return Ok(found.clone());
    }
    let names: Vec<String> = branches.into_iter().filter_map(|one| one.branch).collect();
    let message = format!("There is no branch `{name}` of {}", target.name());
    let failure = Failure::new(Kind::Failed, message);
    let failure = match names.is_empty() {
        true => failure,
        false => failure.hint(format!("the branches are: {}", names.join(", "))),
    };
    Err(failure.hint(format!("make it: poststack db branch {name}")))
}

/// What is lost with a branch.
///
/// # Errors
/// The database cannot be asked.
pub async fn loss(
    target: &Target,
    admin: &Connection,
    branch: &Branch,
) -> Result<Vec<Filled>, Failure> {
    server::filled(target, admin, &branch.database).await
}

/// Drops the database of a branch.
///
/// # Errors
/// It is the one that is used now, others are connected to it, or the server refuses.
pub async fn delete(admin: &Connection, branch: &Branch, force: bool) -> Result<(), Failure> {
    refuse_current(branch)?;
    let name = &branch.database;
    alone(admin, name, force, async || {
        drop_database(admin, name, force).await
    })
    .await
}

/// # Errors
/// The branch is the one that is used now.
pub fn refuse_current(branch: &Branch) -> Result<(), Failure> {
    if !branch.current {
        return Ok(());
    }
    let message = format!("Database `{}` is the one that is used now", branch.database);
    Err(Failure::new(Kind::Failed, message).hint("leave it first: poststack db switch --main"))
}

/// The database of a branch.
///
/// # Errors
/// Its name would be too long.
pub fn database_of(name: &BranchName, main: &str) -> Result<String, Failure> {
    name.database(main).map_err(|error| {
        let message = match error {
            NameError::TooLong { max: 0 } => format!(
                "The name of database `{main}` is too long to have branches: theirs would not fit \
                 into the 63 characters that PostgreSQL keeps"
            ),
            error => format!("The branch name `{name}` {error}"),
        };
        Failure::new(Kind::Usage, message)
    })
}

/// What the comment of a branch's database says.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Description {
    name: String,
    created: String,
    from: String,
    of: String,
}

impl Description {
    fn write(&self) -> String {
        let Self {
            name,
            created,
            from,
            of,
        } = self;
        format!(
            "poststack branch {name}; created {created}; {} {from}; of {of}",
            from.len()
        )
    }

    /// Names of databases may hold anything, so the length of the first goes before it.
    fn read(comment: &str) -> Option<Self> {
        let said = comment.strip_prefix("poststack branch ")?;
        let (name, said) = said.split_once("; created ")?;
        let (created, said) = said.split_once("; ")?;
        let (length, said) = said.split_once(' ')?;
        let (from, of) = said.split_at_checked(length.parse().ok()?)?;
        Some(Self {
            name: name.to_owned(),
            created: created.to_owned(),
            from: from.to_owned(),
            of: of.strip_prefix("; of ")?.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_is_read_as_it_was_written() {
        let description = Description {
            name: "feature/x".to_owned(),
            created: "2026-01-02T03:04:05Z".to_owned(),
            from: "a; of b ü".to_owned(),
            of: "c; of d".to_owned(),
        };
        assert_eq!(Description::read(&description.write()), Some(description));
        assert_eq!(Description::read("a comment of somebody"), None);
    }
}
