use super::*;
use crate::plan::spec::{Endpoint, MountsOf, NetworkAttachment};
use crate::workload::model::{DeviceRequest, OutOfMemory, Subnet};

fn spec(process: Process) -> ContainerSpec {
    ContainerSpec {
        name: "c".to_owned(),
        image: "i".to_owned(),
        platform: None,
        process,
        network: NetworkAttachment::Host,
        namespaces: SharedNamespaces::default(),
        mounts: Vec::new(),
        volumes_from: Vec::new(),
        files: Vec::new(),
        labels: Labels::new(),
    }
}

fn names(spec: &ContainerSpec) -> Vec<String> {
    fields(spec, &BTreeMap::new()).into_keys().collect()
}

#[test]
fn what_is_at_its_default_is_no_field() {
    assert_eq!(names(&spec(Process::default())), ["image", "network"]);
}

#[test]
fn a_field_is_named_as_in_the_compose_file() {
    let mut spec = spec(Process {
        cgroup_parent: Some("p".to_owned()),
        device_requests: vec![DeviceRequest::default()],
        runtime: Some("r".to_owned()),
        annotations: [("a".to_owned(), "b".to_owned())].into(),
        resources: Resources {
            memory_swappiness: Some(0),
            cpu: CpuTime {
                shares: Some(1),
                set: Some("0".to_owned()),
                ..CpuTime::default()
            },
            out_of_memory: OutOfMemory {
                kill_disable: true,
                score_adj: Some(1),
            },
            ..Resources::default()
        },
        ..Process::default()
    });
    spec.volumes_from = vec![MountsOf {
        container: "other".to_owned(),
        read_only: true,
    }];
    assert_eq!(
        names(&spec),
        [
            "annotations",
            "cgroup_parent",
            "cpu_shares",
            "cpuset",
            "device_requests",
            "image",
            "mem_swappiness",
            "network",
            "oom_kill_disable",
            "oom_score_adj",
            "runtime",
            "volumes_from.other"
        ]
    );
    assert_eq!(spec.lives_in().collect::<Vec<_>>(), [("volumes", "other")]);
}

/// Their text is hashed: with other words every container made before would be made anew.
#[test]
fn the_text_of_networks_is_the_same_as_ever() {
    let endpoint = Endpoint {
        network: "n".to_owned(),
        ..Endpoint::default()
    };
    assert_eq!(
        format!("{:?}", NetworkAttachment::Networks(vec![endpoint])),
        r#"Networks([Endpoint { network: "n", aliases: [], ipv4_address: None, ipv6_address: None, mac_address: None, driver_options: {} }])"#
    );
    assert_eq!(
        format!("{:?}", Subnet::default()),
        "Subnet { subnet: None, gateway: None, ip_range: None }"
    );
}
