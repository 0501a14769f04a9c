//! What of the host a service of the Compose file may use.

use std::collections::BTreeMap;

use super::service::texts;
use crate::export::document::{Map, Node};
use crate::workload::model::{BlockIo, DeviceRequest, Process, Ulimit};

/// Adds limits and devices.
pub fn put(process: &Process, map: &mut Map) {
    let resources = &process.resources;
    map.put_some("cpus", resources.nano_cpus.map(cpus));
    map.put_some("mem_limit", resources.memory.map(bytes));
    map.put_some("mem_reservation", resources.memory_reservation.map(bytes));
    let swap = |limit: i64| match limit {
        -1 => Node::Number(-1),
        limit => bytes(limit).into(),
    };
    map.put_some("memswap_limit", resources.memory_swap.map(swap));
    map.put_some("mem_swappiness", resources.memory_swappiness);
    map.put_some("pids_limit", resources.pids);
    let cpu = &resources.cpu;
    let numbers = [
        ("cpu_shares", cpu.shares),
        ("cpu_period", cpu.period),
        ("cpu_quota", cpu.quota),
        ("cpu_rt_period", cpu.realtime_period),
        ("cpu_rt_runtime", cpu.realtime_runtime),
        ("cpu_count", cpu.count),
        ("cpu_percent", cpu.percent),
    ];
    for (key, number) in numbers {
        map.put_some(key, number);
    }
    map.put_some("cpuset", cpu.set.clone());
    map.put_flag("oom_kill_disable", resources.out_of_memory.kill_disable);
    map.put_some("oom_score_adj", resources.out_of_memory.score_adj);
    map.put_some("blkio_config", Some(block_io(&resources.block_io)));
    map.put_some("ulimits", Some(ulimits(&process.ulimits)));
    map.put_some("shm_size", process.shm_size.map(bytes));
    let devices = process.devices.iter();
    let devices = devices.map(|one| format!("{}:{}:{}", one.host, one.container, one.permissions));
    let (named, asked): (Vec<_>, Vec<_>) = process
        .device_requests
        .iter()
        .partition(|one| one.driver.as_deref() == Some(DeviceRequest::CDI));
    let named = named.into_iter().flat_map(|one| one.ids.clone());
    map.put_some("devices", Some(devices.chain(named).collect::<Vec<_>>()));
    let rules = process.device_cgroup_rules.clone();
    map.put_some("device_cgroup_rules", Some(rules));
    let asked: Vec<Map> = asked.into_iter().map(device_request).collect();
    if !asked.is_empty() {
        let reserved = Map::new().with("devices", asked);
        let resources = Map::new().with("reservations", reserved);
        map.put("deploy", Map::new().with("resources", resources));
    }
}

/// <https://github.com/compose-spec/compose-spec/blob/main/11-extension.md#specifying-byte-values>
pub fn bytes(number: i64) -> String {
    format!("{number}b")
}

/// Billionths as a decimal number.
pub fn cpus(billionths: i64) -> String {
    let text = format!(
        "{}.{:09}",
        billionths / 1_000_000_000,
        billionths % 1_000_000_000
    );
    let text = text.trim_end_matches('0');
    text.trim_end_matches('.').to_owned()
}

pub fn ulimits(limits: &BTreeMap<String, Ulimit>) -> Map {
    let limits = limits.iter().map(|(name, limit)| {
        let both = Map::new().with("soft", limit.soft).with("hard", limit.hard);
        (name.clone(), both)
    });
    limits.collect()
}

fn block_io(limits: &BlockIo) -> Map {
    let mut map = Map::new();
    map.put_some("weight", limits.weight);
    let weights = limits.weight_device.iter();
    let weights = weights.map(|(path, weight)| {
        Map::new()
            .with("path", path.as_str())
            .with("weight", *weight)
    });
    map.put_some("weight_device", Some(weights.collect::<Vec<_>>()));
    let rates = [
        ("device_read_bps", &limits.read_bytes),
        ("device_write_bps", &limits.write_bytes),
        ("device_read_iops", &limits.read_operations),
        ("device_write_iops", &limits.write_operations),
    ];
    for (key, rates) in rates {
        let rates = rates.iter();
        let rates =
            rates.map(|(path, rate)| Map::new().with("path", path.as_str()).with("rate", *rate));
        map.put_some(key, Some(rates.collect::<Vec<_>>()));
    }
    map
}

fn device_request(request: &DeviceRequest) -> Map {
    let mut map = Map::new();
    map.put_some("driver", request.driver.clone());
    let count = |count: i64| match count {
        -1 => Node::from("all"),
        count => Node::Number(count),
    };
    map.put_some("count", request.count.map(count));
    map.put_some("device_ids", Some(request.ids.clone()));
    map.put("capabilities", request.capabilities.clone());
    map.put_some("options", Some(texts(&request.options)));
    map
}
