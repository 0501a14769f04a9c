//! ConfigMaps, Secrets and volumes in the containers of a pod, and secrets in no output.

use super::support::{DEV, container, pod, project, shell};
use crate::project::{On, Project, Ran, on_both_engines};

const OBJECTS: &str = "---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {a.conf: alpha, b.conf: beta}
binaryData: {c.bin: /wA=}
---
apiVersion: v1
kind: Secret
metadata: {name: login}
data: {password: YzRuNHJ5LWRhdGE=}
stringData: {token: c4n4ry-string}
";

const SECRETS: [&str; 3] = ["c4n4ry-data", "c4n4ry-string", "YzRuNHJ5LWRhdGE="];

#[track_caller]
fn hides(ran: &Ran) {
    for secret in SECRETS {
        for output in [&ran.stdout, &ran.stderr] {
            assert!(!output.contains(secret), "{secret} in:\n{output}");
        }
    }
}

on_both_engines! {
    fn files_of_objects_are_there_as_declared_even_under_a_read_only_root(on: On) {
        let project = project(on, &format!("{}{OBJECTS}", pod("  volumes:
  - {name: all, configMap: {name: settings}}
  - {name: one, configMap: {name: settings, items: [{key: b.conf, path: deep/b.conf, mode: 0440}]}}
  - {name: login, secret: {secretName: login, defaultMode: 0400}}
  containers:
  - name: c
    image: debian:bookworm-slim
    command: [sleep, infinity]
    securityContext: {readOnlyRootFilesystem: true}
    volumeMounts:
    - {name: all, mountPath: /etc/apt}
    - {name: all, mountPath: /etc/a.conf, subPath: a.conf}
    - {name: one, mountPath: /one, readOnly: true}
    - {name: login, mountPath: /run/login}
")));
        project.run(&["env", "start", "dev"]).ok();
        let is = |script: &str, expected: &str| assert_eq!(shell(&project, "app-c", script), expected, "{script}");
        is("cd /etc/apt; ls; cat a.conf; od -An -tx1 c.bin | tr -d ' '", "a.conf\nb.conf\nc.bin\nalphaff00");
        is("cat /etc/a.conf; ls /etc/passwd", "alpha/etc/passwd");
        is("cat /one/deep/b.conf; stat -c ' %a %u' /one/deep/b.conf", "beta 440 0");
        is("cat /run/login/password; stat -c ' %a %u:%g' /run/login/password", "c4n4ry-data 400 0:0");
        is("echo x > /run/login/password 2>/dev/null || echo refused", "refused");
    }

    fn a_secret_for_a_group_is_read_by_its_members_only(on: On) {
        let project = project(on, &format!("{}{OBJECTS}", pod("  securityContext: {fsGroup: 2000}
  volumes: [{name: login, secret: {secretName: login, defaultMode: 0400}}]
  containers:
  - {name: c, image: debian:bookworm-slim, command: [sleep, infinity], securityContext: {runAsUser: 1000}, volumeMounts: [{name: login, mountPath: /login}]}
")));
        project.run(&["env", "start", "dev"]).ok();
        assert_eq!(shell(&project, "app-c", "cat /login/password; stat -c ' %a %g' /login/password"), "c4n4ry-data 440 2000");
    }

    fn a_changed_config_map_recreates_what_uses_it_and_nothing_else(on: On) {
        let text = format!("{}{OBJECTS}", pod("  volumes: [{name: v, configMap: {name: settings}}]
  containers:
  - {name: files, image: debian:bookworm-slim, command: [sleep, infinity], volumeMounts: [{name: v, mountPath: /v}]}
  - {name: env, image: debian:bookworm-slim, command: [sleep, infinity], env: [{name: A, valueFrom: {configMapKeyRef: {name: settings, key: a.conf}}}]}
  - {name: other, image: debian:bookworm-slim, command: [sleep, infinity]}
"));
        let project = project(on, &text);
        project.run(&["env", "start", "dev"]).ok();
        let before = project.container_ids();
        project.write("app.yaml", &text.replace("alpha", "omega"));
        let changed = project.run(&["env", "start", "dev"]).ok();
        assert!(changed.stderr.contains("ConfigMap settings"), "{}", changed.stderr);
        let after = project.container_ids();
        let same = |service: &str| {
            let name = container(&project, service);
            before[&name] == after[&name]
        };
        assert!(same("app-other") && same("app-infra"));
        assert!(!same("app-files") && !same("app-env"));
        assert_eq!(shell(&project, "app-files", "cat /v/a.conf"), "omega");
        assert_eq!(shell(&project, "app-env", "echo $A"), "omega");
        let filter = format!("label=io.poststack.project={}", project.name);
        let volumes = on.cli_text(&["volume", "ls", "--quiet", "--filter", &filter]);
        assert_eq!(volumes.lines().count(), 1, "the former files are gone: {volumes}");
    }

    fn a_claim_keeps_its_data_and_an_empty_folder_does_not(on: On) {
        let project = project(on, &format!("{}---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {{name: data}}
spec: {{accessModes: [ReadWriteOnce], resources: {{requests: {{storage: 1Gi}}}}}}
", pod("  volumes: [{name: kept, persistentVolumeClaim: {claimName: data}}, {name: lost, emptyDir: {}}]
  containers:
  - {name: c, image: debian:bookworm-slim, command: [sleep, infinity], securityContext: {runAsUser: 1000}, volumeMounts: [{name: kept, mountPath: /kept}, {name: lost, mountPath: /lost}, {name: kept, mountPath: /part, subPath: a}]}
")));
        project.run(&["env", "start", "dev"]).ok();
        shell(&project, "app-c", "echo 1 > /kept/x; echo 1 > /lost/x");
        project.run(&["env", "stop", "dev", "--rm"]).ok();
        project.run(&["env", "start", "dev"]).ok();
        assert_eq!(shell(&project, "app-c", "cat /kept/x; ls /lost | wc -l"), "1\n0");
    }

    fn paths_of_the_host_are_checked(on: On) {
        let text = |kind: &str| pod(&format!("  volumes: [{{name: h, hostPath: {{path: ./host, type: {kind}}}}}]
  containers: [{{name: c, image: debian:bookworm-slim, command: [sleep, infinity], volumeMounts: [{{name: h, mountPath: /h}}]}}]
"));
        let project = project(on, &text("Directory"));
        let failed = project.run(&["env", "start", "dev"]).exits(1);
        assert!(failed.stderr.contains("host"), "{}", failed.stderr);
        project.write("app.yaml", &text("DirectoryOrCreate"));
        project.run(&["env", "start", "dev"]).ok();
        shell(&project, "app-c", "echo 1 > /h/x");
        assert_eq!(project.read("host/x"), "1\n");
        project.write("app.yaml", &text("File"));
        let failed = project.run(&["env", "start", "dev"]).exits(1);
        assert!(failed.stderr.contains("no file"), "{}", failed.stderr);
    }

    fn secrets_of_objects_are_in_no_output(on: On) {
        let project = project(on, &format!("{}{OBJECTS}", pod("  volumes: [{name: login, secret: {secretName: login}}]
  containers:
  - name: c
    image: debian:bookworm-slim
    command: [sh, -c, 'echo \"it is $$P and $(T)\"; exec sleep infinity']
    env:
    - {name: P, valueFrom: {secretKeyRef: {name: login, key: password}}}
    - {name: T, valueFrom: {secretKeyRef: {name: login, key: token}}}
    volumeMounts: [{name: login, mountPath: /login}]
")));
        hides(&project.run(&["env", "start", "dev", "-vv"]).ok());
        assert_eq!(shell(&project, "app-c", "echo $P; cat /login/token"), "c4n4ry-data\nc4n4ry-string");
        for arguments in [
            ["env", "start", "dev", "--format", "json"].as_slice(),
            &["env", "status", "dev", "-vv"],
            &["env", "plan", "dev"],
            &["env", "diff", "dev"],
            &["env", "dry-run", "dev", "--all"],
            &["env", "dry-run", "dev", "--all", "--format", "json"],
            &["env", "config", "dev"],
            &["config", "validate", "dev"],
        ] {
            hides(&project.run(arguments).ok());
        }
        let logs = project.run(&["env", "logs", "dev", "app-c"]).ok();
        assert!(logs.stdout.contains("it is *** and ***"), "{}", logs.stdout);
        hides(&logs);
        let text = project.read("app.yaml");
        project.write("app.yaml", &text.replace("/login}]", "/login}, {name: nope, mountPath: /n}]").replace("data: {password", "data: {bad: '!c4n4ry-data', password"));
        let refused = project.run(&["env", "start", "dev", "-vv"]).exits(3);
        assert!(refused.stderr.contains("base64") && refused.stderr.contains("`nope`"), "{}", refused.stderr);
        hides(&refused);
        project.write("app.yaml", &text.replace("exec sleep infinity", "exit 3").replace("spec:\n", "spec:\n  restartPolicy: Never\n"));
        hides(&project.run(&["env", "start", "dev"]).exits(5));
    }
}

#[test]
fn a_program_that_is_not_run_shows_no_secret_either() {
    let project = Project::new(On::Docker, DEV);
    project.write(
        "app.yaml",
        &format!("{}{OBJECTS}", pod("  containers: [{name: c, image: i}]\n")),
    );
    hides(&project.run(&["config", "validate", "dev"]).ok());
}
