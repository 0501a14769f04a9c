//! The definition of a container as fields, each with a hash, so that a change can be named.

use std::collections::BTreeMap;
use std::fmt::Debug;

use super::spec::{ContainerSpec, Labels, NetworkSpec, SharedNamespaces, VolumeSpec};
pub use crate::text::sha256;
use crate::workload::model::{CpuTime, FileContent, Process, Resources};

/// Field → short hash of its value; fields with their default value are left out, so that a new
/// version of poststack with more fields recreates nothing.
pub type Fields = BTreeMap<String, String>;

/// The first 12 of the 64 digits of a hash: enough to tell two values apart.
pub(crate) fn short(text: &str) -> String {
    sha256(text).chars().take(12).collect()
}

/// The fields of `spec`; `extra` adds what the specification itself does not show, such as the
/// state of mounted files.
#[must_use]
pub fn fields(spec: &ContainerSpec, extra: &BTreeMap<String, String>) -> Fields {
    let mut fields = Collector(Fields::new());
    fields.always("image", &spec.image);
    fields.unless_default("platform", &spec.platform);
    fields.always("network", &format!("{:?}", spec.network));
    for mount in &spec.mounts {
        let name = format!("volumes.{}", mount.target);
        fields.always(&name, &format!("{mount:?}"));
    }
    for one in &spec.volumes_from {
        let name = format!("volumes_from.{}", one.container);
        fields.always(&name, if one.read_only { "ro" } else { "rw" });
    }
    for file in &spec.files {
        let content = match &file.content {
            FileContent::Path(path) => path.to_string_lossy().into_owned(),
            FileContent::Inline(secret) => secret.expose().to_owned(),
        };
        let how = format!("{:o} {} {} {content}", file.mode, file.uid, file.gid);
        fields.always(&format!("files.{}", file.target), &how);
    }
    for (key, value) in user_labels(&spec.labels) {
        fields.always(&format!("labels.{key}"), value);
    }
    let SharedNamespaces { pid, ipc, uts } = &spec.namespaces;
    for (name, mode) in [("pid", pid), ("ipc", ipc), ("uts", uts)] {
        if let Some(mode) = mode {
            fields.always(name, &mode.to_string());
        }
    }
    process_fields(&spec.process, &mut fields);
    for (name, value) in extra {
        fields.always(name, value);
    }
    fields.0
}

/// The fields of a network.
#[must_use]
pub fn network_fields(spec: &NetworkSpec) -> Fields {
    let mut fields = Collector(Fields::new());
    fields.unless_default("driver", &spec.driver);
    fields.unless_default("driver_opts", &spec.driver_options);
    fields.unless_default("internal", &spec.internal);
    fields.unless_default("attachable", &spec.attachable);
    fields.unless_default("enable_ipv4", &spec.ipv4);
    fields.unless_default("enable_ipv6", &spec.ipv6);
    fields.unless_default("ipam", &spec.ipam.subnets);
    fields.unless_default("ipam.driver", &spec.ipam.driver);
    fields.unless_default("ipam.options", &spec.ipam.options);
    for (key, value) in user_labels(&spec.labels) {
        fields.always(&format!("labels.{key}"), value);
    }
    fields.0
}

/// The fields of a volume; `extra` adds what its content was made for.
#[must_use]
pub fn volume_fields(spec: &VolumeSpec, extra: &[(&str, &str)]) -> Fields {
    let mut fields = Collector(Fields::new());
    fields.unless_default("driver", &spec.driver);
    fields.unless_default("driver_opts", &spec.driver_options);
    for (key, value) in user_labels(&spec.labels) {
        fields.always(&format!("labels.{key}"), value);
    }
    for (name, value) in extra {
        fields.always(name, value);
    }
    fields.0
}

fn user_labels(labels: &Labels) -> impl Iterator<Item = (&String, &String)> {
    labels.iter().filter(|(key, _)| {
        !key.starts_with("io.poststack.") && !key.starts_with("com.docker.compose.")
    })
}

