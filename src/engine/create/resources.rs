//! Limits and devices in the words of the engine's create call.

use std::collections::BTreeMap;

use bollard::models::{
    DeviceMapping, DeviceRequest as WireRequest, HostConfig, ResourcesBlkioWeightDevice,
    ResourcesUlimits, ThrottleDevice,
};

use super::super::network::some_map;
use super::list;
use crate::workload::model::{
    BlockIo, CpuTime, Device, DeviceRequest, OutOfMemory, Process, Resources, Ulimit,
};

/// The part of `process` that bounds what it may use; the rest is at its default.
pub(super) fn limits(process: &Process) -> HostConfig {
    let Resources {
        nano_cpus,
        memory,
        memory_reservation,
        memory_swap,
        memory_swappiness,
        pids,
        cpu,
        out_of_memory,
        block_io,
    } = &process.resources;
    let OutOfMemory {
        kill_disable,
        score_adj,
    } = out_of_memory;
    HostConfig {
        nano_cpus: *nano_cpus,
        memory: *memory,
        memory_reservation: *memory_reservation,
        memory_swap: *memory_swap,
        memory_swappiness: *memory_swappiness,
        pids_limit: *pids,
        oom_kill_disable: kill_disable.then_some(true),
        oom_score_adj: *score_adj,
        devices: Some(process.devices.iter().map(device).collect()),
        device_requests: requests(&process.device_requests),
        device_cgroup_rules: list(&process.device_cgroup_rules),
        ulimits: Some(process.ulimits.iter().map(ulimit).collect()),
        ..with_block_io(block_io, with_cpu(cpu))
    }
}

fn with_cpu(cpu: &CpuTime) -> HostConfig {
    HostConfig {
        cpu_shares: cpu.shares,
        cpu_period: cpu.period,
        cpu_quota: cpu.quota,
        cpu_realtime_period: cpu.realtime_period,
        cpu_realtime_runtime: cpu.realtime_runtime,
        cpuset_cpus: cpu.set.clone(),
        cpu_count: cpu.count,
        cpu_percent: cpu.percent,
        ..HostConfig::default()
    }
}

fn with_block_io(block_io: &BlockIo, host: HostConfig) -> HostConfig {
    let weights = block_io.weight_device.iter();
    let weights: Vec<_> = weights
        .map(|(path, weight)| ResourcesBlkioWeightDevice {
            path: Some(path.clone()),
            weight: Some(usize::from(*weight)),
        })
        .collect();
    HostConfig {
        blkio_weight: block_io.weight,
        blkio_weight_device: (!weights.is_empty()).then_some(weights),
        blkio_device_read_bps: rates(&block_io.read_bytes),
        blkio_device_write_bps: rates(&block_io.write_bytes),
        blkio_device_read_iops: rates(&block_io.read_operations),
        blkio_device_write_iops: rates(&block_io.write_operations),
        ..host
    }
}

fn rates(rates: &BTreeMap<String, i64>) -> Option<Vec<ThrottleDevice>> {
    let each = rates.iter().map(|(path, rate)| ThrottleDevice {
        path: Some(path.clone()),
        rate: Some(*rate),
    });
    (!rates.is_empty()).then(|| each.collect())
}

fn device(device: &Device) -> DeviceMapping {
    DeviceMapping {
        path_on_host: Some(device.host.clone()),
        path_in_container: Some(device.container.clone()),
        cgroup_permissions: Some(device.permissions.clone()),
    }
}

fn requests(requests: &[DeviceRequest]) -> Option<Vec<WireRequest>> {
    let each = requests.iter().map(|request| WireRequest {
        driver: request.driver.clone(),
        count: request.count,
        device_ids: list(&request.ids),
        capabilities: list(&request.capabilities).map(|all| vec![all]),
        options: some_map(&request.options),
    });
    (!requests.is_empty()).then(|| each.collect())
}

fn ulimit((name, limit): (&String, &Ulimit)) -> ResourcesUlimits {
    ResourcesUlimits {
        name: Some(name.clone()),
        soft: Some(limit.soft),
        hard: Some(limit.hard),
    }
}
