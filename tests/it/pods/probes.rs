//! Probes decide when a container is ready.

use super::support::{DEV, inspect, pod, project, shell};
use crate::project::{On, Project, on_both_engines};

on_both_engines! {
    fn a_start_waits_for_every_probe(on: On) {
        let project = project(on, &pod("  containers:
  - name: web
    image: poststack/base-debian:latest
    command: [sh, -c, 'sleep 1; mkdir /www; touch /www/ready; cd /www; exec python -m http.server 8000']
    ports: [{name: http, containerPort: 8000}]
    startupProbe: {tcpSocket: {port: http}, periodSeconds: 1, failureThreshold: 60}
    readinessProbe: {httpGet: {path: /ready, port: http}, periodSeconds: 1}
    livenessProbe: {exec: {command: [test, -e, /www/ready]}, periodSeconds: 1, failureThreshold: 60}
  - name: slow
    image: debian:bookworm-slim
    command: [sh, -c, 'sleep 1; touch /tmp/up; exec sleep infinity']
    readinessProbe: {exec: {command: [test, -e, /tmp/up]}, periodSeconds: 1}
"));
        project.run(&["env", "start", "dev"]).ok();
        assert_eq!(shell(&project, "app-slow", "ls /tmp/up"), "/tmp/up");
        assert_eq!(shell(&project, "app-web", "ls /www"), "ready");
        let test = inspect(&project, "app-infra", "{{json .Config.Healthcheck}}");
        assert!(test.contains("http://localhost:8000/ready"), "{test}");
    }

    fn a_startup_probe_that_never_succeeds_fails_the_deploy(on: On) {
        let project = project(on, &pod("  containers:
  - {name: c, image: debian:bookworm-slim, command: [sleep, infinity], startupProbe: {exec: {command: [cat, /nowhere]}, periodSeconds: 1, failureThreshold: 2}}
"));
        let failed = project.run(&["env", "start", "dev"]).exits(5);
        assert!(failed.stderr.contains("startupProbe") && failed.stderr.contains("/nowhere"), "{}", failed.stderr);
    }

    fn a_readiness_probe_has_as_long_as_its_deployment(on: On) {
        let project = Project::new(on, DEV);
        project.write("app.yaml", "apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  progressDeadlineSeconds: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - {name: c, image: debian:bookworm-slim, command: [sleep, infinity], readinessProbe: {httpGet: {port: 8000}, periodSeconds: 1, failureThreshold: 1}}
");
        let failed = project.run(&["env", "start", "dev"]).exits(5);
        assert!(failed.stderr.contains("readinessProbe"), "{}", failed.stderr);
    }

    fn a_container_that_ends_before_it_is_ready_is_told_with_its_log(on: On) {
        let project = project(on, &pod("  restartPolicy: Never
  containers:
  - {name: c, image: debian:bookworm-slim, command: [sh, -c, 'echo cannot; exit 4'], readinessProbe: {tcpSocket: {port: 8000}}}
"));
        let failed = project.run(&["env", "start", "dev"]).exits(5);
        assert!(failed.stderr.contains("cannot") && failed.stderr.contains('4'), "{}", failed.stderr);
    }

    fn a_sidecar_is_ready_before_the_next_init_container(on: On) {
        let project = project(on, &pod("  initContainers:
  - name: side
    image: poststack/base-debian:latest
    restartPolicy: Always
    command: [sh, -c, 'sleep 0.5; exec python -m http.server 8000']
    startupProbe: {tcpSocket: {port: 8000}, periodSeconds: 1, failureThreshold: 60}
  - {name: ask, image: poststack/base-debian:core, command: [curl, --fail, --silent, --output, /dev/null, 'http://localhost:8000/']}
  containers: [{name: c, image: debian:bookworm-slim, command: [sleep, infinity]}]
"));
        project.run(&["env", "start", "dev"]).ok();
        assert_eq!(inspect(&project, "app-ask", "{{.State.ExitCode}}"), "0");
        assert_eq!(inspect(&project, "app-side", "{{.State.Running}}"), "true");
    }
}
