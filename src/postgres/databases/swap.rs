//! Two databases that take each other's place in one transaction: at no moment is a name missing.

use super::{DatabaseError, comment, require_unused};
use crate::postgres::Connection;
use crate::postgres::quote::{identifier, literal};

/// Gives `first` the name and comment of `second` and the other way round. Nobody may be connected
/// to either.
///
/// # Errors
/// [`DatabaseError::InUse`] for `first`, [`DatabaseError::Privilege`], or another; then nothing has
/// changed.
pub async fn swap(admin: &Connection, first: &str, second: &str) -> Result<(), DatabaseError> {
    require_unused(admin, "replace", first).await?;
    let comments = (comment(admin, first).await?, comment(admin, second).await?);
    let rename = |from: &str, to: &str| {
        let (from, to) = (identifier(from), identifier(to));
        format!("ALTER DATABASE {from} RENAME TO {to};")
    };
    let say = |name: &str, text: Option<String>| {
        let text = text.as_deref().map_or_else(|| "NULL".to_owned(), literal);
        format!("COMMENT ON DATABASE {} IS {text};", identifier(name))
    };
    // Between the renames the name is only for this transaction to see; it may not be too long.
    let aside = format!("poststack_swap_{}", std::process::id());
    let sql = [
        "BEGIN;".to_owned(),
        rename(first, &aside),
        rename(second, first),
        rename(&aside, second),
        say(first, comments.0),
        say(second, comments.1),
        "COMMIT".to_owned(),
    ];
    let Err(error) = admin.client().batch_execute(&sql.concat()).await else {
        return Ok(());
    };
    let _ = admin.client().batch_execute("ROLLBACK").await;
    Err(DatabaseError::of(admin, "replace", first, error).await)
}
