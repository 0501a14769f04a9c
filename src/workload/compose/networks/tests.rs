use super::super::tests::{faults, workload};
use super::*;

fn network_of(text: &str) -> ServiceNetwork {
    workload(text).services.remove(0).network
}

fn joined(names: &[&str]) -> ServiceNetwork {
    let attachment = |name: &&str| Attachment {
        network: (*name).to_owned(),
        ..Attachment::default()
    };
    ServiceNetwork::Networks(names.iter().map(attachment).collect())
}

#[test]
fn a_service_joins_the_default_network_unless_it_says_otherwise() {
    for text in [
        "services: {a: {image: x}}",
        "services: {a: {image: x, networks: []}}",
        "services: {a: {image: x, network_mode: $EMPTY}}",
    ] {
        assert_eq!(network_of(text), joined(&["default"]), "{text}");
        assert!(workload(text).networks.contains_key("default"), "{text}");
    }
}

#[test]
fn networks_come_by_priority_and_then_by_name() {
    let text = "networks: {a: , b: , c: }\nservices: {s: {image: x, networks: {b: , a: , c: {priority: 10}}}}";
    assert_eq!(network_of(text), joined(&["c", "a", "b"]));
}

#[test]
fn an_attachment_keeps_what_it_declares() {
    let text = "networks: {n: }\nservices: {s: {image: x, networks: {n: {aliases: [one, two], ipv4_address: 10.0.0.2, ipv6_address: 'fd00::2', mac_address: '02:42:ac:11:00:02', link_local_ips: [169.254.8.1], interface_name: lan0, gw_priority: 1, driver_opts: {k: 1}}}}}";
    let ServiceNetwork::Networks(networks) = network_of(text) else {
        panic!()
    };
    let expected = Attachment {
        network: "n".to_owned(),
        aliases: vec!["one".to_owned(), "two".to_owned()],
        ipv4_address: Some("10.0.0.2".to_owned()),
        ipv6_address: Some("fd00::2".to_owned()),
        link_local_ips: vec!["169.254.8.1".to_owned()],
        mac_address: Some("02:42:ac:11:00:02".to_owned()),
        interface_name: Some("lan0".to_owned()),
        gateway_priority: Some(1),
        driver_options: [("k".to_owned(), "1".to_owned())].into(),
    };
    assert_eq!(networks, [expected]);
}

#[test]
fn a_network_mode_leaves_the_networks() {
    let text = |mode: &str| {
        format!("services: {{s: {{image: x, network_mode: '{mode}'}}, t: {{image: x}}}}")
    };
    assert_eq!(network_of(&text("host")), ServiceNetwork::Host);
    assert_eq!(network_of(&text("none")), ServiceNetwork::None);
    assert_eq!(network_of(&text("bridge")), ServiceNetwork::Bridge);
    assert_eq!(
        network_of(&text("container:c")),
        ServiceNetwork::Container("c".to_owned())
    );
    let shared = workload(&text("service:t")).services.remove(1);
    assert_eq!(shared.network, ServiceNetwork::Service("t".to_owned()));
    assert_eq!(shared.depends_on[0].service, "t");
}

