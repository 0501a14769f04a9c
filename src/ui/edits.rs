//! What was changed in the configuration file and with it, as text for people.

use std::fmt::Write as _;

use super::table::Table;
use super::view;
use crate::environment::adopt::{Planned, PlannedDatabase};
use crate::environment::copy::Copied;
use crate::environment::remove::Removed;
use crate::environment::start::Outcome;

/// `env copy`
#[must_use]
pub fn copied(copied: &Copied) -> String {
    let Copied {
        environment,
        from,
        database,
        user,
        ..
    } = copied;
    let port = match copied.port {
        Some(port) => format!(", port {port}"),
        None => String::new(),
    };
    format!("{environment} is a copy of {from}: database {database}, user {user}{port}")
}

/// `env remove`
#[must_use]
pub fn removed(removed: &Removed) -> String {
    let name = &removed.environment;
    let kept = match removed.kept.as_slice() {
        [] => String::new(),
        kept => format!("; kept: {}", kept.join(", ")),
    };
    let password = match removed.password_kept && !removed.kept.is_empty() {
        true => ", and its password with them",
        false => "",
    };
    let file = removed.env_file.as_ref();
    let file = file.map_or_else(String::new, |file| {
        format!("; its variables are still in {file}")
    });
    format!("{name} is removed{kept}{password}{file}")
}

/// `adopt --dry-run`, and what is agreed to before.
#[must_use]
pub fn adoption(planned: &Planned) -> String {
    let mut text = String::new();
    let Planned {
        from,
        project,
        environment,
        ..
    } = planned;
    let _ = writeln!(
        text,
        "{from} becomes {project}/{environment} on {}",
        planned.engine
    );
    match &planned.database {
        Some(database) => {
            let PlannedDatabase {
                service,
                version,
                data,
            } = database;
            let _ = writeln!(
                text,
                "  database: {service}, PostgreSQL {version}, data in {data}"
            );
        }
        None => {
            let _ = writeln!(text, "  database: none is taken over");
        }
    }
    let mut table = Table::default();
    for one in &planned.containers {
        table.row([
            "  stop and remove".to_owned(),
            one.container.clone(),
            format!("{} takes its place", one.becomes),
        ]);
    }
    for setting in &planned.settings {
        let instead = setting.instead_of.as_ref();
        let instead = instead.map_or_else(String::new, |old| format!("instead of {old}"));
        table.row([
            "  write".to_owned(),
            format!("{}: {}", setting.key, setting.value),
            instead,
        ]);
    }
    for name in &planned.left {
        let why = match planned.inactive.contains(name) {
            true => "no active profile has its service, see --profile",
            false => "no file describes its service",
        };
        table.row(["  leave".to_owned(), name.clone(), why.to_owned()]);
    }
    let _ = write!(text, "{table}");
    for note in &planned.notes {
        let _ = writeln!(text, "  note: {note}");
    }
    text
}

/// `adopt`
#[must_use]
pub fn adopted(outcome: &Outcome) -> String {
    let text = view::started(outcome);
    format!(
        "{}\nThe former containers are gone, and their volumes are in use. Leave `docker compose` \
         alone there: `up` would start a second server on the data, `down --volumes` would remove them",
        text.trim_end()
    )
}
