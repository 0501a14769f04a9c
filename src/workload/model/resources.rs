//! What of the host a container may use: processor, memory, block devices, other devices.

use std::collections::BTreeMap;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Resources {
    /// Billionths of a CPU.
    pub nano_cpus: Option<i64>,
    /// Bytes.
    pub memory: Option<i64>,
    /// Bytes.
    pub memory_reservation: Option<i64>,
    /// Bytes of memory and swap together; `-1` is no limit.
    pub memory_swap: Option<i64>,
    /// Percent; 0 keeps everything in memory.
    pub memory_swappiness: Option<i64>,
    pub pids: Option<i64>,
    pub cpu: CpuTime,
    pub out_of_memory: OutOfMemory,
    pub block_io: BlockIo,
}

/// How a container shares the processors with others.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CpuTime {
    /// A weight beside those of other containers; 1024 is the usual one.
    pub shares: Option<i64>,
    /// Microseconds.
    pub period: Option<i64>,
    /// Microseconds of each period.
    pub quota: Option<i64>,
    /// Microseconds.
    pub realtime_period: Option<i64>,
    /// Microseconds of each period.
    pub realtime_runtime: Option<i64>,
    /// Which processors, for instance `0-2,5`.
    pub set: Option<String>,
    /// How many processors; an engine on Windows alone looks at it.
    pub count: Option<i64>,
    /// Hundredths of a percent; an engine on Windows alone looks at it.
    pub percent: Option<i64>,
}

/// What the kernel does when memory runs out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OutOfMemory {
    pub kill_disable: bool,
    /// -1000 … 1000: how gladly it is chosen.
    pub score_adj: Option<i64>,
}

/// Limits of reading and writing block devices.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BlockIo {
    /// 10 … 1000.
    pub weight: Option<u16>,
    /// Path of a device → its weight.
    pub weight_device: BTreeMap<String, u16>,
    /// Path of a device → bytes per second.
    pub read_bytes: BTreeMap<String, i64>,
    pub write_bytes: BTreeMap<String, i64>,
    /// Path of a device → operations per second.
    pub read_operations: BTreeMap<String, i64>,
    pub write_operations: BTreeMap<String, i64>,
}

/// A device file of the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    pub host: String,
    pub container: String,
    /// Some of `rwm`.
    pub permissions: String,
}

/// Devices that a driver of the engine chooses, such as GPUs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeviceRequest {
    pub driver: Option<String>,
    /// `-1` asks for all of them.
    pub count: Option<i64>,
    pub ids: Vec<String>,
    /// All of these.
    pub capabilities: Vec<String>,
    pub options: BTreeMap<String, String>,
}

impl DeviceRequest {
    /// The driver of devices that the Container Device Interface names.
    pub const CDI: &str = "cdi";
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ulimit {
    pub soft: i64,
    pub hard: i64,
}