#[test]
fn only_used_networks_and_volumes_remain_with_their_options() {
    let workload = workload("
networks:
  default: {driver: bridge, driver_opts: {mtu: 1400}, internal: true, labels: [l=1], enable_ipv6: false, attachable: 'true'}
  out: {external: true}
  old: {external: {name: legacy}}
  net: {name: given, ipam: {driver: default, config: [{subnet: 10.0.0.0/24, gateway: 10.0.0.1, ip_range: 10.0.0.128/25}]}}
  unused:
volumes:
  data: {name: '${A}-data', driver: local, labels: {l: 2}}
  ext: {external: true, name: other}
  unused:
services:
  s: {image: x, networks: [default, out, old, net], volumes: ['data:/1', 'ext:/2']}
");
    assert_eq!(
        workload.networks.keys().collect::<Vec<_>>(),
        ["default", "net", "old", "out"]
    );
    assert_eq!(workload.networks["out"].name.as_deref(), Some("out"));
    assert!(workload.networks["out"].external);
    assert_eq!(workload.networks["old"].name.as_deref(), Some("legacy"));
    let default = &workload.networks["default"];
    assert_eq!(
        (
            default.internal,
            default.attachable,
            default.name.as_deref()
        ),
        (true, true, None)
    );
    assert_eq!(
        (&*default.driver_options["mtu"], &*default.labels["l"]),
        ("1400", "1")
    );
    assert_eq!(
        workload.networks["net"].ipam.subnets[0].gateway.as_deref(),
        Some("10.0.0.1")
    );
    assert_eq!(workload.volumes.keys().collect::<Vec<_>>(), ["data", "ext"]);
    assert_eq!(workload.volumes["data"].name.as_deref(), Some("a-data"));
    assert_eq!(workload.volumes["ext"].name.as_deref(), Some("other"));
}

#[test]
fn faults_of_networks() {
    insta::assert_snapshot!(faults("
networks:
  front: {external: true, driver: bridge, ipam: {driver: foo, options: {}}}
  back: {ipam: {config: [{subnet: 10.0.0.0/24, aux_addresses: {}}]}, drivers: x, external: {names: y}}
services:
  a: {image: x, networks: [frnt], network_mode: hosst}
  b: {image: x, networks: {front: {ipv4_address: no, alias: [b]}}, network_mode: host}
  c: {image: x, network_mode: 'service:d'}
  d: {image: x, network_mode: 'pod:d'}
  e: {image: x, networks: front}
"), @r"
    warning 3:27: `driver` of `networks.front` has no meaning: it is external, made by somebody else
      help: keep `external` and `name` only
    warning 3:43: `ipam` of `networks.front` has no meaning: it is external, made by somebody else
      help: keep `external` and `name` only
    error 4:70: Unknown key `drivers` in `networks.back`
      help: did you mean `driver`?
    warning 4:82: `networks.back.external.name` is the old form
      help: write `external: true` and `name:` beside it
    error 4:93: Unknown key `names` in `networks.back.external`
      help: did you mean `name`?
    error 6:28: There is no network `frnt`
      help: did you mean `front`?
    warning 6:49: `network_mode` means the engine's own network `hosst`
      help: did you mean `host`?
    error 7:17: `network_mode` and `networks` exclude each other
      7:82: the other one
      help: keep one of the two
    error 7:50: `services.b.networks.front.ipv4_address` is no such address: `no`
      help: write an address of the network, such as `172.28.0.5` or `fd00::5`
    error 7:54: Unknown key `alias` in `services.b.networks.front`
      help: did you mean `aliases`?
    error 9:31: `services.d.network_mode` is `pod:d`
      help: write `service:<name>` or `container:<name>`
    error 10:27: `services.e.networks` must be a list of networks or a mapping, this is a string
    ");
}

#[test]
fn the_hardware_address_of_a_service_is_that_in_its_first_network() {
    let text = "networks: {a: , b: {}}\nservices: {s: {image: x, mac_address: '02:42:ac:11:00:03', networks: {a: , b: {priority: 1}}}}";
    let ServiceNetwork::Networks(networks) = network_of(text) else {
        panic!()
    };
    let macs: Vec<_> = networks
        .iter()
        .map(|one| (one.network.as_str(), one.mac_address.as_deref()))
        .collect();
    assert_eq!(macs, [("b", Some("02:42:ac:11:00:03")), ("a", None)]);
    insta::assert_snapshot!(faults("networks: {a: }\nservices: {s: {image: x, mac_address: '02:42:ac:11:00:03', networks: {a: {mac_address: '02:42:ac:11:00:04'}}}, t: {image: x, mac_address: nonsense}, u: {image: x, network_mode: host, mac_address: '02:42:ac:11:00:03'}}"), @r"
    error 2:26: `mac_address` differs from that of the network `a`
      help: keep one of the two
    error 2:139: `services.t.mac_address` is no hardware address: `nonsense`
      help: write for instance `02:42:ac:11:00:02`
    warning 2:184: `mac_address` has no effect: `network_mode` leaves no network to join
    ");
}

#[test]
fn any_other_network_mode_names_a_network_of_the_engine() {
    let loaded = workload("services: {a: {image: x, network_mode: shared}}");
    let ServiceNetwork::Networks(joined) = &loaded.services[0].network else {
        panic!("{:?}", loaded.services[0].network);
    };
    let network = &loaded.networks[&joined[0].network];
    assert_eq!(network.name.as_deref(), Some("shared"));
    assert!(network.external);
    assert_eq!(
        network_of("services: {a: {image: x, network_mode: default}}"),
        ServiceNetwork::Bridge
    );
}
