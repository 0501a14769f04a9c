//! Databases kept to be copied: everything that one set of migrations makes, found again by the hash
//! of that set. Nobody can log in to one, so that nobody is ever in the way of a copy.

use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::scratch::ask;
use super::{
    DatabaseError, DatabaseInfo, allow_connections, comment, drop_database, list,
    rename_with_comment,
};
use crate::postgres::Connection;

/// Twelve hexadecimal digits of the hash follow.
const PREFIX: &str = "poststack_template_";
const DIGITS: usize = 12;
/// Between two looks at the lock.
const PAUSE: Duration = Duration::from_millis(20);
/// "template" in ASCII. Held while one is made, so that of several runs one does the work.
const KEY: i64 = 0x7465_6d70_6c61_7465;

/// The template with this hash (lower-case hexadecimal), when there is one.
///
/// # Errors
/// A [`DatabaseError`] when the server cannot be asked.
pub async fn find_template(
    admin: &Connection,
    hash: &str,
) -> Result<Option<String>, DatabaseError> {
    let name = name(hash);
    let said = comment(admin, &name).await?;
    let is_it = said.is_some_and(|said| Description::read(&said).is_some_and(|it| it.hash == hash));
    Ok(is_it.then_some(name))
}

/// Makes the scratch database `scratch` the template with this hash. `label` says whose it is; of
/// each label the newest `keep` stay.
///
/// # Errors
/// A [`DatabaseError`].
pub async fn keep_as_template(
    admin: &Connection,
    scratch: &str,
    (hash, label): (&str, &str),
    keep: usize,
) -> Result<String, DatabaseError> {
    let name = name(hash);
    // Whatever is there and does not say that it is this template is somebody else's.
    if comment(admin, &name)
        .await?
        .is_some_and(|said| Description::read(&said).is_some())
    {
        drop_database(admin, &name, true).await?;
    }
    allow_connections(admin, scratch, false).await?;
    let description = Description {
        hash: hash.to_owned(),
        label: label.to_owned(),
        created: Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    };
    rename_with_comment(admin, scratch, (&name, Some(&description.write()))).await?;
    prune(admin, label, keep, &name).await?;
    Ok(name)
}

/// Does `work` while no other run makes a template on this server; `None` when another run did not
/// end in the time of `patience`.
///
/// # Errors
/// Those of `work`, and a [`DatabaseError`] when the lock cannot be asked for.
pub async fn with_template_lock<T, E: From<DatabaseError>>(
    admin: &Connection,
    patience: Duration,
    work: impl AsyncFnOnce() -> Result<T, E>,
) -> Result<Option<T>, E> {
    let sql = format!("SELECT pg_catalog.pg_try_advisory_lock({KEY})");
    let began = Instant::now();
    while !ask(admin, &sql).await? {
        if began.elapsed() >= patience {
            return Ok(None);
        }
        tokio::time::sleep(PAUSE).await;
    }
    let outcome = work().await;
    let sql = format!("SELECT pg_catalog.pg_advisory_unlock({KEY})");
    ask(admin, &sql).await?;
    outcome.map(Some)
}

async fn prune(
    admin: &Connection,
    label: &str,
    keep: usize,
    newest: &str,
) -> Result<(), DatabaseError> {
    let all = list(admin).await?;
    let described = all.iter().filter_map(|info: &DatabaseInfo| {
        let is_other = info.name.starts_with(PREFIX) && info.name != newest;
        let description = Description::read(info.comment.as_deref().filter(|_| is_other)?)?;
        (description.label == label).then_some((description.created, &info.name))
    });
    let mut others: Vec<_> = described.collect();
    others.sort();
    let stale = others.len().saturating_sub(keep.saturating_sub(1));
    for (_, name) in others.into_iter().take(stale) {
        if let Err(error) = drop_database(admin, name, true).await {
            tracing::debug!("a template stays: {error}");
        }
    }
    Ok(())
}

fn name(hash: &str) -> String {
    let digits: String = hash.chars().take(DIGITS).collect();
    format!("{PREFIX}{digits}")
}

/// What the comment of a template says.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Description {
    hash: String,
    label: String,
    /// UTC, so that the text sorts by time.
    created: String,
}

impl Description {
    fn write(&self) -> String {
        let Self {
            hash,
            label,
            created,
        } = self;
        format!("poststack template {hash}; created {created}; for {label}")
    }

    fn read(comment: &str) -> Option<Self> {
        let said = comment.strip_prefix("poststack template ")?;
        let (hash, said) = said.split_once("; created ")?;
        let (created, label) = said.split_once("; for ")?;
        Some(Self {
            hash: hash.to_owned(),
            label: label.to_owned(),
            created: created.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_is_read_as_it_was_written() {
        let description = Description {
            hash: "ab".repeat(32),
            label: "shop/dev; for a; created b".to_owned(),
            created: "2026-01-02T03:04:05Z".to_owned(),
        };
        assert_eq!(Description::read(&description.write()), Some(description));
        assert_eq!(Description::read("poststack scratch database"), None);
    }
}
