//! Rarer keys of a service, as the engine shows the container afterwards.

use poststack::engine::{EngineError, EngineKind};
use poststack::plan::spec::{
    ContainerSpec, Endpoint, MountSpec, MountSpecSource, MountsOf, NetworkAttachment,
};
use poststack::workload::model::{
    BlockIo, CpuTime, DeviceRequest, ExternalLink, OutOfMemory, Subnet,
};
use serde_json::{Value, json};

use super::{Scratch, on_each_engine};

/// The engine's own account of a container, by its program.
fn inspect(scratch: &Scratch<'_>, kind: &str, name: &str) -> Value {
    let program = match scratch.engine.kind {
        EngineKind::Docker => "docker",
        EngineKind::Podman => "podman",
    };
    let output = std::process::Command::new(program)
        .args([kind, "inspect", name])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let mut all: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    all.remove(0)
}

fn host_config(scratch: &Scratch<'_>, name: &str) -> Value {
    inspect(scratch, "container", name)["HostConfig"].clone()
}

#[test]
fn limits_of_processor_memory_and_block_devices_reach_the_engine() {
    on_each_engine("limits", async |scratch| {
        let mut spec = scratch.container("a", "true");
        let resources = &mut spec.process.resources;
        resources.cpu = CpuTime {
            shares: Some(73),
            period: Some(50_000),
            quota: Some(25_000),
            set: Some("0".to_owned()),
            ..CpuTime::default()
        };
        resources.memory = Some(64 << 20);
        resources.memory_reservation = Some(32 << 20);
        resources.memory_swap = Some(128 << 20);
        resources.memory_swappiness = Some(10);
        resources.out_of_memory = OutOfMemory {
            kill_disable: true,
            score_adj: Some(321),
        };
        resources.pids = Some(77);
        resources.block_io = BlockIo {
            read_bytes: [("/dev/null".to_owned(), 1 << 20)].into(),
            ..BlockIo::default()
        };
        scratch.create(&spec).await;
        let host = host_config(scratch, &spec.name);
        for (key, value) in [
            ("CpuShares", json!(73)),
            ("CpuPeriod", json!(50_000)),
            ("CpuQuota", json!(25_000)),
            ("CpusetCpus", json!("0")),
            ("Memory", json!(64 << 20)),
            ("MemoryReservation", json!(32 << 20)),
            ("MemorySwap", json!(128 << 20)),
            ("MemorySwappiness", json!(10)),
            ("OomKillDisable", json!(true)),
            ("OomScoreAdj", json!(321)),
            ("PidsLimit", json!(77)),
        ] {
            assert_eq!(host[key], value, "{key} on {}", scratch.engine.kind);
        }
        assert_eq!(host["BlkioDeviceReadBps"][0]["Rate"], 1 << 20);
    });
}

#[test]
fn swap_without_limit_is_that_on_both_engines() {
    on_each_engine("swap", async |scratch| {
        let script = "cat /sys/fs/cgroup/memory/memory.memsw.limit_in_bytes 2>/dev/null \
                      || cat /sys/fs/cgroup/memory.swap.max";
        let mut spec = scratch.container("a", script);
        spec.process.resources.memory = Some(64 << 20);
        spec.process.resources.memory_swap = Some(-1);
        let (code, lines) = scratch.finish(&spec).await;
        let unlimited = lines[0] == "max" || lines[0].parse::<i64>().unwrap() >= 1 << 60;
        assert!(code == 0 && unlimited, "{lines:?}");
    });
}

#[test]
fn what_surrounds_a_container_reaches_the_engine() {
    on_each_engine("around", async |scratch| {
        let script = "cat /proc/self/oom_score_adj; id -G; cat /etc/resolv.conf; \
                      grep -q ' /proc/sys ' /proc/mounts && echo hidden || echo seen";
        let mut spec = scratch.container("a", script);
        let process = &mut spec.process;
        process.userns_mode = Some("host".to_owned());
        process.cgroup_parent = Some("/keys-test".to_owned());
        process.group_add = vec!["audio".to_owned(), "1234".to_owned()];
        process.dns = vec!["10.9.8.7".to_owned()];
        process.dns_search = vec!["example.test".to_owned()];
        process.dns_options = vec!["ndots:3".to_owned()];
        process.security_opt = vec!["systempaths=unconfined".to_owned()];
        process.resources.out_of_memory.score_adj = Some(321);
        let (code, lines) = scratch.finish(&spec).await;
        assert_eq!(code, 0);
        let expected = [
            "321",
            "0 29 1234",
            "search example.test",
            "nameserver 10.9.8.7",
            "options ndots:3",
            "seen",
        ];
        assert_eq!(lines, expected);
        let host = host_config(scratch, &spec.name);
        assert_eq!(host["CgroupParent"], "/keys-test");
    });
}

