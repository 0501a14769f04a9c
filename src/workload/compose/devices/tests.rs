use super::super::tests::{service, service_faults};
use super::*;

#[test]
fn a_device_has_two_forms() {
    let devices = service(
        "devices: [/dev/a, '/dev/b:/dev/c', '/dev/d:/dev/e:r', {source: /dev/f, permissions: w}]",
    )
    .process
    .devices;
    let devices: Vec<_> = devices
        .iter()
        .map(|one| format!("{} {} {}", one.host, one.container, one.permissions))
        .collect();
    assert_eq!(
        devices,
        [
            "/dev/a /dev/a rwm",
            "/dev/b /dev/c rwm",
            "/dev/d /dev/e r",
            "/dev/f /dev/f w"
        ]
    );
}

#[test]
fn names_of_the_device_interface_become_one_request() {
    let process =
        service("devices: [/dev/a, 'nvidia.com/gpu=0', {source: vendor.com/net=card}]").process;
    assert_eq!(process.devices.len(), 1);
    let expected = DeviceRequest {
        driver: Some("cdi".to_owned()),
        ids: vec![
            "nvidia.com/gpu=0".to_owned(),
            "vendor.com/net=card".to_owned(),
        ],
        ..DeviceRequest::default()
    };
    assert_eq!(process.device_requests, [expected]);
}

#[test]
fn gpus_are_requested_in_three_ways() {
    let gpu = |count, ids: &[&str]| DeviceRequest {
        count,
        ids: ids.iter().map(|id| (*id).to_owned()).collect(),
        capabilities: vec!["gpu".to_owned()],
        ..DeviceRequest::default()
    };
    let reserved =
        |device: &str| format!("deploy: {{resources: {{reservations: {{devices: [{device}]}}}}}}");
    for (text, expected) in [
        ("gpus: all".to_owned(), gpu(Some(-1), &[])),
        ("gpus: [{count: 2}]".to_owned(), gpu(Some(2), &[])),
        (
            "gpus: [{device_ids: ['0', '3']}]".to_owned(),
            gpu(None, &["0", "3"]),
        ),
        (
            reserved("{capabilities: [gpu], count: all}"),
            gpu(Some(-1), &[]),
        ),
        (reserved("{capabilities: [gpu]}"), gpu(Some(-1), &[])),
    ] {
        assert_eq!(service(&text).process.device_requests, [expected], "{text}");
    }
    let request = service(&reserved(
        "{driver: nvidia, capabilities: [gpu, utility], options: {v: 1}}",
    ));
    let request = &request.process.device_requests[0];
    assert_eq!(request.driver.as_deref(), Some("nvidia"));
    assert_eq!(request.capabilities, ["gpu", "utility"]);
    assert_eq!(request.options["v"], "1");
}

#[test]
fn rules_for_devices_are_passed_on() {
    let process = service("device_cgroup_rules: ['c 1:3 mr', 'a 7:* rmw']").process;
    assert_eq!(process.device_cgroup_rules, ["c 1:3 mr", "a 7:* rmw"]);
}

#[test]
fn faults_of_devices() {
    insta::assert_snapshot!(service_faults("
devices: ['a:b', '/dev/a:/dev/b:x', {target: /x}, '/a:/b:r:w']
device_cgroup_rules: ['c 1 mr', 'x 1:1 r']
gpus: some
deploy: {resources: {reservations: {devices: [{count: 1, device_ids: ['0']}, {capabilities: [gpu], count: few}]}}}
".trim()), @r"
    error 4:15: `a:b` is no device
      help: both sides are absolute paths
    error 4:22: `x` are no permissions of a device
      help: write some of the letters `rwm`
    error 4:41: `services.a.devices` has an entry without `source`
      help: add `source`, a device of the host
    error 4:55: `/a:/b:r:w` has too many parts for a device
      help: write `host[:container[:permissions]]`
    error 5:27: `c 1 mr` is no rule for devices
      help: write kind, numbers and permissions, for instance `c 1:3 mr`
    error 5:37: `x 1:1 r` is no rule for devices
      help: write kind, numbers and permissions, for instance `c 1:3 mr`
    error 6:11: `services.a.gpus` is `some`
      help: write one of: all
    error 7:51: `services.a.deploy.resources.reservations.devices` has an entry without `capabilities`
      help: add for instance `capabilities: [gpu]`
    error 7:52: `count` and `device_ids` exclude each other
      help: keep one of the two
    error 7:111: `services.a.deploy.resources.reservations.devices.count` must be a whole number, this is a string
    ");
}
