//! Which paths of a Compose file merge in a way of their own
//! (<https://github.com/compose-spec/compose-spec/blob/main/13-merge.md>).

use std::sync::Arc;

use crate::workload::compose::item::Key;

/// How the two values at one path become one.
#[derive(Debug, Clone, Copy)]
pub(super) enum Rule {
    Replace,
    /// `NAME=value` by name, as a list or as a mapping.
    Pairs,
    /// A list; a later item takes the place of an earlier one with the same key.
    List(Key),
    /// As [`Rule::List`], or a single value.
    Words(Key),
    /// `host=address`, as a list or as a mapping; a host may have several addresses.
    Hosts,
    /// Names, as a list or as the keys of a mapping.
    Names,
    /// As [`Rule::Names`], and a listed name stands for the defaults of `depends_on`.
    Dependencies,
    /// A path stands for `{context: path}`.
    Build,
    /// Options merge for one driver only.
    Logging,
    /// `ipam.config`: by subnet.
    Subnets,
    /// A number, or a mapping that merges.
    Limit,
}

/// Paths with a rule of their own; `*` is any key.
const RULES: &[(&str, Rule)] = &[
    ("networks.*.ipam.config", Rule::Subnets),
    ("networks.*.labels", Rule::Pairs),
    ("services.*.annotations", Rule::Pairs),
    ("services.*.build", Rule::Build),
    ("services.*.build.additional_contexts", Rule::Pairs),
    ("services.*.build.args", Rule::Pairs),
    ("services.*.build.cache_from", Rule::List(Key::Text)),
    ("services.*.build.cache_to", Rule::List(Key::Text)),
    ("services.*.build.extra_hosts", Rule::Hosts),
    ("services.*.build.labels", Rule::Pairs),
    ("services.*.build.platforms", Rule::List(Key::Text)),
    ("services.*.build.tags", Rule::List(Key::Text)),
    ("services.*.build.ulimits.*", Rule::Limit),
    ("services.*.cap_add", Rule::List(Key::Text)),
    ("services.*.cap_drop", Rule::List(Key::Text)),
    ("services.*.command", Rule::Replace),
    ("services.*.configs", Rule::List(Key::File { folder: "/" })),
    ("services.*.depends_on", Rule::Dependencies),
    ("services.*.deploy.labels", Rule::Pairs),
    ("services.*.device_cgroup_rules", Rule::List(Key::Text)),
    ("services.*.devices", Rule::List(Key::Target)),
    ("services.*.dns", Rule::Words(Key::Text)),
    ("services.*.dns_opt", Rule::List(Key::Text)),
    ("services.*.dns_search", Rule::Words(Key::Text)),
    ("services.*.entrypoint", Rule::Replace),
    ("services.*.env_file", Rule::Words(Key::Path)),
    ("services.*.environment", Rule::Pairs),
    ("services.*.expose", Rule::List(Key::Text)),
    ("services.*.external_links", Rule::List(Key::Text)),
    ("services.*.extra_hosts", Rule::Hosts),
    ("services.*.group_add", Rule::List(Key::Text)),
    ("services.*.healthcheck.test", Rule::Replace),
    ("services.*.label_file", Rule::Words(Key::Path)),
    ("services.*.labels", Rule::Pairs),
    ("services.*.links", Rule::List(Key::Text)),
    ("services.*.logging", Rule::Logging),
    ("services.*.networks", Rule::Names),
    ("services.*.networks.*.aliases", Rule::List(Key::Text)),
    (
        "services.*.networks.*.link_local_ips",
        Rule::List(Key::Text),
    ),
    ("services.*.profiles", Rule::List(Key::Text)),
    (
        "services.*.secrets",
        Rule::List(Key::File {
            folder: "/run/secrets/",
        }),
    ),
    ("services.*.security_opt", Rule::List(Key::Text)),
    ("services.*.sysctls", Rule::Pairs),
    ("services.*.tmpfs", Rule::Words(Key::BeforeColon)),
    ("services.*.ulimits.*", Rule::Limit),
    ("services.*.volumes", Rule::List(Key::Target)),
    ("services.*.volumes_from", Rule::List(Key::Text)),
    ("volumes.*.labels", Rule::Pairs),
];

/// The rule of the value at `path`; without one it merges as any other.
pub(super) fn of(path: &[Arc<str>]) -> Option<Rule> {
    let matches = |pattern: &str| {
        let mut keys = path.iter();
        let all = pattern.split('.').all(|part| {
            let key = keys.next();
            key.is_some_and(|key| part == "*" || part == &**key)
        });
        all && keys.next().is_none()
    };
    let found = RULES.iter().find(|(pattern, _)| matches(pattern));
    found.map(|(_, rule)| *rule)
}