#[test]
fn what_docker_discards_is_a_warning() {
    on_each_engine("warned", async |scratch| {
        if scratch.engine.kind == EngineKind::Podman {
            return;
        }
        let mut spec = scratch.container("a", "true");
        spec.process.resources.block_io.weight = Some(300);
        let created = scratch.engine.create_container(&spec).await.unwrap();
        let host = host_config(scratch, &spec.name);
        let told = (created.warnings.iter()).any(|text| text.contains("weight"));
        assert!(told || host["BlkioWeight"] == 300, "{:?}", created.warnings);
    });
}

#[test]
fn a_key_that_the_engine_ignores_is_told() {
    on_each_engine("ignored", async |scratch| {
        scratch
            .engine
            .create_network(&scratch.network("n"))
            .await
            .unwrap();
        let mut spec = scratch.container("a", "true");
        spec.process.annotations = [("a".to_owned(), "b".to_owned())].into();
        spec.process.cgroup = Some("private".to_owned());
        spec.network = NetworkAttachment::Networks(vec![Endpoint {
            link_local_ips: vec!["169.254.8.1".to_owned()],
            ..scratch.endpoint("n", "x")
        }]);
        let created = scratch.engine.create_container(&spec).await.unwrap();
        let tell = |key: &str| {
            format!(
                "container `{}`: `{key}` has no effect on {}",
                spec.name, scratch.engine
            )
        };
        let network = inspect(scratch, "container", &spec.name)["NetworkSettings"]["Networks"]
            [scratch.name("n")]
        .clone();
        match scratch.engine.kind {
            EngineKind::Docker => {
                assert_eq!(created.warnings, [tell("annotations")]);
                let host = host_config(scratch, &spec.name);
                assert_eq!(host["CgroupnsMode"], "private");
                assert_eq!(
                    network["IPAMConfig"]["LinkLocalIPs"],
                    json!(["169.254.8.1"])
                );
            }
            EngineKind::Podman => assert_eq!(
                created.warnings,
                ["annotations", "cgroup", "link_local_ips"].map(tell)
            ),
        }
    });
}

/// What the engine says to this container; it must not make it.
async fn refused(scratch: &Scratch<'_>, spec: &ContainerSpec) -> String {
    let error = scratch.engine.create_container(spec).await.unwrap_err();
    assert!(scratch.engine.inspect(&spec.name).await.unwrap().is_none());
    match &error {
        EngineError::Unsupported { hint, .. } => format!("{error}; {hint}"),
        _ => error.to_string(),
    }
}

#[test]
fn devices_are_requested_of_the_engine_or_refused_with_a_reason() {
    on_each_engine("request", async |scratch| {
        let mut spec = scratch.container("a", "true");
        spec.process.device_requests = vec![DeviceRequest {
            count: Some(-1),
            capabilities: vec!["gpu".to_owned()],
            ..DeviceRequest::default()
        }];
        match scratch.engine.kind {
            // Which driver there is shows at the start.
            EngineKind::Docker => {
                scratch.create(&spec).await;
                let request = &host_config(scratch, &spec.name)["DeviceRequests"][0];
                assert_eq!(request["Count"], -1);
                assert_eq!(request["Capabilities"], json!([["gpu"]]));
                let error = scratch.engine.start(&spec.name).await.unwrap_err();
                assert!(error.to_string().contains("device driver"), "{error}");
            }
            EngineKind::Podman => {
                let said = refused(scratch, &spec).await;
                assert!(said.contains("no devices can be requested"), "{said}");
                assert!(said.ends_with("name their files under `devices`"), "{said}");
            }
        }
    });
}

#[test]
fn rules_for_devices_and_a_runtime_reach_docker_and_are_refused_by_podman() {
    on_each_engine("rules", async |scratch| {
        let mut ruled = scratch.container("a", "true");
        ruled.process.device_cgroup_rules = vec!["c 1:3 mr".to_owned()];
        let mut run = scratch.container("b", "true");
        run.process.runtime = Some("runc".to_owned());
        match scratch.engine.kind {
            EngineKind::Docker => {
                scratch.create(&ruled).await;
                scratch.create(&run).await;
                let rules = &host_config(scratch, &ruled.name)["DeviceCgroupRules"];
                assert_eq!(rules, &json!(["c 1:3 mr"]));
                assert_eq!(host_config(scratch, &run.name)["Runtime"], "runc");
            }
            EngineKind::Podman => {
                let said = refused(scratch, &ruled).await;
                assert!(
                    said.contains("`device_cgroup_rules` are not taken"),
                    "{said}"
                );
                let said = refused(scratch, &run).await;
                assert!(said.contains("containers.conf"), "{said}");
            }
        }
    });
}

#[test]
fn a_hardware_address_is_that_of_its_network() {
    on_each_engine("mac", async |scratch| {
        for suffix in ["one", "two"] {
            let network = scratch.network(suffix);
            scratch.engine.create_network(&network).await.unwrap();
        }
        let mut spec = scratch.container("a", "cat /sys/class/net/eth0/address");
        let mac = |suffix: &str, mac: &str| Endpoint {
            mac_address: Some(mac.to_owned()),
            ..scratch.endpoint(suffix, "x")
        };
        let first = mac("one", "02:42:ac:11:22:33");
        spec.network =
            NetworkAttachment::Networks(vec![first.clone(), scratch.endpoint("two", "y")]);
        let (_, lines) = scratch.finish(&spec).await;
        assert_eq!(lines, ["02:42:ac:11:22:33"]);

        let mut both = scratch.container("b", "true");
        both.network = NetworkAttachment::Networks(vec![first, mac("two", "02:42:ac:11:22:34")]);
        match scratch.engine.kind {
            EngineKind::Podman => drop(scratch.create(&both).await),
            EngineKind::Docker => {
                let said = refused(scratch, &both).await;
                assert!(said.contains("only the first network"), "{said}");
            }
        }
    });
}

