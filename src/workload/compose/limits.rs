//! Limits of processor, memory and block devices that stand in the service itself
//! (<https://github.com/compose-spec/compose-spec/blob/main/05-services.md#cpu_count>).

use std::collections::BTreeMap;

use super::casts;
use super::file::{File, Section};
use super::keys::Keys;
use crate::units;
use crate::workload::model::{BlockIo, CpuTime, OutOfMemory, Resources};
use crate::yaml::Node;

const BLKIO: Keys = Keys::only(&[
    "weight",
    "weight_device",
    "device_read_bps",
    "device_read_iops",
    "device_write_bps",
    "device_write_iops",
]);
const RATE: Keys = Keys::only(&["path", "rate"]);
const WEIGHT: Keys = Keys::only(&["path", "weight"]);

/// What Windows alone looks at; Linux has `cpus`.
const WINDOWS: [&str; 2] = ["cpu_count", "cpu_percent"];

pub(super) fn read(file: &mut File<'_>, service: &Section<'_>) -> Resources {
    Resources {
        nano_cpus: service.read(file, "cpus", casts::nano_cpus),
        memory: service.read(file, "mem_limit", casts::bytes),
        memory_reservation: service.read(file, "mem_reservation", casts::bytes),
        memory_swap: service.read(file, "memswap_limit", swap),
        memory_swappiness: service.read(file, "mem_swappiness", percent),
        pids: service.read(file, "pids_limit", pids),
        cpu: cpu(file, service),
        out_of_memory: OutOfMemory {
            kill_disable: service.read(file, "oom_kill_disable", casts::flag),
            score_adj: service.read(file, "oom_score_adj", |file, node, path| {
                file.decoder.integer(node, path, -1000..=1000)
            }),
        },
        block_io: service.read(file, "blkio_config", block_io),
    }
}

fn cpu(file: &mut File<'_>, service: &Section<'_>) -> CpuTime {
    for key in WINDOWS {
        if let Some(entry) = service.entry(key) {
            let message = format!("`{key}` limits containers on Windows only");
            let help = "write `cpus` for a limit on Linux";
            file.decoder.warning(entry.key_span, message).help = Some(help.to_owned());
        }
    }
    let whole = |file: &mut File<'_>, node: &Node, path: &str| casts::integer(file, node, path, 0);
    CpuTime {
        shares: service.read(file, "cpu_shares", whole),
        period: service.read(file, "cpu_period", microseconds),
        quota: service.read(file, "cpu_quota", microseconds),
        realtime_period: service.read(file, "cpu_rt_period", microseconds),
        realtime_runtime: service.read(file, "cpu_rt_runtime", microseconds),
        set: service.read(file, "cpuset", casts::string),
        count: service.read(file, "cpu_count", whole),
        percent: service
            .read(file, "cpu_percent", percent)
            .map(|percent| percent * 100),
    }
}

/// A number of CPUs is a quota of each period: no engine takes both.
pub(super) fn settle(file: &mut File<'_>, service: &Section<'_>, resources: &mut Resources) {
    if resources.nano_cpus.is_none() {
        return;
    }
    (resources.cpu.period, resources.cpu.quota) = (None, None);
    for key in ["cpu_quota", "cpu_period"] {
        if let Some(entry) = service.entry(key) {
            let message = format!("`{key}` is ignored: `cpus` says the same");
            let help = "keep `cpus`: it stands for `cpu_quota` divided by `cpu_period`";
            file.decoder.warning(entry.key_span, message).help = Some(help.to_owned());
        }
    }
}

/// A number of microseconds, or a duration such as `50ms`.
fn microseconds(file: &mut File<'_>, node: &Node, path: &str) -> Option<i64> {
    let text = file.decoder.text(node, path)?;
    if text.trim().parse::<i64>().is_ok() {
        return casts::integer(file, node, path, -1);
    }
    match units::duration(&text) {
        Ok(duration) => i64::try_from(duration.as_micros()).ok(),
        Err(_) => {
            let message = format!("`{path}` is no number of microseconds: `{text}`");
            file.fault(node.span, message, "write for instance `50000`, or `50ms`");
            None
        }
    }
}

fn percent(file: &mut File<'_>, node: &Node, path: &str) -> Option<i64> {
    file.decoder.integer(node, path, 0..=100)
}

/// A size, or `-1` for as much swap as the host has.
fn swap(file: &mut File<'_>, node: &Node, path: &str) -> Option<i64> {
    match node.as_scalar() {
        Some(scalar) if &*scalar.text == "-1" => Some(-1),
        _ => casts::bytes(file, node, path),
    }
}

/// `-1` is no limit.
pub(super) fn pids(file: &mut File<'_>, node: &Node, path: &str) -> Option<i64> {
    casts::integer(file, node, path, -1)
}

fn block_io(file: &mut File<'_>, node: &Node, path: &str) -> BlockIo {
    let Some(section) = Section::open(file, node, path, &BLKIO) else {
        return BlockIo::default();
    };
    let whole = |file: &mut File<'_>, node: &Node, path: &str| casts::integer(file, node, path, 0);
    let bytes = |file: &mut File<'_>, node: &Node, path: &str| {
        per_device(file, node, path, &RATE, casts::bytes)
    };
    let operations =
        |file: &mut File<'_>, node: &Node, path: &str| per_device(file, node, path, &RATE, whole);
    BlockIo {
        weight: section.read(file, "weight", weight),
        weight_device: section.read(file, "weight_device", |file, node, path| {
            per_device(file, node, path, &WEIGHT, weight)
        }),
        read_bytes: section.read(file, "device_read_bps", bytes),
        write_bytes: section.read(file, "device_write_bps", bytes),
        read_operations: section.read(file, "device_read_iops", operations),
        write_operations: section.read(file, "device_write_iops", operations),
    }
}

fn weight(file: &mut File<'_>, node: &Node, path: &str) -> Option<u16> {
    let weight = file.decoder.integer(node, path, 10..=1000)?;
    u16::try_from(weight).ok()
}

/// A list of mappings, each a `path` with the second of `keys`.
fn per_device<T>(
    file: &mut File<'_>,
    node: &Node,
    path: &str,
    keys: &'static Keys,
    read: impl Fn(&mut File<'_>, &Node, &str) -> Option<T>,
) -> BTreeMap<String, T> {
    let [_, key] = keys.read else {
        return BTreeMap::new();
    };
    let items = file.decoder.sequence(node, path).unwrap_or_default();
    let mut found = BTreeMap::new();
    for item in items {
        let Some(section) = Section::open(file, item, path, keys) else {
            continue;
        };
        section.required(file, item, "path", "a device file of the host");
        section.required(file, item, key, "a number");
        let device = section.read(file, "path", casts::string);
        let value = section.read(file, key, &read);
        if let (Some(device), Some(value)) = (device, value) {
            found.insert(device, value);
        }
    }
    found
}

#[cfg(test)]
mod tests;
