//! `postgres.extensions`: every one is there, or all the missing ones are named at once.

use std::fmt::Write;

use tokio_postgres::error::SqlState;

use super::{Connection, describe, quote};
use crate::diagnostic::nearest;

/// An extension the server's image does not carry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingExtension {
    pub name: String,
    /// The available one it may be a misspelling of.
    pub nearest: Option<String>,
}

/// Why not every extension is there.
#[derive(Debug, thiserror::Error)]
pub enum ExtensionError {
    #[error("the database server does not carry {}", list(.missing))]
    Missing {
        missing: Vec<MissingExtension>,
        /// Names, sorted.
        available: Vec<String>,
    },
    #[error("failed to create extension `{name}`: {}", describe(.source))]
    Create {
        name: String,
        source: tokio_postgres::Error,
    },
    #[error("failed to read the available extensions: {}", describe(.0))]
    Read(#[source] tokio_postgres::Error),
}

impl ExtensionError {
    /// What to do next, for the `hint:` line.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Missing { available, .. } => Some(format!(
                "an extension must be part of the image: set `postgres.image` to one that has it; \
                 this one has: {}",
                available.join(", ")
            )),
            Self::Create { source, .. } => match source.code() {
                Some(code) if *code == SqlState::INSUFFICIENT_PRIVILEGE => {
                    Some("let a superuser of the database server create it once".to_owned())
                }
                _ => source.as_db_error()?.hint().map(str::to_owned),
            },
            Self::Read(_) => None,
        }
    }
}

fn list(missing: &[MissingExtension]) -> String {
    let mut text = String::new();
    for (index, extension) in missing.iter().enumerate() {
        let separator = if index == 0 { "extension " } else { ", " };
        let _ = write!(text, "{separator}`{}`", extension.name);
        if let Some(nearest) = &extension.nearest {
            let _ = write!(text, " (did you mean `{nearest}`?)");
        }
    }
    text
}

/// Creates those of `names` that the database does not have, with what they depend on. Gives the
/// created ones.
///
/// # Errors
/// An [`ExtensionError`]; when one is missing from the image, none is created.
pub async fn ensure_extensions(
    connection: &Connection,
    names: &[String],
) -> Result<Vec<String>, ExtensionError> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let known = read_known(connection).await?;
    let missing = missing(names, &known);
    if !missing.is_empty() {
        let available = known.into_iter().map(|(name, _)| name).collect();
        return Err(ExtensionError::Missing { missing, available });
    }
    let mut created = Vec::new();
    for name in names {
        if known.contains(&(name.clone(), true)) || created.contains(name) {
            continue;
        }
        create(connection, name).await?;
        created.push(name.clone());
    }
    Ok(created)
}

/// Every available extension and whether it is installed, sorted by name.
async fn read_known(connection: &Connection) -> Result<Vec<(String, bool)>, ExtensionError> {
    let sql = "SELECT name::text, installed_version IS NOT NULL \
               FROM pg_catalog.pg_available_extensions ORDER BY 1";
    let rows = connection
        .client()
        .query_typed(sql, &[])
        .await
        .map_err(ExtensionError::Read)?;
    rows.iter()
        .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
        .collect::<Result<_, _>>()
        .map_err(ExtensionError::Read)
}

fn missing(names: &[String], known: &[(String, bool)]) -> Vec<MissingExtension> {
    let available = || known.iter().map(|(name, _)| name.as_str());
    names
        .iter()
        .filter(|name| !available().any(|known| known == name.as_str()))
        .map(|name| MissingExtension {
            name: name.clone(),
            nearest: nearest(name, available()).map(str::to_owned),
        })
        .collect()
}

async fn create(connection: &Connection, name: &str) -> Result<(), ExtensionError> {
    let quoted = quote::identifier(name);
    let sql = format!("CREATE EXTENSION IF NOT EXISTS {quoted} CASCADE");
    connection
        .client()
        .batch_execute(&sql)
        .await
        .map_err(|source| ExtensionError::Create {
            name: name.to_owned(),
            source,
        })
}
