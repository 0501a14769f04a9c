use super::super::tests::{faults, service, service_faults};
use super::*;

fn ports(text: &str) -> Vec<String> {
    let shown = |port: &Port| {
        let ip = port.host_ip.map(|ip| format!("{ip} ")).unwrap_or_default();
        let published = match port.published {
            None => "any".to_owned(),
            Some(host) if host.first == host.last => host.first.to_string(),
            Some(host) => format!("{}-{}", host.first, host.last),
        };
        format!("{ip}{published}→{}/{}", port.target, port.protocol.as_str())
    };
    parse(text).unwrap().iter().map(shown).collect()
}

#[test]
fn every_short_form_is_understood() {
    for (text, expected) in [
        ("3000", &["any→3000/tcp"][..]),
        ("3000-3001", &["any→3000/tcp", "any→3001/tcp"]),
        ("8000:8080", &["8000→8080/tcp"]),
        ("9090-9091:8080-8081", &["9090→8080/tcp", "9091→8081/tcp"]),
        ("8000-9000:80", &["8000-9000→80/tcp"]),
        ("6060:6060/udp", &["6060→6060/udp"]),
        ("6060:6060/SCTP", &["6060→6060/sctp"]),
        ("127.0.0.1:8001:8001", &["127.0.0.1 8001→8001/tcp"]),
        (
            "127.0.0.1:5000-5001:5000-5001/udp",
            &["127.0.0.1 5000→5000/udp", "127.0.0.1 5001→5001/udp"],
        ),
        ("127.0.0.1::5000", &["127.0.0.1 any→5000/tcp"]),
        ("[::1]:80:80", &["::1 80→80/tcp"]),
        ("80:80/", &["80→80/tcp"]),
        ("0.0.0.0:80:80", &["0.0.0.0 80→80/tcp"]),
        (":80", &["any→80/tcp"]),
        ("0:80", &["any→80/tcp"]),
    ] {
        assert_eq!(ports(text), expected, "{text}");
    }
}

#[test]
fn what_is_no_port_is_refused() {
    for (text, reason) in [
        ("", "a port is missing"),
        (":", "a port is missing"),
        ("80:", "a port is missing"),
        ("0", "the container's port is 0"),
        ("http", "`http` is not a number"),
        ("-1", "a port is missing"),
        ("+80", "`+80` is not a number"),
        ("80:70000", "70000 is above 65535, the highest port"),
        ("80-90:80-85", "11 host ports for 6 container ports"),
        ("90-80:90-80", "the range `90-80` runs backwards"),
        ("80/icmp", "unknown protocol `icmp`; write tcp, udp or sctp"),
        ("localhost:80:80", "`localhost` is not an IP address"),
        ("300.0.0.1:80:80", "`300.0.0.1` is not an IP address"),
        ("[::1]:80", "`[::1]` is an address without a host port"),
    ] {
        assert_eq!(parse(text).unwrap_err(), reason, "{text}");
    }
}

#[test]
fn a_port_may_be_a_number_a_text_or_a_mapping() {
    let service = service(
        "ports:\n  - 3000\n  - '${PORT}:80'\n  - {target: 443, published: '8443', host_ip: 127.0.0.1, protocol: udp}\n  - target: 90\n    published: 9000-9001",
    );
    let ports: Vec<_> = service
        .process
        .ports
        .iter()
        .map(|port| {
            (
                port.target,
                port.published.map(|host| (host.first, host.last)),
            )
        })
        .collect();
    assert_eq!(
        ports,
        [
            (3000, None),
            (80, Some((8080, 8080))),
            (443, Some((8443, 8443))),
            (90, Some((9000, 9001)))
        ]
    );
    assert_eq!(
        service.process.ports[2].host_ip,
        Some([127, 0, 0, 1].into())
    );
    assert_eq!(service.process.ports[2].protocol, Protocol::Udp);
}

#[test]
fn faults_of_ports_are_told_one_by_one() {
    insta::assert_snapshot!(service_faults("ports:\n  - '80:80:80:80'\n  - [80]\n  - {published: 80}\n  - {target: 80, mode: host, host_ip: here, protokol: tcp}\nexpose: [a, '1-3/udp']"), @r#"
    error 5:9: `80:80:80:80` is no port: `80:80` is not an IP address
      help: write `[[address:]host port:]container port[/protocol]`, for instance "8080:80"
    error 6:9: `services.a.ports` must be a string, this is a list
    error 7:9: `services.a.ports` has an entry without `target`
      help: add `target`, the container's port
    note 8:22: `mode` in `services.a.ports` is ignored: one engine publishes on its own host only
    error 8:43: `services.a.ports.host_ip`: `here` is not an IP address
    error 8:49: Unknown key `protokol` in `services.a.ports`
      help: did you mean `protocol`?
    error 9:14: `a` is no port: `a` is not a number
      help: write a port or a range, for instance "3000" or "8000-8010/udp"
    "#);
}

#[test]
fn an_empty_variable_before_the_colon_is_a_random_port_with_a_warning() {
    insta::assert_snapshot!(service_faults("ports: ['${EMPTY}:80']"), @r##"
    warning 4:13: `:80` publishes a random port of the host
      help: write a host port before the colon, or the container's port alone
    "##);
}

#[test]
fn one_host_port_is_published_once() {
    insta::assert_snapshot!(faults("
services:
  a:
    image: x
    ports: ['80:80', '80:81/udp', '127.0.0.1:90:90', '70-75:1']
  b:
    image: x
    ports: ['79-80:1-2', '127.0.0.2:90:90', '0.0.0.0:90:90', '72:1']
"), @r##"
    error 8:13: The host port 80/tcp is published twice
      5:13: first used here
      help: publish each container's port on a host port of its own
    error 8:45: The host port 90/tcp is published twice
      5:35: first used here
      help: publish each container's port on a host port of its own
    "##);
}

#[test]
fn a_service_without_a_network_of_its_own_publishes_nothing() {
    insta::assert_snapshot!(faults("
services:
  a: {image: x, network_mode: host, ports: ['80:80']}
  b: {image: x, network_mode: 'service:a', ports: ['81:80']}
  c: {image: x, network_mode: 'container:other', ports: ['81:80']}
"), @r##"
    warning 3:37: `ports` has no effect: `network_mode` leaves nothing to publish
    error 4:44: A service in the network of another one publishes no ports
      help: write them under `services.a.ports`
    error 5:50: A service in the network of a container publishes no ports
      help: publish them where that container is made
    "##);
}

#[test]
fn a_file_does_not_name_ports_without_end() {
    insta::assert_snapshot!(service_faults("ports: ['1-65535:1-65535']\nexpose: ['1-2', 1-65535, 1-65535]"), @r##"
    error 5:14: The file names more than 65536 ports
      help: write shorter ranges
    "##);
}

#[test]
fn exposed_ports_may_be_ranges() {
    let exposed = service("expose: [80, '8000-8001/udp']").process.expose;
    let exposed: Vec<_> = exposed.iter().map(|one| (one.port, one.protocol)).collect();
    assert_eq!(
        exposed,
        [
            (80, Protocol::Tcp),
            (8000, Protocol::Udp),
            (8001, Protocol::Udp)
        ]
    );
}

#[test]
fn a_port_that_is_written_twice_is_published_once() {
    let service = service("ports: ['80:80', {target: 80, published: 80}, '80:80/udp', '81:80']");
    assert_eq!(service.process.ports.len(), 3);
}
