//! Pods as they are deployed: what fails, what ends, what is made several times.

use super::support::{DEV, container, inspect, pod, project, shell};
use crate::project::{On, Project, on_both_engines};

const INIT: &str = "\
project: { name: {name} }
environments:
  dev:
    postgres: { port: {port}, storage: tmpfs }
    init: [ { pod: init.yaml } ]
    deployment: { pod: app.yaml }
";

const SLEEP: &str =
    "  containers: [{name: c, image: debian:bookworm-slim, command: [sleep, infinity]}]\n";

/// A job of the init phase that runs this script.
fn job(script: &str, more: &str) -> String {
    format!(
        "apiVersion: batch/v1
kind: Job
metadata: {{name: seed}}
spec:
  {more}
  template:
    spec:
      restartPolicy: Never
      terminationGracePeriodSeconds: 1
      containers:
      - name: run
        image: poststack/postgres:15
        command: [sh, -c, \"{script}\"]
        env: [{{name: DATABASE_URL, value: '${{POSTSTACK_DATABASE_URL}}'}}]
"
    )
}

on_both_engines! {
    fn a_job_of_the_init_phase_ends_before_the_deployment_and_runs_once(on: On) {
        let project = Project::new(on, INIT);
        project.write("init.yaml", &job("psql $$DATABASE_URL -qc 'create table if not exists t (n int)' -c 'insert into t values (1)'", ""));
        project.write("app.yaml", &pod("  containers:
  - {name: c, image: poststack/postgres:15, command: [sleep, infinity], env: [{name: DATABASE_URL, value: '${POSTSTACK_DATABASE_URL}'}]}
"));
        project.run(&["env", "start", "dev"]).ok();
        project.run(&["env", "start", "dev"]).ok();
        assert_eq!(shell(&project, "app-c", "psql $DATABASE_URL -Atc 'select count(*) from t'"), "1");
        assert_eq!(inspect(&project, "seed-infra", "{{.State.Running}}"), "false", "what only serves the job is stopped");
        project.run(&["env", "init", "dev"]).ok();
        assert_eq!(shell(&project, "app-c", "psql $DATABASE_URL -Atc 'select count(*) from t'"), "2");
    }

    fn a_failed_job_ends_the_start_with_its_log(on: On) {
        let project = Project::new(on, INIT);
        project.write("init.yaml", &job("echo no seed; exit 3", ""));
        project.write("app.yaml", &pod(SLEEP));
        let failed = project.run(&["env", "start", "dev"]).exits(4);
        assert!(failed.stderr.contains("no seed"), "{}", failed.stderr);
        assert!(failed.stderr.contains("seed-run"), "{}", failed.stderr);
    }

    fn a_pod_of_the_init_phase_runs_once_whatever_its_policy(on: On) {
        let project = Project::new(on, INIT);
        project.write("init.yaml", &pod("  containers: [{name: c, image: debian:bookworm-slim, command: ['true']}]\n").replace("name: app", "name: first"));
        project.write("app.yaml", &pod(SLEEP));
        project.run(&["env", "start", "dev"]).ok();
        assert_eq!(inspect(&project, "first-c", "{{.State.ExitCode}} {{.RestartCount}} {{.State.Running}}"), "0 0 false");
    }

    fn a_job_is_tried_again_until_it_ends_well(on: On) {
        let project = Project::new(on, INIT);
        let text = job("echo x >> /count/n; test $$(wc -l < /count/n) = 3", "backoffLimit: 4").replace("restartPolicy: Never", "restartPolicy: OnFailure\n      volumes: [{name: n, emptyDir: {}}]");
        let text = text.replace("        env:", "        volumeMounts: [{name: n, mountPath: /count}]\n        env:");
        project.write("init.yaml", &text);
        project.write("app.yaml", &pod(SLEEP));
        project.run(&["env", "start", "dev"]).ok();
        assert_eq!(inspect(&project, "seed-run", "{{.State.ExitCode}}"), "0");
    }

    fn a_failed_init_container_leaves_the_others_unstarted(on: On) {
        let project = project(on, &pod(&format!("  initContainers:
  - {{name: one, image: debian:bookworm-slim, command: [sh, -c, 'echo broken; exit 7']}}
  - {{name: two, image: debian:bookworm-slim, command: ['true']}}
{SLEEP}")));
        let failed = project.run(&["env", "start", "dev"]).exits(5);
        assert!(failed.stderr.contains("app-one") && failed.stderr.contains("broken"), "{}", failed.stderr);
        assert!(!project.container_ids().contains_key(&container(&project, "app-c")), "what never ran goes");
        project.write("app.yaml", &pod(SLEEP));
        project.run(&["env", "start", "dev"]).ok();
    }

    fn a_failed_change_of_a_pod_puts_the_former_one_back(on: On) {
        let project = project(on, &pod("  hostname: one\n  containers: [{name: c, image: debian:bookworm-slim, command: [sleep, infinity]}]\n"));
        project.run(&["env", "start", "dev"]).ok();
        let before = project.container_ids();
        project.write("app.yaml", &pod("  hostname: two\n  containers: [{name: c, image: debian:bookworm-slim, command: [sh, -c, 'exit 3']}]\n"));
        project.run(&["env", "start", "dev"]).exits(5);
        assert_eq!(project.container_ids(), before);
        assert_eq!(shell(&project, "app-c", "hostname"), "one");
    }

    fn a_changed_infra_container_takes_its_members_along(on: On) {
        let text = pod("  hostname: one\n  containers: [{name: c, image: debian:bookworm-slim, command: [sleep, infinity]}]\n");
        let project = project(on, &text);
        project.run(&["env", "start", "dev"]).ok();
        let before = project.container_ids();
        project.write("app.yaml", &text.replace("hostname: one", "hostname: two"));
        let changed = project.run(&["env", "start", "dev"]).ok();
        assert!(changed.stderr.contains("shares the network of"), "{}", changed.stderr);
        let after = project.container_ids();
        for service in ["app-infra", "app-c"] {
            let name = container(&project, service);
            assert_ne!(before[&name], after[&name], "{service}");
        }
        assert_eq!(shell(&project, "app-c", "hostname"), "two");
    }

    fn replicas_of_a_deployment_share_its_name(on: On) {
        let project = Project::new(on, DEV);
        let text = |replicas: u32| format!("apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: c
        image: poststack/base-debian:latest
        command: [sh, -c, 'exec python -m http.server 80 --directory $(dirname $(mktemp -p $(mktemp -d)))']
        readinessProbe: {{tcpSocket: {{port: 80}}}}
");
        project.write("app.yaml", &text(2));
        project.run(&["env", "start", "dev"]).ok();
        let hosts = "for i in $(seq 50); do getent ahostsv4 web | grep -c STREAM | grep -q 2 && break; sleep 0.1; done; getent ahostsv4 web | grep -c STREAM";
        assert_eq!(shell(&project, "web-2-c", hosts), "2");
        let before = project.container_ids();
        project.write("app.yaml", &text(1));
        project.run(&["env", "start", "dev", "--remove-orphans"]).ok();
        let after = project.container_ids();
        let name = container(&project, "web-c");
        assert_eq!(before[&name], after[&name]);
        assert!(!after.contains_key(&container(&project, "web-2-c")));
    }

    fn a_pod_that_ends_by_itself_is_not_run_again(on: On) {
        let project = project(on, &pod("  restartPolicy: Never
  volumes: [{name: v, emptyDir: {}}]
  containers:
  - {name: once, image: debian:bookworm-slim, command: [sh, -c, 'echo x >> /v/n'], volumeMounts: [{name: v, mountPath: /v}]}
  - {name: stays, image: debian:bookworm-slim, command: [sleep, infinity], volumeMounts: [{name: v, mountPath: /v}]}
"));
        project.run(&["env", "start", "dev"]).ok();
        let again = project.result(&["env", "start", "dev"]);
        assert_eq!(again["changed"], false, "{again}");
        assert_eq!(again["state"], "running", "{again}");
        assert_eq!(shell(&project, "app-stays", "cat /v/n"), "x");
    }
}
