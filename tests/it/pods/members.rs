//! The containers of a pod: their order, what they share, what they are given.

use super::support::{container, inspect, pod, project, shell};
use crate::project::{On, Project, on_both_engines};

on_both_engines! {
    fn init_containers_run_in_order_and_members_share_network_ipc_and_host_name(on: On) {
        let port = crate::project::free_port();
        let project = project(on, &pod(&format!("  volumes: [{{name: log, emptyDir: {{}}}}]
  initContainers:
  - {{name: one, image: debian:bookworm-slim, command: [sh, -c, 'echo one >> /log/order'], volumeMounts: [{{name: log, mountPath: /log}}]}}
  - {{name: two, image: debian:bookworm-slim, command: [sh, -c, 'sleep 0.2; echo two >> /log/order'], volumeMounts: [{{name: log, mountPath: /log}}]}}
  containers:
  - name: web
    image: poststack/base-debian:latest
    command: [python, -m, http.server, \"8000\", --directory, /log]
    volumeMounts: [{{name: log, mountPath: /log}}]
    ports: [{{containerPort: 8000, hostPort: {port}}}, {{containerPort: 9999}}]
    readinessProbe: {{httpGet: {{path: /order, port: 8000}}}}
  - name: side
    image: poststack/base-debian:core
    command: [sleep, infinity]
")));
        project.run(&["env", "start", "dev"]).ok();
        assert_eq!(shell(&project, "app-side", "curl -s localhost:8000/order"), "one\ntwo");
        assert_eq!(shell(&project, "app-side", "hostname"), "app");
        assert_eq!(shell(&project, "app-web", "hostname"), "app");
        let ipc = "readlink /proc/self/ns/ipc /proc/self/ns/net";
        assert_eq!(shell(&project, "app-side", ipc), shell(&project, "app-web", ipc));
        let own = "readlink /proc/self/ns/pid";
        assert_ne!(shell(&project, "app-side", own), shell(&project, "app-web", own));
        let published = on.cli_text(&["port", &container(&project, "app-infra")]);
        assert_eq!(published, format!("8000/tcp -> 127.0.0.1:{port}"));
        let ids = project.container_ids();
        let status = project.status("dev");
        assert_eq!(status["state"], "running", "{status}");
        let again = project.result(&["env", "start", "dev"]);
        assert_eq!(again["changed"], false, "{again}");
        assert_eq!(project.container_ids(), ids);
        assert_eq!(shell(&project, "app-side", "curl -s localhost:8000/order"), "one\ntwo", "init containers ran once");
        project.run(&["env", "stop", "dev", "--rm"]).ok();
        assert_eq!(project.container_ids().len(), 0);
        let filter = format!("label=io.poststack.project={}", project.name);
        assert_eq!(on.cli_text(&["volume", "ls", "--quiet", "--filter", &filter]), "", "an empty folder goes with its pod");
    }

    fn a_pod_finds_the_database_and_others_find_the_pod(on: On) {
        let project = project(on, &format!("{}---\n{}", pod("  containers:
  - name: client
    image: poststack/postgres:15
    command: [sleep, infinity]
    env: [{name: DATABASE_URL, value: '${POSTSTACK_DATABASE_URL}'}]
"), "apiVersion: v1
kind: Pod
metadata: {name: other}
spec:
  terminationGracePeriodSeconds: 1
  containers: [{name: c, image: poststack/base-debian:latest, command: [python, -m, http.server, \"80\"]}]
"));
        project.run(&["env", "start", "dev"]).ok();
        assert_eq!(shell(&project, "app-client", "psql \"$DATABASE_URL\" -Atc 'select 1'"), "1");
        assert_eq!(shell(&project, "app-client", "for i in $(seq 50); do curl -sfo /dev/null http://other && break; sleep 0.1; done; echo $?"), "0");
    }

    fn processes_are_shared_when_asked_for_and_signals_then_reach_them(on: On) {
        let project = project(on, &pod("  shareProcessNamespace: true
  containers:
  - {name: a, image: debian:bookworm-slim, command: [sleep, '1001']}
  - {name: b, image: debian:bookworm-slim, command: [sleep, infinity]}
"));
        project.run(&["env", "start", "dev"]).ok();
        let seen = shell(&project, "app-b", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '");
        assert!(seen.contains("sleep 1001"), "{seen}");
    }

    fn what_a_pod_asks_of_the_engine_is_there(on: On) {
        let project = project(on, &pod("  hostAliases: [{ip: 10.9.8.7, hostnames: [far.example]}]
  dnsConfig: {options: [{name: ndots, value: '3'}]}
  securityContext: {runAsUser: 1234, runAsGroup: 4321, fsGroup: 77, sysctls: [{name: net.ipv4.ip_unprivileged_port_start, value: '5'}]}
  volumes:
  - {name: scratch, emptyDir: {}}
  - {name: fast, emptyDir: {medium: Memory, sizeLimit: 1Mi}}
  containers:
  - name: c
    image: debian:bookworm-slim
    command: [sleep, infinity]
    workingDir: /fast
    securityContext: {readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}, allowPrivilegeEscalation: false}
    resources: {limits: {memory: 64Mi, cpu: 500m}}
    volumeMounts:
    - {name: scratch, mountPath: /scratch}
    - {name: scratch, mountPath: /part, subPath: inner}
    - {name: fast, mountPath: /fast}
"));
        project.run(&["env", "start", "dev"]).ok();
        let is = |script: &str, expected: &str| assert_eq!(shell(&project, "app-c", script), expected, "{script}");
        is("id -u; id -g; id -G", "1234\n4321\n4321 77");
        is("grep -c '10.9.8.7.*far.example' /etc/hosts", "1");
        is("grep -c ndots:3 /etc/resolv.conf", "1");
        is("cat /proc/sys/net/ipv4/ip_unprivileged_port_start", "5");
        is("grep -E 'CapEff|NoNewPrivs' /proc/self/status | tr -d '\\t\\n'", "CapEff:0000000000000000NoNewPrivs:1");
        is("pwd", "/fast");
        is("touch /scratch/x /fast/y && stat -c '%g %a' /scratch && df -k --output=size /fast | tail -1 | tr -d ' '", "77 2777\n1024");
        is("touch /root-file 2>/dev/null || echo read-only", "read-only");
        assert_eq!(inspect(&project, "app-c", "{{.HostConfig.Memory}}"), "67108864");
        let labels = inspect(&project, "app-c", "{{index .Config.Labels \"tier\"}}");
        assert_eq!(labels, "web");
    }

    fn a_member_that_is_gone_comes_back_into_its_pod(on: On) {
        let project = project(on, &pod("  containers:
  - {name: a, image: debian:bookworm-slim, command: [sleep, infinity]}
  - {name: b, image: debian:bookworm-slim, command: [sleep, infinity]}
"));
        project.run(&["env", "start", "dev"]).ok();
        let before = project.container_ids();
        on.cli_text(&["rm", "--force", &container(&project, "app-a")]);
        project.run(&["env", "start", "dev"]).ok();
        let after = project.container_ids();
        let network = "readlink /proc/self/ns/net";
        assert_eq!(shell(&project, "app-a", network), shell(&project, "app-b", network));
        for kept in ["app-b", "app-infra"] {
            let name = container(&project, kept);
            assert_eq!(before[&name], after[&name], "{kept}");
        }
    }

    fn a_pod_whose_infra_container_was_stopped_is_put_together_again(on: On) {
        let project = project(on, &pod("  containers: [{name: a, image: debian:bookworm-slim, command: [sleep, infinity]}]\n"));
        project.run(&["env", "start", "dev"]).ok();
        on.cli_text(&["stop", "--time", "1", &container(&project, "app-infra")]);
        project.run(&["env", "start", "dev"]).ok();
        assert_eq!(shell(&project, "app-a", "getent hosts $(hostname) | wc -l"), "1");
        let network = "readlink /proc/self/ns/net";
        assert_eq!(shell(&project, "app-a", network), shell(&project, "app-infra", network));
    }

    fn the_host_is_shared_when_asked_for(on: On) {
        let project = project(on, &pod("  hostNetwork: true
  hostPID: true
  hostIPC: true
  containers:
  - {name: c, image: debian:bookworm-slim, command: [sleep, infinity], env: [{name: AT, value: '${DB_HOST}:${DB_PORT}'}]}
"));
        project.run(&["env", "start", "dev"]).ok();
        let own = |kind: &str| std::fs::read_link(format!("/proc/self/ns/{kind}")).unwrap();
        for kind in ["net", "pid", "ipc"] {
            let seen = shell(&project, "app-c", &format!("readlink /proc/self/ns/{kind}"));
            assert_eq!(seen, own(kind).to_str().unwrap(), "{kind}");
        }
        let at = shell(&project, "app-c", "echo $AT");
        assert!(at.starts_with("127.0.0.1:"), "{at}");
    }

    fn the_example_of_several_environments_starts_production(on: On) {
        let root = env!("CARGO_MANIFEST_DIR");
        let project = Project::new(on, "");
        let port = crate::project::free_port();
        let (web, database) = ("8083", "5435");
        for file in [".poststack.yml", "deploy/init-compose.yml", "deploy/app-compose.yml", "deploy/staging-compose.yml", "deploy/migrate-pod.yaml", "deploy/prod-pod.yaml", "migrations/001_visits.sql", "web/server.py"] {
            let text = std::fs::read_to_string(format!("{root}/examples/multi-environment/{file}")).unwrap();
            // Its name and ports are another's, so that the example itself may run meanwhile.
            let text = match file {
                ".poststack.yml" => text.replace("name: myapp\n", "name: {name}\n").replace(database, &crate::project::free_port().to_string()),
                "deploy/prod-pod.yaml" => text.replace(web, &port.to_string()),
                _ => text,
            };
            project.write(file, &text);
        }
        project.run(&["env", "start", "production"]).ok();
        let asked = std::process::Command::new("curl").args(["--fail", "--silent", &format!("http://127.0.0.1:{port}/")]).output().unwrap();
        let answer: serde_json::Value = serde_json::from_slice(&asked.stdout).unwrap();
        assert_eq!(answer["environment"], "production");
        assert_eq!(answer["cache_ttl"], "3600");
    }
}
