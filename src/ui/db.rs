//! Outcomes of the `db` commands as text for people.

use std::fmt::Write as _;

use super::progress::seconds;
use super::style::{DIM, STRONG, paint};
use crate::database::test_connection::Tested;

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
        let _ = writeln!(
            text,
            "  {:<8} {}",
            phase.name,
            milliseconds(phase.seconds.0)
        );
    }
    let all = paint(DIM, &format!("in {} together", seconds(tested.seconds.0)));
    let _ = writeln!(text, "  {all}");
    text
}

/// `12.3 ms`
fn milliseconds(duration: std::time::Duration) -> String {
    format!("{:.1} ms", duration.as_secs_f64() * 1000.0)
}
