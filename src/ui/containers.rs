//! Outcomes of the container commands as text for people.

use std::fmt::Write as _;

use super::style::{BAD, DIM, GOOD, STRONG, paint};
use super::table::Table;
use super::view::bytes;
use crate::container::clean::Unused;
use crate::container::list::Listed;
use crate::container::verify::Verified;
use crate::environment::stop::Stopped;

/// `container verify` and `container health`: a line per promise.
#[must_use]
pub fn verified(verified: &Verified) -> String {
    let mut text = String::new();
    let widths = verified.checks.iter().map(|check| check.container.len());
    let width = widths.max().unwrap_or_default();
    for check in &verified.checks {
        let mark = match check.ok {
            true => paint(GOOD, "✔"),
            false => paint(BAD, "✘"),
        };
        let _ = write!(
            text,
            "{mark} {:<width$}  {}",
            check.container, check.expected
        );
        if !check.ok {
            let _ = write!(text, ": {}", paint(STRONG, &check.found));
        }
        text.push('\n');
    }
    text
}

/// What a stop or a removal has ended.
#[must_use]
pub fn ended(outcome: &Stopped) -> String {
    let took = paint(DIM, &format!("({:.2} s)", outcome.seconds.0.as_secs_f64()));
    let (done, names, kept) = match (outcome.removed.as_slice(), outcome.stopped.as_slice()) {
        ([], []) => return format!("Nothing to stop {took}"),
        ([], stopped) => ("Stopped", stopped, "containers and data are kept"),
        (removed, _) => ("Removed", removed, "volumes are kept"),
    };
    format!("{done} {}; {kept} {took}", names.join(", "))
}

/// `container list`
#[must_use]
pub fn list(listed: &Listed) -> String {
    let mut images = Table::new(&["IMAGE", "ID", "SIZE", "CREATED"]);
    for image in &listed.images {
        let id = image.id.as_deref().map(short);
        let size = image.size.map(bytes);
        let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        images.row([
            image.image.clone(),
            id.unwrap_or_else(|| "not built".to_owned()),
            or_dash(size),
            or_dash(image.created.and_then(day)),
        ]);
    }
    let mut containers = Table::new(&["CONTAINER", "SERVICE", "IMAGE", "STATUS"]);
    for container in &listed.containers {
        containers.row([
            container.container.clone(),
            container.service.clone(),
            container.image.clone(),
            container.status.clone(),
        ]);
    }
    match listed.containers.is_empty() {
        true => images.to_string(),
        false => format!("{images}\n{containers}"),
    }
}

/// What `container clean` would remove, a line each; unpainted, as JSON tells them as well.
#[must_use]
pub fn unused(unused: &Unused) -> Vec<String> {
    let containers = unused.containers.iter();
    let containers = containers.map(|name| format!("container {name}"));
    let networks = unused.networks.iter();
    let networks = networks.map(|name| format!("network {name}"));
    let images = unused.images.iter().map(|image| {
        let name = match image.names.as_slice() {
            [] => short(&image.id),
            names => names.join(", "),
        };
        format!("image {name} ({})", bytes(image.size))
    });
    containers.chain(networks).chain(images).collect()
}

/// The first digits of an id, as engines show it.
fn short(id: &str) -> String {
    let id = id.strip_prefix("sha256:").unwrap_or(id);
    id.chars().take(12).collect()
}

fn day(seconds: i64) -> Option<String> {
    let time = jiff::Timestamp::from_second(seconds).ok()?;
    Some(time.strftime("%Y-%m-%d %H:%M").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::container::clean::UnusedImage;

    #[test]
    fn what_is_unused_is_told_without_colours() {
        let image = UnusedImage {
            id: "sha256:0123456789abcdef".to_owned(),
            names: Vec::new(),
            size: 1024 * 1024,
        };
        let found = Unused {
            containers: vec!["shop-web".to_owned()],
            networks: vec!["shop-containers_default".to_owned()],
            images: vec![image],
        };
        let lines = [
            "container shop-web",
            "network shop-containers_default",
            "image 0123456789ab (1.0 MiB)",
        ];
        assert_eq!(unused(&found), lines);
    }
}
