use super::super::tests::{service, service_faults};
use super::*;

#[test]
fn limits_come_from_deploy_or_from_the_older_keys() {
    let expected = Resources {
        nano_cpus: Some(500_000_000),
        memory: Some(64 << 20),
        memory_reservation: Some(32 << 20),
        pids: Some(100),
        ..Resources::default()
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
    insta::assert_snapshot!(service_faults("mem_limit: ${EMPTY}\ncpus: half\npids_limit: -2"), @r##"
    error 4:16: `services.a.mem_limit`: `` is not a size in bytes: write for instance `64m` or `1.5g`
    error 5:11: `services.a.cpus` is no number of CPUs: `half`
      help: write a number such as `0.5`
    error 6:17: `services.a.pids_limit` is -2; it must lie in -1 … 9223372036854775807
    "##);
    insta::assert_snapshot!(service_faults("mem_limit: 1g\ndeploy: {mode: global, replicas: 3, restart_policy: {}, resources: {limits: {memory: 2g}, reservations: {cpus: 1, devices: []}}}"), @r"
    error 4:5: `mem_limit` and `deploy.resources.limits.memory` differ
      5:5: the other one is in here
      help: keep one of the two
    note 5:14: `mode` in `services.a.deploy` is ignored: there is one host
    note 5:57: `services.a.deploy.restart_policy` has no `condition`: it is `any`, by the specification
      help: Docker Compose restarts nothing then; write the condition
    note 5:110: `cpus` in `services.a.deploy.resources.reservations` is ignored: one engine reserves no CPUs
    ");
}

fn restart(lines: &str) -> Restart {
    service(lines).process.restart
}

#[test]
fn the_restart_policy_of_deploy_counts_before_restart() {
    let failure = |max_retries| Restart::OnFailure { max_retries };
    for (lines, expected) in [
        ("deploy: {restart_policy: {condition: none}}", Restart::No),
        (
            "deploy: {restart_policy: {condition: any}}",
            Restart::Always,
        ),
        ("deploy: {restart_policy: {}}", Restart::Always),
        (
            "deploy: {restart_policy: {condition: on-failure}}",
            failure(None),
        ),
        (
            "deploy: {restart_policy: {condition: on-failure, max_attempts: '3'}}",
            failure(Some(3)),
        ),
        (
            "restart: always\ndeploy: {restart_policy: {condition: on-failure}}",
            failure(None),
        ),
        ("restart: always\ndeploy: {replicas: 1}", Restart::Always),
    ] {
        assert_eq!(restart(lines), expected, "{lines}");
    }
}

#[test]
fn what_a_restart_policy_cannot_do_is_told() {
    insta::assert_snapshot!(service_faults("restart: always\ndeploy: {restart_policy: {condition: none, delay: 5s, window: 1m}}"), @r"
    warning 4:5: `restart` is ignored: `deploy.restart_policy` counts before it
      help: keep one of the two
    note 5:48: `delay` in `services.a.deploy.restart_policy` is ignored: the engine waits longer before each restart
    note 5:59: `window` in `services.a.deploy.restart_policy` is ignored: the engine counts a start as a success after ten seconds
    ");
    insta::assert_snapshot!(service_faults("deploy: {restart_policy: {max_attempts: 3}}"), @r"
    note 4:30: `services.a.deploy.restart_policy` has no `condition`: it is `any`, by the specification
      help: Docker Compose restarts nothing then; write the condition
    warning 4:31: `max_attempts` is ignored: engines count attempts after a failure only
      help: write `condition: on-failure`
    ");
    insta::assert_snapshot!(service_faults("deploy: {restart_policy: {condition: sometimes, max_attempts: -1}}"), @r"
    note 4:30: `services.a.deploy.restart_policy` has no `condition`: it is `any`, by the specification
      help: Docker Compose restarts nothing then; write the condition
    error 4:42: `services.a.deploy.restart_policy.condition` is `sometimes`
      help: write one of: none, on-failure, any, no, always, unless-stopped
    warning 4:53: `max_attempts` is ignored: engines count attempts after a failure only
      help: write `condition: on-failure`
    error 4:67: `services.a.deploy.restart_policy.max_attempts` is -1; it must lie in 0 … 4294967295
    ");
}
