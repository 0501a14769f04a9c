use super::*;

#[test]
fn kinds_are_named_with_what_to_do_instead() {
    insta::assert_snapshot!(told("apiVersion: v1\nkind: Servce\n---\napiVersion: apps/v1\nkind: StatefulSet\n---\nkind: Pdo\n---\nmetadata: {}\n---\n[1]\n"), @"");
}

#[test]
fn a_version_of_the_api_must_be_that_of_the_kind() {
    insta::assert_snapshot!(told("apiVersion: apps/v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: i}]}\n---\nkind: ConfigMap\nmetadata: {name: p}\n"), @"");
}

#[test]
fn unknown_fields_are_faults_and_fields_of_a_cluster_are_notes() {
    insta::assert_snapshot!(told(&pod("  tolerations: []
  nodeSelector: {a: b}
  container: []
  hostUsers: false
  containers:
  - {name: c, image: i, comand: [x], imagePullPolicy: Sometimes}
")), @"");
}

#[test]
fn names_must_be_names_and_unique() {
    insta::assert_snapshot!(told(&pod("  volumes: [{name: v}, {name: v}]
  initContainers: [{name: c, image: i}]
  containers: [{name: c, image: i}, {name: C_1, image: i}, {image: i}, {name: infra, image: i}]
").replace("name: p,", "name: P.x,")), @"");
}

#[test]
fn references_to_what_is_not_there_have_their_line() {
    insta::assert_snapshot!(told(&format!("{}---
apiVersion: v1
kind: ConfigMap
metadata: {{name: settings}}
data: {{level: x}}
", container("env:
- {name: A, valueFrom: {configMapKeyRef: {name: settngs, key: level}}}
- {name: B, valueFrom: {configMapKeyRef: {name: settings, key: levle}}}
- {name: C, valueFrom: {secretKeyRef: {name: s, key: k}}}
- {name: D, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
- {name: E, valueFrom: {resourceFieldRef: {resource: limits.memory}}}
- {name: F, value: x, valueFrom: {fieldRef: {fieldPath: metadata.nam}}}
- {name: G, valueFrom: {}}
envFrom: [{secretRef: {name: s}}, {prefix: x}]
volumeMounts: [{name: v, mountPath: /a}]
readinessProbe: {httpGet: {port: web}}
"))), @"");
}

#[test]
fn contradictions_have_their_line() {
    insta::assert_snapshot!(told(&pod("  volumes:
  - {name: a, emptyDir: {}, hostPath: {path: /x}}
  - {name: b, emptyDir: {medium: Memory}}
  - {name: n, nfs: {server: s, path: /}}
  - {name: h, hostPath: {path: /a/../b}}
  hostPID: true
  shareProcessNamespace: true
  dnsPolicy: None
  containers:
  - name: c
    image: i
    ports: [{containerPort: 80, hostPort: 80}, {containerPort: 81, hostPort: 80}, {containerPort: 0}]
    securityContext: {privileged: true, allowPrivilegeEscalation: false, runAsNonRoot: true, runAsUser: 0}
    resources: {limits: {memory: 64MB, cpu: 1}, requests: {cpu: 2, disk: 1}}
    volumeMounts: [{name: b, mountPath: /b, subPath: x}, {name: b, mountPath: /b}, {name: b, mountPath: rel}, {name: b, mountPath: /c, subPath: ../x}]
    livenessProbe: {successThreshold: 2, exec: {command: []}}
    startupProbe: {exec: {command: [a]}, tcpSocket: {port: 1}}
    restartPolicy: Always
")), @"");
}

#[test]
fn objects_that_make_pods_are_checked_too() {
    insta::assert_snapshot!(told("apiVersion: apps/v1
kind: Deployment
metadata: {name: d}
spec:
  replicas: 2
  selector: {matchLabels: {app: other}}
  template:
    metadata: {labels: {app: d}}
    spec: {restartPolicy: Never, containers: [{name: c, image: i, ports: [{containerPort: 80, hostPort: 80}]}]}
---
apiVersion: batch/v1
kind: Job
metadata: {name: j}
spec: {template: {spec: {containers: [{name: c, image: i}]}}}
---
apiVersion: v1
kind: Pod
metadata: {name: e}
spec: {containers: []}
---
apiVersion: v1
kind: Pod
metadata: {name: e}
---
apiVersion: v1
kind: Pod
metadata: {name: d}
spec: {containers: [{name: c, image: 5}]}
"), @"");
}

#[test]
fn faults_of_a_secret_do_not_show_it() {
    let told = told(
        "apiVersion: v1
kind: Secret
metadata: {name: s}
data: {a: canary!, b: 12345}
stringData: {c: 67890, d: [canary]}
---
apiVersion: v1
kind: Secret
metadata: {name: s}
",
    );
    insta::assert_snapshot!(told, @"");
    for value in ["canary", "12345", "67890"] {
        assert!(!told.contains(value), "{told}");
    }
}

#[test]
fn a_file_without_a_pod_is_a_fault() {
    insta::assert_snapshot!(told("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"), @"");
}
