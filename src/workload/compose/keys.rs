//! Which keys are read, which are passed over with a note, and which are refused and why.
//!
//! A key of the Compose specification that is in none of these lists is a gap; an unknown key is an
//! error with the nearest known one.

use super::file::File;
pub(super) use crate::workload::keys::Keys;
use crate::workload::keys::{MOST_LISTED, within};
use crate::yaml::decode::Decoder;
use crate::yaml::{Entry, Mapping};

/// So many faults of one file are told that more would help nobody.
const ENOUGH: usize = 1000;

/// Reports every key of `mapping` that is not simply read; whether none is at fault.
pub(super) fn check(file: &mut File<'_>, mapping: &Mapping, path: &str, keys: &Keys) -> bool {
    let mut fine = true;
    for entry in &mapping.entries {
        let key = &*entry.key;
        // What begins with `x-` is the user's own, and the place for anchors.
        // https://github.com/compose-spec/compose-spec/blob/main/11-extension.md
        if keys.read.contains(&key) {
            fine &= has_value(file, entry, path);
            continue;
        }
        if key.starts_with("x-") {
            continue;
        }
        let decoder = &mut file.decoder;
        if decoder.diagnostics.len() > ENOUGH {
            return false;
        }
        if let Some(why) = keys.why_ignored(key) {
            fine &= has_value(file, entry, path);
            let decoder = &mut file.decoder;
            let message = format!("`{key}`{} is ignored: {why}", within(path));
            decoder.note(entry.key_span, message);
            continue;
        }
        fine = false;
        if let Some(help) = keys.why_refused(key) {
            refuse(decoder, entry.key_span, key, path, help);
        } else {
            let known = keys.known();
            decoder.unknown_key(entry, path, &known);
            shorten_help(decoder, known.len());
        }
    }
    fine
}

/// The keys that may stand there without a value.
const NULLABLE: [&str; 5] = ["command", "deploy", "develop", "entrypoint", "services"];

/// Reports a key without a value: most often its lines are commented out, or badly indented.
fn has_value(file: &mut File<'_>, entry: &Entry, path: &str) -> bool {
    let fine = !entry.value.is_null() || NULLABLE.contains(&&*entry.key);
    if !fine {
        let message = format!("`{}`{} has no value", entry.key, within(path));
        file.fault(entry.key_span, message, "write one, or drop the key");
    }
    fine
}

/// A list of dozens of keys helps nobody.
fn shorten_help(decoder: &mut Decoder<'_>, known: usize) {
    if known > MOST_LISTED
        && let Some(diagnostic) = decoder.diagnostics.last_mut()
        && let Some(help) = &mut diagnostic.help
        && help.starts_with("known keys")
    {
        "keys of your own start with `x-`".clone_into(help);
    }
}

fn refuse(decoder: &mut Decoder<'_>, span: crate::text::Span, key: &str, path: &str, help: &str) {
    let message = format!("`{key}`{} is not supported", within(path));
    let diagnostic = decoder.error(span, message);
    diagnostic.label = Some("not supported".to_owned());
    if !help.is_empty() {
        diagnostic.help = Some(help.to_owned());
    }
}

/// The top level of a file: <https://github.com/compose-spec/compose-spec/blob/main/spec.md>.
pub(super) const TOP: Keys = Keys {
    read: &[
        "services", "networks", "volumes", "secrets", "configs", "include",
    ],
    ignored: &[
        (
            "name",
            "poststack names the project `<project>-<environment>`",
        ),
        ("version", "the Compose specification has no versions"),
    ],
    refused: &[(
        "models",
        "run the model as a service and pass its address as a variable",
    )],
};

/// A service: <https://github.com/compose-spec/compose-spec/blob/main/05-services.md>.
pub(super) const SERVICE: Keys = Keys {
    read: &[
        "annotations",
        "blkio_config",
        "build",
        "cap_add",
        "cap_drop",
        "cgroup",
        "cgroup_parent",
        "command",
        "configs",
        "container_name",
        "cpu_count",
        "cpu_percent",
        "cpu_period",
        "cpu_quota",
        "cpu_rt_period",
        "cpu_rt_runtime",
        "cpu_shares",
        "cpus",
        "cpuset",
        "depends_on",
        "deploy",
        "develop",
        "device_cgroup_rules",
        "devices",
        "dns",
        "dns_opt",
        "dns_search",
        "domainname",
        "entrypoint",
        "env_file",
        "environment",
        "expose",
        "extends",
        "external_links",
        "extra_hosts",
        "gpus",
        "group_add",
        "healthcheck",
        "hostname",
        "image",
        "init",
        "ipc",
        "isolation",
        "label_file",
        "labels",
        "links",
        "logging",
        "mac_address",
        "mem_limit",
        "mem_reservation",
        "mem_swappiness",
        "memswap_limit",
        "network_mode",
        "networks",
        "oom_kill_disable",
        "oom_score_adj",
        "pid",
        "pids_limit",
        "platform",
        "ports",
        "post_start",
        "pre_start",
        "pre_stop",
        "privileged",
        "profiles",
        "pull_policy",
        "read_only",
        "restart",
        "runtime",
        "scale",
        "secrets",
        "security_opt",
        "shm_size",
        "stdin_open",
        "stop_grace_period",
        "stop_signal",
        "storage_opt",
        "sysctls",
        "tmpfs",
        "tty",
        "ulimits",
        "user",
        "userns_mode",
        "uts",
        "volumes",
        "volumes_from",
        "working_dir",
    ],
    ignored: &[
        (
            "attach",
            "poststack attaches to no output; see `poststack env logs`",
        ),
        (
            "pull_refresh_after",
            "an image is pulled when it is missing, or each time with `pull_policy: always`",
        ),
    ],
    refused: &[
        ("credential_spec", "it exists on Windows only"),
        (
            "models",
            "run the model as a service and pass its address as a variable",
        ),
        (
            "provider",
            "it stands for a program outside of containers; run that one, and pass its address as a variable",
        ),
        (
            "use_api_socket",
            "mount the engine's socket under `volumes`",
        ),
    ],
};

