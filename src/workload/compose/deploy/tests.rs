use super::super::tests::{service, service_faults};
use super::*;

#[test]
fn limits_come_from_deploy_or_from_the_older_keys() {
    let expected = Resources {
        nano_cpus: Some(500_000_000),
        memory: Some(64 << 20),
        memory_reservation: Some(32 << 20),
        memory_swap: None,
        pids: Some(100),
    };
    let deploy = service(
        "deploy: {replicas: 1, resources: {limits: {cpus: '0.5', memory: 64M, pids: 100}, reservations: {memory: 32m}}}",
    );
    let older = service("cpus: 0.5\nmem_limit: 64m\nmem_reservation: 33554432\npids_limit: 100");
    assert_eq!(deploy.process.resources, expected);
    assert_eq!(older.process.resources, expected);
    assert_eq!(
        service("memswap_limit: -1").process.resources.memory_swap,
        Some(-1)
    );
}

#[test]
fn faults_of_limits() {
    insta::assert_snapshot!(service_faults("mem_limit: ${EMPTY}\ncpus: half\npids_limit: -2\nscale: 2"), @r##"
    error 4:16: `services.a.mem_limit`: `` is not a size in bytes: write for instance `64m` or `1.5g`
    error 5:11: `services.a.cpus` is no number of CPUs: `half`
      help: write a number such as `0.5`
    error 6:17: `services.a.pids_limit` is -2; it must lie in -1 … 9223372036854775807
    error 7:12: `services.a.scale` is 2; only 1 is supported yet
      help: write the service several times, with an anchor and `<<`
    "##);
    insta::assert_snapshot!(service_faults("mem_limit: 1g\ndeploy: {mode: global, replicas: 3, restart_policy: {}, resources: {limits: {memory: 2g}, reservations: {cpus: 1, devices: []}}}"), @r##"
    error 4:5: `mem_limit` and `deploy.resources.limits.memory` differ
      5:5: the other one is in here
      help: keep one of the two
    note 5:14: `mode` in `services.a.deploy` is ignored: every service runs as one container
    error 5:38: `services.a.deploy.replicas` is 3; only 1 is supported yet
      help: write the service several times, with an anchor and `<<`
    error 5:41: `restart_policy` in `services.a.deploy` is not supported yet
      help: write `restart` in the service
    note 5:110: `cpus` in `services.a.deploy.resources.reservations` is ignored: one engine reserves no CPUs
    error 5:119: `devices` in `services.a.deploy.resources.reservations` is not supported yet
    "##);
}
