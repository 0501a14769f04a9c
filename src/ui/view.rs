//! Outcomes as text for people.

use std::fmt::Write as _;
use std::path::PathBuf;

use super::style::{BAD, DIM, GOOD, STRONG, WARN, paint};
use super::table::Table;
use crate::environment::BuiltImage;
use crate::environment::dry_run::Line;
use crate::environment::list::Listed;
use crate::environment::start;
use crate::environment::status::{Overall, Service, Status};
use crate::environment::stop::Stopped;
use crate::logs::list::Log;
use crate::settings::Shown;
use crate::units::bytes_text;

/// Settings of poststack itself, each with its origin.
#[must_use]
pub fn settings(settings: &[Shown]) -> String {
    let mut table = Table::new(&["SETTING", "VALUE", "ORIGIN"]);
    for one in settings {
        let value = one.value.clone().unwrap_or_else(|| "-".to_owned());
        table.row([one.name.to_owned(), value, one.origin.clone()]);
    }
    table.to_string()
}

/// Log files.
#[must_use]
pub fn logs(logs: &[Log]) -> String {
    let mut table = Table::new(&["LOG", "CATEGORY", "SIZE", "LAST LINE"]);
    for log in logs {
        table.row([
            log.path.display().to_string(),
            log.category.as_str().to_owned(),
            bytes_text(log.bytes),
            log.modified
                .map(|at| format!("{at:.0}"))
                .unwrap_or_default(),
        ]);
    }
    table.to_string()
}

/// The end of a start: what runs and where it is reached.
#[must_use]
pub fn started(outcome: &start::Outcome) -> String {
    let status = &outcome.status;
    let mut text = String::new();
    let what = if outcome.changed {
        "runs"
    } else {
        "runs, nothing to do"
    };
    let took = paint(DIM, &format!("({:.2} s)", outcome.seconds.0.as_secs_f64()));
    let name = paint(
        STRONG,
        &format!("{}/{}", status.project, status.environment),
    );
    let _ = writeln!(text, "{name} {what} {took}");
    // Containers of a project's own may run without one.
    if status.database.accepts_logins {
        let _ = writeln!(text, "  database  {}", status.database.url);
    }
    let services = status.services.iter();
    for service in services.clone().filter(|one| one.role == "service") {
        let reached: Vec<String> = service.ports.iter().map(|port| reached(port)).collect();
        let several = services
            .clone()
            .filter(|one| one.service == service.service)
            .count()
            > 1;
        let name = match several {
            true => format!("{}-{}", service.service, service.number),
            false => service.service.clone(),
        };
        let _ = writeln!(
            text,
            "  {name:<9} {} {}",
            condition(service),
            reached.join(" ")
        );
    }
    if !outcome.orphans.is_empty() {
        let names = outcome.orphans.join(", ");
        let _ = writeln!(
            text,
            "{}: no file describes {names} any more; --remove-orphans removes them",
            paint(WARN, "note")
        );
    }
    text
}

/// `127.0.0.1:8080->80/tcp` as something to type into a browser.
fn reached(port: &str) -> String {
    let published = port.split("->").next().unwrap_or(port);
    if port.ends_with("/udp") {
        return published.to_owned();
    }
    let host = published.replace("0.0.0.0", "127.0.0.1");
    format!("http://{host}")
}

fn condition(service: &Service) -> String {
    let word = service.health.unwrap_or(&service.state);
    let style = match (service.state.as_str(), service.health) {
        ("running", None | Some("healthy")) => GOOD,
        ("exited", _) if service.exit_code == Some(0) => DIM,
        ("running" | "created" | "paused", _) => WARN,
        ("absent", _) => DIM,
        _ => BAD,
    };
    match (service.state.as_str(), service.exit_code) {
        ("exited", Some(code)) => paint(style, &format!("exited ({code})")),
        _ => paint(style, word),
    }
}