#[cfg(test)]
mod tests {
    use crate::workload::compose::tests::faults;

    #[test]
    fn an_unknown_key_is_an_error_with_the_nearest_known_one() {
        insta::assert_snapshot!(faults("servcies: {}\nservices:\n  a: {image: x, comand: y, foo: 1}\n"), @r##"
    error 1:1: Unknown key `servcies`
      help: did you mean `services`?
    error 3:17: Unknown key `comand` in `services.a`
      help: did you mean `command`?
    error 3:28: Unknown key `foo` in `services.a`
      help: keys of your own start with `x-`
    "##);
    }

    #[test]
    fn a_key_that_changes_nothing_is_a_note() {
        insta::assert_snapshot!(faults("name: n\nversion: '3'\nx-a: 1\nservices:\n  a: {image: x, attach: false, x-b: 1}\n"), @r##"
    note 1:1: `name` is ignored: poststack names the project `<project>-<environment>`
    note 2:1: `version` is ignored: the Compose specification has no versions
    note 5:17: `attach` in `services.a` is ignored: poststack attaches to no output; see `poststack env logs`
    "##);
    }

    #[test]
    fn a_key_that_would_change_what_runs_is_refused_with_what_to_write_instead() {
        insta::assert_snapshot!(faults("models: {}\nservices:\n  a: {image: x, credential_spec: {}, provider: {type: p}}\n"), @"
        error 1:1: `models` is not supported
          help: run the model as a service and pass its address as a variable
        error 3:17: `credential_spec` in `services.a` is not supported
          help: it exists on Windows only
        error 3:38: `provider` in `services.a` is not supported
          help: it stands for a program outside of containers; run that one, and pass its address as a variable
        ");
    }

    #[test]
    fn a_key_without_a_value_is_an_error_unless_it_may_have_none() {
        insta::assert_snapshot!(faults("services:\n  a:\n    image: x\n    command:\n    ports:\n    healthcheck: {test: x, retries: }\n"), @r"
        error 5:5: `ports` in `services.a` has no value
          help: write one, or drop the key
        error 6:28: `retries` in `services.a.healthcheck` has no value
          help: write one, or drop the key
        ");
    }

    #[test]
    fn what_a_mistyped_key_leaves_out_is_not_told_as_well() {
        insta::assert_snapshot!(faults("services:\n  a:\n    imgae: x\n  b:\n    image: x\n    ports: [{taget: 80}]\n"), @r"
        error 3:5: Unknown key `imgae` in `services.a`
          help: did you mean `image`?
        error 6:14: Unknown key `taget` in `services.b.ports`
          help: did you mean `target`?
        ");
    }

    /// The part of the manual about one table.
    fn section(heading: &str) -> &'static str {
        let manual = include_str!("../../../docs/compose.md");
        let (_, rest) = manual.split_once(heading).unwrap();
        rest.split_once("\n## ")
            .map_or(rest, |(section, _)| section)
    }

    #[test]
    fn the_manual_lists_every_key_of_the_tables() {
        for (heading, keys) in [
            ("## Keys of the top level", super::TOP),
            ("## Keys of a service", super::SERVICE),
        ] {
            let section = section(heading);
            let (_, rest) = section.split_once("Supported:\n\n").unwrap();
            let (supported, rows) = rest.split_once("\n\n").unwrap();
            let mut listed: Vec<&str> = supported.split('`').skip(1).step_by(2).collect();
            let mut read: Vec<&str> = keys.read.iter().copied().chain(["x-…"]).collect();
            listed.sort_unstable();
            read.sort_unstable();
            assert_eq!(listed, read, "{heading}");
            let row = |(key, text): &(&str, &str)| format!("| `{key}` | {text} |");
            let expected: Vec<String> = keys.ignored.iter().chain(keys.refused).map(row).collect();
            let written: Vec<&str> = rows
                .lines()
                .filter(|line| line.starts_with("| `"))
                .collect();
            assert_eq!(written, expected, "{heading}");
        }
    }
}
