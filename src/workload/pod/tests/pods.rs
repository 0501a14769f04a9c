use super::*;
use crate::workload::model::{Condition, Ending, Namespace, ProbeKind, Restart, ServiceNetwork};

const THREE: &str = "  initContainers:
  - {name: one, image: i}
  - {name: two, image: i}
  containers:
  - {name: web, image: i}
  - {name: log, image: i}
";

fn needs(workload: &Workload, name: &str) -> Vec<(String, Condition)> {
    let depends_on = &service(workload, name).depends_on;
    depends_on
        .iter()
        .map(|one| (one.service.clone(), one.condition))
        .collect()
}

#[test]
fn an_infra_container_comes_first_then_init_containers_in_order_then_the_others() {
    let workload = workload_of(&pod(THREE));
    let names: Vec<&str> = workload
        .services
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    assert_eq!(names, ["p-infra", "p-one", "p-two", "p-web", "p-log"]);
    let infra = || ("p-infra".to_owned(), Condition::Started);
    let done = |name: &str| (name.to_owned(), Condition::CompletedSuccessfully);
    assert_eq!(needs(&workload, "p-infra"), []);
    assert_eq!(needs(&workload, "p-one"), [infra()]);
    assert_eq!(needs(&workload, "p-two"), [infra(), done("p-one")]);
    assert_eq!(needs(&workload, "p-web"), [infra(), done("p-two")]);
    assert_eq!(needs(&workload, "p-log"), [infra(), done("p-two")]);
}

#[test]
fn the_infra_container_owns_network_ipc_and_host_name() {
    let workload = workload_of(&pod(THREE));
    let infra = service(&workload, "p-infra");
    assert_eq!(infra.process.hostname.as_deref(), Some("p"));
    assert_eq!(infra.image.as_deref(), Some("poststack/base-debian:core"));
    assert_eq!(
        infra.namespaces.ipc,
        Some(Namespace::Word("shareable".to_owned()))
    );
    let ServiceNetwork::Networks(networks) = &infra.network else {
        panic!("{:?}", infra.network);
    };
    assert_eq!(networks[0].aliases, ["p"]);
    let of_infra = || Some(Namespace::Service("p-infra".to_owned()));
    for name in ["p-one", "p-web"] {
        let member = service(&workload, name);
        assert_eq!(
            member.network,
            ServiceNetwork::Service("p-infra".to_owned())
        );
        assert_eq!(member.namespaces.ipc, of_infra());
        assert_eq!(member.namespaces.uts, of_infra());
        assert_eq!(member.namespaces.pid, None);
    }
}

#[test]
fn namespaces_of_the_host_and_shared_processes() {
    let host = || Some(Namespace::Word("host".to_owned()));
    let workload = workload_of(&pod(&format!(
        "  hostNetwork: true\n  hostPID: true\n  hostIPC: true\n{THREE}"
    )));
    for name in ["p-infra", "p-web"] {
        let one = service(&workload, name);
        assert_eq!(one.network, ServiceNetwork::Host);
        assert_eq!(one.namespaces.ipc, host());
        assert_eq!(one.namespaces.uts, host());
        assert_eq!(one.namespaces.pid, host());
        assert_eq!(one.process.hostname, None);
    }
    let workload = workload_of(&pod(&format!("  shareProcessNamespace: true\n{THREE}")));
    let shared = Some(Namespace::Service("p-infra".to_owned()));
    assert_eq!(service(&workload, "p-web").namespaces.pid, shared);
    assert_eq!(service(&workload, "p-infra").namespaces.pid, None);
}

#[test]
fn an_init_container_runs_once_and_the_others_by_the_policy_of_the_pod() {
    for (policy, restart, ending) in [
        ("", Restart::Always, Ending::Never),
        ("  restartPolicy: Never\n", Restart::No, Ending::Allowed),
        (
            "  restartPolicy: OnFailure\n",
            Restart::OnFailure { max_retries: None },
            Ending::Allowed,
        ),
    ] {
        let workload = workload_of(&pod(&format!("{policy}{THREE}")));
        let (web, one) = (service(&workload, "p-web"), service(&workload, "p-one"));
        assert_eq!((web.process.restart, web.pod.ending), (restart, ending));
        assert_eq!(
            (one.process.restart, one.pod.ending),
            (Restart::No, Ending::Awaited)
        );
    }
}

