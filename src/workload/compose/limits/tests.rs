use super::super::tests::{service, service_faults};
use super::*;

#[test]
fn every_limit_of_a_processor_is_taken_over() {
    let resources = service(
        "cpu_shares: 73\ncpu_period: '50000'\ncpu_quota: 25ms\ncpu_rt_period: 1400us\ncpu_rt_runtime: 950\ncpuset: 0-1",
    )
    .process
    .resources;
    let expected = CpuTime {
        shares: Some(73),
        period: Some(50_000),
        quota: Some(25_000),
        realtime_period: Some(1400),
        realtime_runtime: Some(950),
        set: Some("0-1".to_owned()),
        ..CpuTime::default()
    };
    assert_eq!(resources.cpu, expected);
}

#[test]
fn every_limit_of_memory_is_taken_over() {
    let resources = service(
        "memswap_limit: 2g\nmem_swappiness: 0\noom_kill_disable: 'true'\noom_score_adj: -500\npids_limit: -1",
    )
    .process
    .resources;
    assert_eq!(resources.memory_swap, Some(2 << 30));
    assert_eq!(resources.memory_swappiness, Some(0), "0 is not the default");
    let expected = OutOfMemory {
        kill_disable: true,
        score_adj: Some(-500),
    };
    assert_eq!(resources.out_of_memory, expected);
    assert_eq!(resources.pids, Some(-1));
}

#[test]
fn block_devices_have_weights_and_rates() {
    let block_io = service(
        "blkio_config: {weight: 300, weight_device: [{path: /dev/sda, weight: 400}], device_read_bps: [{path: /dev/sdb, rate: 12mb}], device_read_iops: [{path: /dev/sdb, rate: 120}], device_write_bps: [{path: /dev/sdb, rate: 1024}], device_write_iops: [{path: /dev/sdb, rate: '30'}]}",
    )
    .process
    .resources
    .block_io;
    let on = |device: &str, rate: i64| BTreeMap::from([(device.to_owned(), rate)]);
    let expected = BlockIo {
        weight: Some(300),
        weight_device: BTreeMap::from([("/dev/sda".to_owned(), 400)]),
        read_bytes: on("/dev/sdb", 12 << 20),
        write_bytes: on("/dev/sdb", 1024),
        read_operations: on("/dev/sdb", 120),
        write_operations: on("/dev/sdb", 30),
    };
    assert_eq!(block_io, expected);
}

#[test]
fn what_limits_on_windows_only_is_told() {
    assert_eq!(
        service("cpu_percent: 50").process.resources.cpu.percent,
        Some(5000)
    );
    insta::assert_snapshot!(service_faults("cpu_count: 2"), @r##"
    warning 4:5: `cpu_count` limits containers on Windows only
      help: write `cpus` for a limit on Linux
    "##);
}

#[test]
fn faults_of_limits() {
    insta::assert_snapshot!(service_faults("
cpus: 1
cpu_quota: 5
cpu_period: half
mem_swappiness: 101
oom_score_adj: 2000
blkio_config: {weight: 5, device_read_bps: [{path: /dev/a}, {rate: 1}], weights: 1}
".trim()), @r"
    warning 5:5: `cpu_quota` is ignored: `cpus` says the same
      help: keep `cpus`: it stands for `cpu_quota` divided by `cpu_period`
    warning 6:5: `cpu_period` is ignored: `cpus` says the same
      help: keep `cpus`: it stands for `cpu_quota` divided by `cpu_period`
    error 6:17: `services.a.cpu_period` is no number of microseconds: `half`
      help: write for instance `50000`, or `50ms`
    error 7:21: `services.a.mem_swappiness` is 101; it must lie in 0 … 100
    error 8:20: `services.a.oom_score_adj` is 2000; it must lie in -1000 … 1000
    error 9:28: `services.a.blkio_config.weight` is 5; it must lie in 10 … 1000
    error 9:49: `services.a.blkio_config.device_read_bps` has an entry without `rate`
      help: add `rate`, a number
    error 9:65: `services.a.blkio_config.device_read_bps` has an entry without `path`
      help: add `path`, a device file of the host
    error 9:77: Unknown key `weights` in `services.a.blkio_config`
      help: did you mean `weight`?
    ");
}