/// `env status`
#[must_use]
pub fn status(status: &Status) -> String {
    let overall = match status.state {
        Overall::Running => "running",
        Overall::Partial => "partly running",
        Overall::Stopped => "stopped",
        Overall::Absent => "not started",
    };
    let mut text = String::new();
    let _ = writeln!(
        text,
        "{}/{}: {overall} on {}",
        status.project, status.environment, status.engine
    );
    let _ = writeln!(text, "{}", database(status));
    let mut table = Table::new(&["SERVICE", "ROLE", "STATE", "HEALTH", "PORTS", "CONTAINER"]);
    for service in status.database.container.iter().chain(&status.services) {
        let state = match service.exit_code {
            Some(code) => format!("{} ({code})", service.state),
            None => service.state.clone(),
        };
        table.row([
            service.service.clone(),
            service.role.to_owned(),
            state,
            service.health.unwrap_or("-").to_owned(),
            if service.ports.is_empty() {
                "-".to_owned()
            } else {
                service.ports.join(" ")
            },
            service.container.clone(),
        ]);
    }
    let _ = write!(text, "{table}");
    text
}

fn database(status: &Status) -> String {
    let database = &status.database;
    let mut parts = vec![database.url.clone()];
    if let Some(version) = &database.server_version {
        parts.push(format!("PostgreSQL {version}"));
    }
    if let Some(size) = database.size {
        parts.push(bytes(size));
    }
    if let Some(connections) = database.connections {
        parts.push(match connections {
            1 => "1 connection".to_owned(),
            several => format!("{several} connections"),
        });
    }
    if !database.accepts_logins {
        parts.push("no login possible".to_owned());
    }
    format!("database: {}", parts.join(", "))
}

/// Bytes with a binary unit.
pub(super) fn bytes(count: u64) -> String {
    let mut size = f64::from(u32::try_from(count / 1024).unwrap_or(u32::MAX));
    let mut unit = "KiB";
    for next in ["MiB", "GiB", "TiB"] {
        if size >= 1024.0 {
            size /= 1024.0;
            unit = next;
        }
    }
    format!("{size:.1} {unit}")
}

#[must_use]
pub fn stopped(outcome: &Stopped) -> String {
    let name = paint(
        STRONG,
        &format!("{}/{}", outcome.project, outcome.environment),
    );
    let took = paint(DIM, &format!("({:.2} s)", outcome.seconds.0.as_secs_f64()));
    if outcome.stopped.is_empty() && outcome.removed.is_empty() {
        return format!("{name}: nothing to stop {took}");
    }
    let kept = match (outcome.removed.is_empty(), outcome.data_lost) {
        (true, false) => "containers and data are kept",
        (true, true) => "containers are kept, the data was in memory and is gone",
        (false, false) => "containers are removed, data is kept",
        (false, true) => "containers are removed, the data was in memory and is gone",
    };
    format!("{name} is stopped; {kept} {took}")
}

#[must_use]
pub fn list(listed: &[Listed]) -> String {
    let mut table = Table::new(&["", "ENVIRONMENT", "DATABASE", "PORT", "RUNNING"]);
    for one in listed {
        let running = match (one.running, one.containers) {
            (Some(running), Some(all)) => format!("{running}/{all}"),
            _ => "?".to_owned(),
        };
        table.row([
            if one.current { "*" } else { "" }.to_owned(),
            one.name.clone(),
            one.database.clone(),
            one.port.to_string(),
            running,
        ]);
    }
    table.to_string()
}

#[must_use]
pub fn built(images: &[BuiltImage]) -> String {
    let mut table = Table::new(&["IMAGE", "SECONDS"]);
    for image in images {
        table.row([
            image.image.clone(),
            format!("{:.1}", image.seconds.0.as_secs_f64()),
        ]);
    }
    table.to_string()
}

/// `env dry-run`; of several `files` their names follow.
#[must_use]
pub fn dry_run(files: &[PathBuf], lines: &[Line]) -> String {
    let mut table = Table::new(&["VARIABLE", "VALUE", "LAYER", "DEFINED AT", "USED AT"]);
    for line in lines {
        let value = match &line.host_value {
            Some(host) => format!("{} (on the host: {host})", line.value),
            None => line.value.clone(),
        };
        let mut uses = line
            .uses
            .iter()
            .map(|one| format!("{} ({})", one.place, one.path));
        table.row([
            line.name.clone(),
            value,
            line.layer.to_owned(),
            line.place.clone().unwrap_or_else(|| "-".to_owned()),
            uses.next().unwrap_or_else(|| "-".to_owned()),
        ]);
        for one in uses {
            let empty = || String::new();
            table.row([empty(), empty(), empty(), empty(), one]);
        }
    }
    let mut text = table.to_string();
    if files.len() > 1 {
        let names: Vec<String> = files
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        let _ = write!(text, "\nFiles that were read: {}", names.join(", "));
    }
    text
}
