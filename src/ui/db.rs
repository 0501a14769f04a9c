//! Outcomes of the `db` commands as text for people.

mod branches;
mod data;
mod migrations;
mod rehearsal;
mod schema;

use std::fmt::Write as _;

use super::progress::{seconds, short};
use super::style::{DIM, STRONG, paint};
use crate::database::test_connection::Tested;

pub use branches::{branch_made, branches, diff, reset, switched};
pub use data::{seeded, unlocked};
pub use migrations::{
    info, lint_rules, linted, migrated, planned, redone, rollback_lines, rollback_plan,
    rolled_back, status, verified, ways_back,
};
pub use rehearsal::rehearsed;
pub use schema::{described, stats};

/// `1 row`, `3 rows`
#[must_use]
pub fn count(number: usize, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        _ => format!("{number} {noun}s"),
    }
}

/// `db test-connection`
#[must_use]
pub fn tested(tested: &Tested) -> String {
    let mut text = String::new();
    let recovery = if tested.in_recovery {
        ", a standby"
    } else {
        ""
    };
    let superuser = if tested.superuser {
        ", a superuser"
    } else {
        ""
    };
    let _ = writeln!(
        text,
        "{}: PostgreSQL {}{recovery}",
        paint(STRONG, &tested.address),
        tested.server_version
    );
    let _ = writeln!(text, "user {}{superuser}", tested.user);
    match &tested.tls {
        Some(session) => _ = writeln!(text, "encrypted with {session}"),
        None => _ = writeln!(text, "not encrypted"),
    }
    for phase in &tested.phases {
        let _ = writeln!(text, "  {:<8} {}", phase.name, short(phase.seconds.0));
    }
    let all = paint(DIM, &format!("in {} together", seconds(tested.seconds.0)));
    let _ = writeln!(text, "  {all}");
    text
}
