//! Smaller options of a service, each in the forms Compose accepts.

use std::collections::BTreeMap;

use super::casts;
use super::file::{File, Section};
use super::keys::Keys;
use super::{pairs, paths};
use crate::workload::model::{Logging, PullPolicy, Restart, Seccomp, Ulimit};
use crate::yaml::{Node, Value};

const LOGGING: Keys = Keys::only(&["driver", "options"]);
const ULIMIT: Keys = Keys::only(&["soft", "hard"]);

/// `no`, `always`, `unless-stopped`, `on-failure` or `on-failure:3`.
pub(super) fn restart(file: &mut File<'_>, node: &Node, path: &str) -> Restart {
    let text = casts::string(file, node, path).unwrap_or_else(|| "no".to_owned());
    let (word, count) = match text.split_once(':') {
        Some((word, count)) => (word, Some(count)),
        None => (&*text, None),
    };
    let max_retries = count.map(str::parse::<u32>);
    match (word, max_retries) {
        ("no", None) => Restart::No,
        ("always", None) => Restart::Always,
        ("unless-stopped", None) => Restart::UnlessStopped,
        ("on-failure", None) => Restart::OnFailure { max_retries: None },
        ("on-failure", Some(Ok(count))) => Restart::OnFailure {
            max_retries: Some(count),
        },
        _ => {
            let words = ["no", "always", "unless-stopped", "on-failure"];
            let help = match crate::diagnostic::nearest(word, words) {
                Some(near) if near != word => format!("did you mean `{near}`?"),
                _ => "write `no`, `always`, `unless-stopped` or `on-failure[:times]`".to_owned(),
            };
            file.fault(node.span, format!("`{path}` is `{text}`"), help);
            Restart::No
        }
    }
}

pub(super) fn pull_policy(file: &mut File<'_>, node: &Node, path: &str) -> PullPolicy {
    let text = file.decoder.string(node, path);
    match text.as_deref() {
        None | Some("missing" | "if_not_present") => PullPolicy::Missing,
        Some("always") => PullPolicy::Always,
        Some("never") => PullPolicy::Never,
        Some("build") => PullPolicy::Build,
        Some(text) if text == "daily" || text == "weekly" || text.starts_with("every_") => {
            let message = format!("`{path}` is `{text}`; the image is pulled when it is missing");
            file.decoder.warning(node.span, message).help =
                Some("write `always` to look for a new one at each start".to_owned());
            PullPolicy::Missing
        }
        Some(text) => {
            let message = format!("`{path}` is `{text}`, which is not supported");
            file.fault(
                node.span,
                message,
                "write `missing`, `always`, `never` or `build`",
            );
            PullPolicy::Missing
        }
    }
}

/// Paths of memory in the container, each with its options after a colon.
pub(super) fn tmpfs(file: &mut File<'_>, node: &Node, path: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for text in casts::strings(file, node, path) {
        let (target, options) = text.split_once(':').unwrap_or((&text, ""));
        if let Some(target) = paths::in_container(file, node.span, target) {
            found.insert(target, options.to_owned());
        }
    }
    found
}

/// One number for both limits, or `soft` and `hard`; `-1` is no limit.
pub(super) fn ulimits(file: &mut File<'_>, node: &Node, path: &str) -> BTreeMap<String, Ulimit> {
    let mut found = BTreeMap::new();
    let mapping = file.decoder.mapping(node, path);
    for entry in mapping.into_iter().flat_map(|mapping| &mapping.entries) {
        let path = format!("{path}.{}", entry.key);
        let limit =
            |file: &mut File<'_>, node: &Node, path: &str| casts::integer(file, node, path, -1);
        let (soft, hard) = match &entry.value.value {
            Value::Mapping(_) => {
                let Some(section) = Section::open(file, &entry.value, &path, &ULIMIT) else {
                    continue;
                };
                section.required(file, &entry.value, "soft", "the limit that warns");
                section.required(file, &entry.value, "hard", "the limit that holds");
                let soft = section.read(file, "soft", limit);
                (soft, section.read(file, "hard", limit))
            }
            _ => {
                let both = limit(file, &entry.value, &path);
                (both, both)
            }
        };
        let (Some(soft), Some(hard)) = (soft, hard) else {
            continue;
        };
        if hard != -1 && (soft == -1 || soft > hard) {
            let message = format!("`{path}` has a soft limit above the hard one");
            file.fault(entry.value.span, message, "raise `hard`, or lower `soft`");
        }
        found.insert(entry.key.to_string(), Ulimit { soft, hard });
    }
    found
}

pub(super) fn logging(file: &mut File<'_>, node: &Node, path: &str) -> Option<Logging> {
    let section = Section::open(file, node, path, &LOGGING)?;
    Some(Logging {
        driver: section.read(file, "driver", casts::string),
        options: section.read(file, "options", pairs::options),
    })
}

/// `security_opt`, with the seccomp profile that comes from a file apart.
pub(super) fn security(
    file: &mut File<'_>,
    node: &Node,
    path: &str,
) -> (Vec<String>, Option<Seccomp>) {
    let items = file.decoder.sequence(node, path).unwrap_or_default();
    let (mut options, mut seccomp) = (Vec::new(), None);
    for item in items {
        let Some(text) = file.decoder.string(item, path) else {
            continue;
        };
        let profile = text
            .strip_prefix("seccomp=")
            .or_else(|| text.strip_prefix("seccomp:"));
        match profile {
            Some(builtin @ ("unconfined" | "builtin")) => {
                options.push(format!("seccomp={builtin}"))
            }
            Some(profile) => seccomp = self::seccomp(file, item, profile),
            None => options.push(text),
        }
    }
    (options, seccomp)
}

/// The profile is read here, so that a fault of it has its place.
fn seccomp(file: &mut File<'_>, item: &Node, profile: &str) -> Option<Seccomp> {
    let path = paths::resolve(file, item.span, profile)?;
    if !file.current.active {
        return None;
    }
    let fault = match crate::text::read(&path, &path) {
        Ok(source) => match serde_json::from_str::<serde_json::Value>(&source.text) {
            Ok(json) => {
                let profile = json.to_string();
                return Some(Seccomp { path, profile });
            }
            Err(error) => format!("The seccomp profile `{profile}` is not JSON: {error}"),
        },
        Err(error) => format!("The seccomp profile cannot be read: {error}"),
    };
    let help = "name a file of JSON beside the Compose file, or write `seccomp=unconfined`";
    file.fault(item.span, fault, help);
    None
}

#[cfg(test)]
mod tests;