#[test]
fn the_mounts_of_another_container_are_there_too() {
    on_each_engine("from", async |scratch| {
        let mut owner = scratch.container("owner", "echo kept > /data/x");
        owner.mounts = vec![MountSpec {
            source: MountSpecSource::Anonymous,
            target: "/data".to_owned(),
            read_only: false,
        }];
        scratch.finish(&owner).await;
        for (suffix, read_only, last) in [("ro", true, "refused"), ("rw", false, "wrote")] {
            let script = "cat /data/x; (touch /data/y) 2>/dev/null && echo wrote || echo refused";
            let mut spec = scratch.container(suffix, script);
            spec.volumes_from = vec![MountsOf {
                container: owner.name.clone(),
                read_only,
            }];
            let (_, lines) = scratch.finish(&spec).await;
            assert_eq!(lines, ["kept", last]);
        }
    });
}

#[test]
fn a_link_to_a_container_elsewhere_is_a_name_for_it() {
    on_each_engine("linked", async |scratch| {
        scratch
            .engine
            .create_network(&scratch.network("n"))
            .await
            .unwrap();
        let mut other = scratch.container("other", "sleep 60");
        other.network = NetworkAttachment::Networks(vec![scratch.endpoint("n", "unused")]);
        let id = scratch.run(&other).await;
        let inspected = scratch.engine.inspect(&id).await.unwrap().unwrap();
        let address = &inspected.addresses[&scratch.name("n")];
        let link = ExternalLink {
            container: other.name.clone(),
            alias: "database".to_owned(),
        };
        let mut spec = scratch.container("a", "getent hosts database | cut -d' ' -f1");
        spec.process.external_links = vec![link.clone()];
        spec.network = NetworkAttachment::Networks(vec![Endpoint {
            links: vec![link],
            ..scratch.endpoint("n", "a")
        }]);
        let (_, lines) = scratch.finish(&spec).await;
        assert_eq!(lines, [address.as_str()]);
    });
}

#[test]
fn podman_needs_a_linked_container_in_a_network_of_both() {
    on_each_engine("unlinked", async |scratch| {
        if scratch.engine.kind == EngineKind::Docker {
            return;
        }
        let mut spec = scratch.container("a", "true");
        let link = |container: &str| ExternalLink {
            container: container.to_owned(),
            alias: "database".to_owned(),
        };
        spec.process.external_links = vec![link("engine-nobody")];
        let said = refused(scratch, &spec).await;
        assert!(said.contains("no container `engine-nobody`"), "{said}");
        let other = scratch.container("other", "sleep 60");
        scratch.run(&other).await;
        spec.process.external_links = vec![link(&other.name)];
        let said = refused(scratch, &spec).await;
        assert!(said.contains("runs in no network of this one"), "{said}");
        assert!(said.contains("join its network"), "{said}");
    });
}

#[test]
fn a_network_has_the_addresses_it_asks_for() {
    on_each_engine("ipam", async |scratch| {
        let mut network = scratch.network("n");
        let number = if scratch.engine.kind == EngineKind::Docker {
            61
        } else {
            62
        };
        network.ipam.subnets = vec![Subnet {
            subnet: Some(format!("10.199.{number}.0/24")),
            gateway: Some(format!("10.199.{number}.254")),
            ip_range: Some(format!("10.199.{number}.128/25")),
            aux_addresses: [("router".to_owned(), format!("10.199.{number}.129"))].into(),
        }];
        network.driver_options = [(
            "com.docker.network.driver.mtu".to_owned(),
            "1400".to_owned(),
        )]
        .into();
        let warnings = scratch.engine.create_network(&network).await.unwrap();
        let script = "hostname -I; cat /sys/class/net/eth0/mtu";
        let mut spec = scratch.container("a", script);
        spec.network = NetworkAttachment::Networks(vec![scratch.endpoint("n", "a")]);
        let (_, lines) = scratch.finish(&spec).await;
        let address: std::net::Ipv4Addr = lines[0].trim().parse().unwrap();
        assert!(address.octets()[3] >= 128, "{address}");
        assert_eq!(lines[1], "1400");
        match scratch.engine.kind {
            EngineKind::Docker => {
                assert_eq!(warnings, [""; 0]);
                assert_ne!(address.octets()[3], 129, "it is the router's");
            }
            EngineKind::Podman => assert_eq!(
                warnings,
                [format!(
                    "network `{}`: `ipam.config.aux_addresses` has no effect on {}",
                    network.name, scratch.engine
                )]
            ),
        }
    });
}
