//! The proof: files applied in one scratch database, their squashed file in another, and no
//! difference between the two.

use std::path::Path;

use super::migration;
use crate::database::Target;
use crate::database::fresh::outside;
use crate::database::login::{TIMEOUT, sentence};
use crate::environment::{Failure, Kind, migrations};
use crate::migration::squash::{Contents, contents, state, unstable};
use crate::migration::{Folder, Migration, Settings, Step, no_variables, run_one};
use crate::postgres::databases::{
    DatabaseError, ScratchOf, create_scratch, drop_database, maintenance, remove_stale_scratch,
};
use crate::postgres::{Connection, connect};
use crate::schema::{compare, read};
use crate::text::SourceFile;

/// The squashed file of `files`, which will be `path`.
pub(super) async fn prove(
    target: &Target,
    files: &[Migration],
    path: &Path,
) -> Result<Contents, Failure> {
    let admin = maintenance(&target.address, TIMEOUT).await;
    let admin = admin.map_err(|error| of_scratch(&error))?;
    if let Err(error) = remove_stale_scratch(&admin).await {
        tracing::debug!("scratch databases of others stay: {error}");
    }
    let mut made = Vec::new();
    let folder = Folder {
        migrations: files.to_vec(),
        ..Folder::default()
    };
    let proven = outside::watch(&admin, &folder, async || {
        in_scratch(target, &admin, (files, path), &mut made).await
    });
    let proven = proven.await;
    for name in made {
        if let Err(error) = drop_database(&admin, &name, true).await {
            tracing::debug!("a scratch database stays: {error}");
        }
    }
    proven
}

/// `made` are the databases to drop in the end, whatever becomes of the proof.
async fn in_scratch(
    target: &Target,
    admin: &Connection,
    (files, path): (&[Migration], &Path),
    made: &mut Vec<String>,
) -> Result<Contents, Failure> {
    let full = scratch(target, admin, made).await?;
    for file in files {
        run(&full, file).await?;
    }
    let second = scratch(target, admin, made).await?;
    let contents = contents((&full, &second), files).await;
    let contents = contents.map_err(|error| refused(sentence(&error.to_string())))?;
    if contents.rows > 0 {
        refuse_unstable(target, admin, (&full, files), made).await?;
    }
    let source = SourceFile::new(path, contents.text.as_str());
    let last = files.last().map(|file| &file.version);
    if let Some(version) = last {
        run(&second, &migration(version, &source)).await?;
    }
    let differences = differences(&full, &second).await?;
    if differences.is_empty() {
        return Ok(contents);
    }
    let message = "The squashed file does not make what the files make; nothing was changed";
    Err(refused(message).excerpt("What differs:", differences))
}

/// Applies the files once more: what they write has to be the same each time.
async fn refuse_unstable(
    target: &Target,
    admin: &Connection,
    (full, files): (&Connection, &[Migration]),
    made: &mut Vec<String>,
) -> Result<(), Failure> {
    let again = scratch(target, admin, made).await?;
    for file in files {
        run(&again, file).await?;
    }
    let unstable = unstable(full, &again).await;
    let unstable = unstable.map_err(|error| refused(sentence(&error.to_string())))?;
    if unstable.is_empty() {
        return Ok(());
    }
    let message = "The files write other rows each time they are applied; nothing was changed";
    Err(refused(message)
        .excerpt("What differs:", unstable)
        .hint("squash up to the file before, so that each database keeps values of its own"))
}

async fn scratch(
    target: &Target,
    admin: &Connection,
    made: &mut Vec<String>,
) -> Result<Connection, Failure> {
    let like = ScratchOf::EmptyLike(&target.address.database);
    let name = create_scratch(admin, like).await;
    let name = name.map_err(|error| of_scratch(&error))?;
    made.push(name.clone());
    let connection = connect(&target.address.with_database(&name), TIMEOUT).await;
    connection.map_err(|error| refused(sentence(&error.to_string())))
}

async fn run(connection: &Connection, file: &Migration) -> Result<(), Failure> {
    let step = Step::up(file, &no_variables).map_err(migrations::conflict)?;
    let ran = run_one(connection, &step, Settings::default()).await;
    ran.map(drop).map_err(|error| {
        let failure = migrations::failure(&error);
        let message = format!(
            "{} in a scratch database; nothing was changed",
            failure.message
        );
        failure.saying(message)
    })
}

async fn differences(full: &Connection, squashed: &Connection) -> Result<Vec<String>, Failure> {
    let failed = |error: &dyn std::error::Error| refused(sentence(&error.to_string()));
    let before = read(full).await.map_err(|error| failed(&error))?;
    let after = read(squashed).await.map_err(|error| failed(&error))?;
    let differences = compare(&before, &after);
    let mut told: Vec<String> = differences.iter().map(ToString::to_string).collect();
    let before = state(full).await.map_err(|error| failed(&error))?;
    let after = state(squashed).await.map_err(|error| failed(&error))?;
    for (name, said) in &before.0 {
        let now = after.0.get(name).map_or("nothing", String::as_str);
        if now != said {
            told.push(format!("`{name}` holds {now}, and {said} with the files"));
        }
    }
    Ok(told)
}

fn refused(message: impl Into<String>) -> Failure {
    Failure::new(Kind::Migration, message)
}

fn of_scratch(error: &DatabaseError) -> Failure {
    let failure = refused(sentence(&error.to_string()));
    match error.hint() {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}
