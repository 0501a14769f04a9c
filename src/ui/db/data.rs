//! What a database answers as text for people.

use crate::database::seed::Seeded;
use crate::database::unlock::Unlocked;
use crate::ui::style::{DIM, STRONG, paint};

use super::count;

/// The end of `db seed`.
#[must_use]
pub fn seeded(seeded: &Seeded) -> String {
    let took = format!("in {}", crate::ui::progress::seconds(seeded.seconds.0));
    format!(
        "{}: {} of {} run, {} changed {}",
        paint(STRONG, &seeded.database),
        count(seeded.statements, "statement"),
        seeded.file,
        count(usize::try_from(seeded.rows).unwrap_or(usize::MAX), "row"),
        paint(DIM, &took)
    )
}

/// `db unlock`
#[must_use]
pub fn unlocked(unlocked: &Unlocked) -> String {
    let name = paint(STRONG, &unlocked.database);
    match &unlocked.ended {
        Some(session) => format!("{name}: ended {session}"),
        None => format!("{name}: nobody holds the migration lock"),
    }
}
