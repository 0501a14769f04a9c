//! Branches, resets and differences of databases as text for people.

use std::fmt::Write as _;

use super::count;
use crate::database::Target;
use crate::database::branch::{Branch, Made};
use crate::database::diff::Diff;
use crate::database::reset::Reset;
use crate::database::seed::Seeded;
use crate::database::switch::Switched;
use crate::event::Seconds;
use crate::ui::progress::seconds;
use crate::ui::style::{DIM, STRONG, paint};
use crate::ui::table::Table;
use crate::units::bytes_text;

fn took(time: Seconds) -> String {
    paint(DIM, &format!("({})", seconds(time.0)))
}

/// `db branch`
#[must_use]
pub fn branches(branches: &[Branch]) -> String {
    let mut table = Table::new(&["", "BRANCH", "DATABASE", "SIZE", "CREATED", "FROM"]);
    let or_dash = |text: Option<&String>| text.cloned().unwrap_or_else(|| "-".to_owned());
    for one in branches {
        table.row([
            if one.current { "*" } else { "" }.to_owned(),
            one.branch.clone().unwrap_or_else(|| "(main)".to_owned()),
            one.database.clone(),
            one.bytes.map_or_else(|| "?".to_owned(), bytes_text),
            or_dash(one.created.as_ref()),
            or_dash(one.from.as_ref()),
        ]);
    }
    table.to_string()
}

/// The end of `db branch NAME`.
#[must_use]
pub fn branch_made(target: &Target, made: &Made) -> String {
    let from = match &made.from {
        Some(database) => format!("a copy of `{database}`"),
        None => "made by the migrations".to_owned(),
    };
    let branch = &made.branch;
    let mut text = format!(
        "Branch {} is database `{}`, {from} {}",
        paint(STRONG, branch),
        made.database,
        took(made.seconds)
    );
    if let Some(environment) = target.environment_name() {
        let _ = write!(text, "\nuse it: poststack db switch {branch} {environment}");
    }
    text
}

/// The end of `db switch`.
#[must_use]
pub fn switched(switched: &Switched) -> String {
    let Switched {
        environment,
        database,
        ..
    } = switched;
    let what = match &switched.branch {
        Some(branch) => format!("branch {}, database `{database}`", paint(STRONG, branch)),
        None => format!("its own database `{database}`"),
    };
    if !switched.changed {
        return format!("{environment} uses {what} already");
    }
    format!(
        "{environment} uses {what}\nservices that run keep their database until: poststack env \
         start {environment}"
    )
}

/// The end of `db reset`.
#[must_use]
pub fn reset(reset: &Reset, seeded: Option<&Seeded>) -> String {
    let how = if reset.built {
        "applied"
    } else {
        "copied from the template"
    };
    let mut text = format!(
        "{}: database `{}` is new, {} {how} {}",
        paint(STRONG, &reset.name),
        reset.database,
        count(reset.migrations, "migration"),
        took(reset.seconds)
    );
    if let Some(left) = &reset.left {
        let _ = write!(text, "\n{left}");
    }
    if let Some(seeded) = seeded {
        let rows = count(usize::try_from(seeded.rows).unwrap_or(usize::MAX), "row");
        let _ = write!(text, "\nseeded from {}: {rows}", seeded.file);
    }
    text
}

/// `db diff`
#[must_use]
pub fn diff(diff: &Diff) -> String {
    let files = count(diff.files, "migration");
    if diff.differences.is_empty() {
        return format!("{} is what {files} make of it", diff.name);
    }
    let differences = count(diff.differences.len(), "difference");
    let mut text = format!(
        "{}: {differences} from {files}\n",
        paint(STRONG, &diff.name)
    );
    for one in &diff.differences {
        let _ = writeln!(text, "  {one}");
    }
    let (from, to) = match diff.reverse {
        true => ("the database", "the files"),
        false => ("the files", "the database"),
    };
    if !diff.sql.is_empty() {
        let heading = format!("-- from {from} to {to}");
        let _ = write!(text, "\n{}\n{}", paint(DIM, &heading), diff.sql);
    }
    text
}