#[test]
fn a_sidecar_starts_in_its_turn_and_goes_on() {
    let workload = workload_of(&pod("  initContainers:
  - {name: side, image: i, restartPolicy: Always, startupProbe: {exec: {command: [test]}}}
  - {name: one, image: i}
  containers: [{name: web, image: i}]
"));
    let side = ("p-side".to_owned(), Condition::Healthy);
    assert!(needs(&workload, "p-one").contains(&side));
    assert_eq!(
        service(&workload, "p-side").process.restart,
        Restart::Always
    );
    assert_eq!(service(&workload, "p-side").pod.ending, Ending::Never);
}

#[test]
fn replicas_are_pods_of_their_own_behind_one_name() {
    let text = |replicas: &str| {
        format!("apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  {replicas}
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec: {{containers: [{{name: c, image: i, env: [{{name: N, valueFrom: {{fieldRef: {{fieldPath: metadata.name}}}}}}]}}]}}
")
    };
    let names = |workload: &Workload| -> Vec<String> {
        workload
            .services
            .iter()
            .map(|one| one.name.clone())
            .collect()
    };
    assert_eq!(names(&workload_of(&text(""))), ["web-infra", "web-c"]);
    let workload = workload_of(&text("replicas: 2"));
    assert_eq!(
        names(&workload),
        ["web-infra", "web-c", "web-2-infra", "web-2-c"]
    );
    let second = service(&workload, "web-2-infra");
    assert_eq!(second.process.hostname.as_deref(), Some("web-2"));
    let ServiceNetwork::Networks(networks) = &second.network else {
        panic!("{:?}", second.network);
    };
    assert_eq!(networks[0].aliases, ["web-2", "web"]);
    let name = &service(&workload, "web-2-c").process.environment["N"];
    assert_eq!(name.as_ref().unwrap().expose(), "web-2");
    assert_eq!(names(&workload_of(&text("replicas: 0"))), [] as [&str; 0]);
}

#[test]
fn a_job_must_end_and_its_completions_stand_in_line() {
    let workload = workload_of(
        "apiVersion: batch/v1
kind: Job
metadata: {name: j}
spec:
  completions: 3
  parallelism: 2
  backoffLimit: 4
  template: {spec: {restartPolicy: OnFailure, containers: [{name: c, image: i}]}}
",
    );
    let first = service(&workload, "j-c");
    assert_eq!(first.pod.ending, Ending::Awaited);
    let max_retries = Some(4);
    assert_eq!(first.process.restart, Restart::OnFailure { max_retries });
    let third = needs(&workload, "j-3-c");
    assert!(
        third.contains(&("j-c".to_owned(), Condition::CompletedSuccessfully)),
        "{third:?}"
    );
    assert_eq!(needs(&workload, "j-2-c").len(), 1);
}

#[test]
fn a_host_port_is_published_and_a_container_port_alone_is_not() {
    let workload = workload_of(&container(
        "ports:
- {containerPort: 80, hostPort: 8080, hostIP: 127.0.0.2}
- {containerPort: 81}
- {containerPort: 53, hostPort: 53, protocol: UDP}
",
    ));
    let ports = &service(&workload, "p-infra").process.ports;
    let shown: Vec<_> = ports
        .iter()
        .map(|port| {
            (
                port.published.unwrap().first,
                port.target,
                port.protocol.as_str(),
            )
        })
        .collect();
    assert_eq!(shown, [(8080, 80, "tcp"), (53, 53, "udp")]);
    assert_eq!(ports[0].host_ip, Some("127.0.0.2".parse().unwrap()));
    assert_eq!(service(&workload, "p-c").process.ports, []);
}

#[test]
fn names_of_hosts_and_name_servers_belong_to_the_infra_container() {
    let infra = process(&pod("  hostname: h
  hostAliases: [{ip: 10.0.0.1, hostnames: [a, b]}]
  dnsPolicy: None
  dnsConfig: {nameservers: [10.0.0.2], searches: [x.y], options: [{name: ndots, value: \"2\"}, {name: rotate}]}
  securityContext: {sysctls: [{name: net.core.somaxconn, value: \"10\"}]}
  terminationGracePeriodSeconds: 7
  containers: [{name: c, image: i}]
"), "p-infra");
    assert_eq!(infra.hostname.as_deref(), Some("h"));
    let hosts = [("a", "10.0.0.1"), ("b", "10.0.0.1")];
    assert_eq!(
        infra.extra_hosts,
        hosts.map(|(a, b)| (a.to_owned(), b.to_owned()))
    );
    assert_eq!(infra.dns, ["10.0.0.2"]);
    assert_eq!(infra.dns_search, ["x.y"]);
    assert_eq!(infra.dns_options, ["ndots:2", "rotate"]);
    assert_eq!(infra.sysctls["net.core.somaxconn"], "10");
}

#[test]
fn a_pod_has_half_a_minute_to_end_unless_it_says_otherwise() {
    let grace = |text: &str| process(text, "p-c").stop_grace_period.unwrap().as_secs();
    assert_eq!(grace(&container("")), 30);
    let own = pod("  terminationGracePeriodSeconds: 7\n  containers: [{name: c, image: i}]\n");
    assert_eq!(grace(&own), 7);
}

#[test]
fn resources_and_security_are_those_of_the_container_behind_those_of_the_pod() {
    let c = process(
        &pod("  securityContext:
    runAsUser: 5
    runAsGroup: 6
    fsGroup: 7
    supplementalGroups: [8]
    runAsNonRoot: true
    seccompProfile: {type: Unconfined}
    seLinuxOptions: {type: t, level: l}
  containers:
  - name: c
    image: i
    resources: {limits: {cpu: 1500m, memory: 64Mi}, requests: {cpu: 500m, memory: 32Mi}}
    securityContext:
      runAsUser: 9
      readOnlyRootFilesystem: true
      allowPrivilegeEscalation: false
      capabilities: {add: [NET_ADMIN], drop: [ALL]}
      seccompProfile: {type: RuntimeDefault}
"),
        "p-c",
    );
    assert_eq!(c.user.as_deref(), Some("9:6"));
    assert_eq!(c.group_add, ["8", "7"]);
    assert!(c.never_root && c.read_only && !c.privileged);
    assert_eq!(c.cap_add, ["NET_ADMIN"]);
    assert_eq!(c.cap_drop, ["ALL"]);
    assert_eq!(
        c.security_opt,
        ["label=level:l", "label=type:t", "no-new-privileges"]
    );
    assert_eq!(c.resources.nano_cpus, Some(1_500_000_000));
    assert_eq!(c.resources.memory, Some(64 << 20));
    assert_eq!(c.resources.memory_reservation, Some(32 << 20));
}

#[test]
fn probes_over_the_network_run_in_the_infra_container_and_others_in_their_own() {
    let workload = workload_of(&container("ports: [{name: http, containerPort: 8080}]
readinessProbe: {httpGet: {path: /ready, port: http, httpHeaders: [{name: X, value: y}]}, periodSeconds: 2}
livenessProbe: {exec: {command: [test, -e, x y]}, initialDelaySeconds: 4, failureThreshold: 5}
startupProbe: {tcpSocket: {port: 8080}, timeoutSeconds: 3}
"));
    let member = service(&workload, "p-c");
    let probes = &member.pod.readiness.as_ref().unwrap().probes;
    let kinds: Vec<ProbeKind> = probes.iter().map(|one| one.kind).collect();
    assert_eq!(
        kinds,
        [
            ProbeKind::Startup,
            ProbeKind::Readiness,
            ProbeKind::Liveness
        ]
    );
    assert_eq!(probes[0].runs_in.as_deref(), Some("p-infra"));
    assert_eq!(probes[0].command[..2], ["timeout", "3"]);
    let url = probes[1].command.last().unwrap();
    assert_eq!(url, "http://localhost:8080/ready");
    assert!(probes[1].command.contains(&"X: y".to_owned()));
    assert_eq!(probes[1].period.as_secs(), 2);
    assert_eq!(probes[2].runs_in, None);
    assert_eq!(probes[2].command, ["test", "-e", "x y"]);
    assert_eq!(
        (
            probes[2].failure_threshold,
            probes[2].initial_delay.as_secs()
        ),
        (5, 4)
    );
    let infra = service(&workload, "p-infra")
        .process
        .healthcheck
        .as_ref()
        .unwrap();
    assert_eq!(infra.interval.unwrap().as_secs(), 2);
}

#[test]
fn the_health_test_of_an_image_does_not_count() {
    use crate::workload::model::HealthTest;
    let check = process(&container(""), "p-c").healthcheck.unwrap();
    assert_eq!(check.test, HealthTest::None);
    let check = process(
        &container("livenessProbe: {exec: {command: [a, b]}}"),
        "p-c",
    );
    let words = ["a", "b"].map(str::to_owned).to_vec();
    assert_eq!(check.healthcheck.unwrap().test, HealthTest::Command(words));
}