fn process_fields(process: &Process, fields: &mut Collector) {
    for (name, value) in &process.environment {
        let value = value.as_ref().map_or("unset", |value| value.expose());
        fields.always(&format!("environment.{name}"), value);
    }
    let none = Process::default();
    macro_rules! each {
        ($($field:ident),* $(,)?) => {
            $(fields.unless_equal(stringify!($field), &process.$field, &none.$field);)*
        };
    }
    each!(
        entrypoint,
        command,
        user,
        never_root,
        working_dir,
        hostname,
        domainname,
        tty,
        stdin_open,
        init,
        privileged,
        read_only,
        ports,
        expose,
        healthcheck,
        restart,
        stop_signal,
        stop_grace_period,
        cap_add,
        cap_drop,
        security_opt,
        extra_hosts,
        devices,
        sysctls,
        ulimits,
        tmpfs,
        shm_size,
        logging,
        group_add,
        dns,
        dns_search,
        dns_options,
        device_requests,
        device_cgroup_rules,
        cgroup,
        cgroup_parent,
        userns_mode,
        runtime,
        storage_opt,
        annotations,
        external_links,
    );
    if let Some(seccomp) = &process.seccomp {
        fields.always("seccomp", &seccomp.profile);
    }
    resource_fields(&process.resources, fields);
}

fn resource_fields(resources: &Resources, fields: &mut Collector) {
    fields.unless_default("cpus", &resources.nano_cpus);
    fields.unless_default("memory", &resources.memory);
    fields.unless_default("memory_reservation", &resources.memory_reservation);
    fields.unless_default("memory_swap", &resources.memory_swap);
    fields.unless_default("pids_limit", &resources.pids);
    fields.unless_default("mem_swappiness", &resources.memory_swappiness);
    let CpuTime {
        shares,
        period,
        quota,
        realtime_period,
        realtime_runtime,
        set,
        count,
        percent,
    } = &resources.cpu;
    let numbers = [
        ("cpu_shares", shares),
        ("cpu_period", period),
        ("cpu_quota", quota),
        ("cpu_rt_period", realtime_period),
        ("cpu_rt_runtime", realtime_runtime),
        ("cpu_count", count),
        ("cpu_percent", percent),
    ];
    for (name, number) in numbers {
        fields.unless_default(name, number);
    }
    fields.unless_default("cpuset", set);
    let memory = &resources.out_of_memory;
    fields.unless_default("oom_kill_disable", &memory.kill_disable);
    fields.unless_default("oom_score_adj", &memory.score_adj);
    fields.unless_default("blkio_config", &resources.block_io);
}

struct Collector(Fields);

impl Collector {
    fn always(&mut self, name: &str, value: &str) {
        self.0.insert(name.to_owned(), short(value));
    }

    fn unless_equal<T: Debug + PartialEq>(&mut self, name: &str, value: &T, default: &T) {
        if value != default {
            self.always(name, &format!("{value:?}"));
        }
    }

    fn unless_default<T: Debug + PartialEq + Default>(&mut self, name: &str, value: &T) {
        self.unless_equal(name, value, &T::default());
    }
}

/// The hash of the whole definition.
#[must_use]
pub fn hash(fields: &Fields) -> String {
    sha256(&encode(fields))
}

/// `field=hash` pairs for the label; `,` and `=` cannot occur in a hash and are escaped in names.
#[must_use]
pub fn encode(fields: &Fields) -> String {
    let pairs: Vec<String> = fields
        .iter()
        .map(|(name, hash)| format!("{}={hash}", name.replace([',', '='], "_")))
        .collect();
    pairs.join(",")
}

/// Names of the fields that differ between a label made by [`encode`] and `fields`.
#[must_use]
pub fn changed(label: &str, fields: &Fields) -> Vec<String> {
    differing(label, &encode(fields))
}

/// Names of the fields that differ between two labels made by [`encode`].
#[must_use]
pub fn differing(before: &str, after: &str) -> Vec<String> {
    let pairs = |text: &str| -> BTreeMap<String, String> {
        text.split(',')
            .filter_map(|pair| pair.rsplit_once('='))
            .map(|(name, hash)| (name.to_owned(), hash.to_owned()))
            .collect()
    };
    unequal(&pairs(before), &pairs(after))
}

/// Names of the fields that differ.
#[must_use]
pub fn unequal(before: &Fields, after: &Fields) -> Vec<String> {
    let mut names: Vec<String> = before
        .keys()
        .chain(after.keys())
        .filter(|name| before.get(*name) != after.get(*name))
        .cloned()
        .collect();
    names.sort();
    names.dedup();
    names
}

#[cfg(test)]
mod tests;
