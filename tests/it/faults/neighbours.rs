//! A bridge of an older Podman takes another hardware address when a container comes.

use std::net::UdpSocket;
use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

use super::{project, running};
use crate::project::{On, Project, eventually};

/// `asks` asks for the database's name all the time; `late` comes when it is healthy. Both are healthy
/// when the test says so.
const APP: &str = "\
services:
  asks:
    image: debian:bookworm-slim
    init: true
    stop_grace_period: 0s
    command:
      - sh
      - -c
      - while sleep 0.1; do
          if timeout 1 getent ahostsv4 ${DB_HOST} >/dev/null; then echo found; else echo lost; fi;
        done
    healthcheck: { test: [CMD, test, -e, /healthy], interval: 1s, retries: 100 }
  late:
    image: debian:bookworm-slim
    init: true
    stop_grace_period: 0s
    command: [sleep, infinity]
    depends_on: { asks: { condition: service_healthy } }
    healthcheck: { test: [CMD, test, -e, /healthy], interval: 1s, retries: 100 }
";

/// Gives what is attached to a bridge the highest addresses, so that the next one has the lowest.
/// 0x8924 is SIOCSIFHWADDR, 1 the number of Ethernet.
const RAISE: &str = r#"
    socket(my $socket, 2, 2, 0) or die;
    for my $port (glob "/sys/class/net/$ARGV[0]/brif/*") {
        $port =~ s{.*/}{};
        my $address = pack "C6", 0xfe, 0xff, 0xff, 0xff, 0, ++$number;
        ioctl($socket, 0x8924, pack("a16 S a14", $port, 1, $address)) or die "$port: $!";
    }
    print $number;
"#;

fn raise(bridge: &str) {
    let run = ["run", "--rm", "--network=host", "--cap-add=NET_ADMIN"];
    let perl = ["debian:bookworm-slim", "perl", "-e", RAISE, bridge];
    assert_eq!(On::Podman.cli_text(&[&run[..], &perl].concat()), "2");
}

fn bridge(project: &Project) -> String {
    let network = format!("{}-dev_default", project.name);
    let inspected = On::Podman.cli_text(&["network", "inspect", &network]);
    let inspected: serde_json::Value = serde_json::from_str(&inspected).unwrap();
    let name = inspected[0]["network_interface"].as_str();
    name.unwrap().to_owned()
}

/// What came of all questions.
fn answers(asks: &str) -> Vec<String> {
    let log = On::Podman.cli_text(&["logs", asks]);
    log.lines().map(ToOwned::to_owned).collect()
}

fn until(what: &str, holds: impl Fn() -> bool) {
    eventually(Duration::from_secs(60), || {
        holds().then_some(()).ok_or(format!("never {what}"))
    });
}

#[test]
fn a_container_that_comes_does_not_keep_others_from_finding_names() {
    let project = project(On::Podman, APP);
    let container = |service| format!("{}-dev-{service}-1", project.name);
    let (asks, late) = (container("asks"), container("late"));
    let healthy = |container| {
        let touched = project.exec(container, &["touch", "/healthy"]);
        assert!(touched.status.success(), "{touched:?}");
    };
    let mut start = project.command(&["env", "start", "dev"]);
    let mut start = start.stderr(Stdio::null()).spawn().unwrap();
    let runs = |container| running(&project).contains(container);
    until("asked", || runs(&asks) && !answers(&asks).is_empty());

    let bridge = bridge(&project);
    raise(&bridge);
    // What the bridge says to a container tells it the address.
    let format = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
    let own = On::Podman.cli_text(&["inspect", "--format", format, &asks]);
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    socket.send_to(&[0], format!("{own}:9")).unwrap();
    let asked = answers(&asks).len();
    until("found", || {
        answers(&asks)[asked..].contains(&"found".to_owned())
    });

    let address = || std::fs::read_to_string(format!("/sys/class/net/{bridge}/address")).unwrap();
    let former = address();
    healthy(&asks);
    until("started", || runs(&late));
    let asked = answers(&asks).len();
    sleep(Duration::from_secs(8));
    let answers = answers(&asks).split_off(asked);
    let lost = answers.iter().filter(|word| *word == "lost").count();
    // What was asked while the container came may be lost still.
    assert!(lost <= 2 && answers.len() > lost, "{answers:?}");
    assert!(address() != former || is_new(), "{former}");
    healthy(&late);
    assert!(start.wait().unwrap().success());
}

/// Whether Podman is one whose bridges keep their address.
fn is_new() -> bool {
    let version = On::Podman.cli_text(&["version", "--format", "{{.Client.Version}}"]);
    let major = version
        .split('.')
        .next()
        .and_then(|major| major.parse().ok());
    major.is_some_and(|major: u32| major >= 5)
}
