use super::*;

#[test]
fn kinds_are_named_with_what_to_do_instead() {
    insta::assert_snapshot!(told("apiVersion: v1\nkind: Servce\n---\napiVersion: apps/v1\nkind: StatefulSet\n---\nkind: Pdo\n---\nmetadata: {}\n---\n[1]\n"), @r"
    error 2:7: Objects of kind `Servce` are not supported
      help: kinds: Pod, Deployment, Job, DaemonSet, ConfigMap, Secret, PersistentVolumeClaim
    error 5:7: Objects of kind `StatefulSet` are not supported
      help: write a Deployment with a PersistentVolumeClaim
    error 7:7: Objects of kind `Pdo` are not supported
      help: did you mean `Pod`?
    error 9:1: The object has no `kind`
      help: add for instance `kind: Pod`
    error 11:1: An object is a mapping, this is a list
      help: start with `apiVersion:` and `kind:`
    ");
}

#[test]
fn a_version_of_the_api_must_be_that_of_the_kind() {
    insta::assert_snapshot!(told("apiVersion: apps/v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: i}]}\n---\nkind: ConfigMap\nmetadata: {name: p}\n"), @r"
    error 1:13: `apiVersion` of a Pod is `apps/v1`
      help: write `apiVersion: v1`
    error 6:1: The ConfigMap has no `apiVersion`
      help: add `apiVersion: v1`
    ");
}

#[test]
fn unknown_fields_are_faults_and_fields_of_a_cluster_are_notes() {
    insta::assert_snapshot!(told(&pod("  tolerations: []
  nodeSelector: {a: b}
  container: []
  hostUsers: false
  containers:
  - {name: c, image: i, comand: [x], imagePullPolicy: Sometimes}
")), @r"
    note 5:3: `tolerations` in `spec` is ignored: everything runs on one machine
    note 6:3: `nodeSelector` in `spec` is ignored: everything runs on one machine
    error 7:3: Unknown key `container` in `spec`
      help: did you mean `containers`?
    error 8:3: `hostUsers` in `spec` is not supported: the engine maps users for all its containers alike
    error 10:25: Unknown key `comand` in `spec.containers[0]`
      help: did you mean `command`?
    error 10:55: `spec.containers[0].imagePullPolicy` is `Sometimes`
      help: write one of Always, IfNotPresent, Never
    ");
}

#[test]
fn names_must_be_names_and_unique() {
    insta::assert_snapshot!(told(&pod("  volumes: [{name: v}, {name: v}]
  initContainers: [{name: c, image: i}]
  containers: [{name: c, image: i}, {name: C_1, image: i}, {image: i}, {name: infra, image: i}]
").replace("name: p,", "name: P.x,")), @r"
    error 3:18: `metadata.name` is no name: `P.x`
      help: use lower-case letters, digits, `-` and `.`, with a letter or a digit at both ends
    ");
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
"))), @r"
    error 9:53: There is no ConfigMap `settngs`
      help: did you mean `settings`?
    error 10:68: There is no key `levle` in ConfigMap `settings`
      help: did you mean `level`?
    error 11:50: There is no Secret `s`
      help: there is none at all in this file
    error 12:51: `status.podIP` is known only once the pod runs
      help: use the pod's name, which resolves to its address
    error 13:58: Container `c` declares no `limits.memory`
      help: add it under `resources` of `c`
    error 14:17: `spec.containers[0].env[5]` has a `value` and a `valueFrom`
      help: remove one of the two
    error 14:61: `metadata.nam` is no field that can be read
      help: fields: metadata.name, metadata.namespace, metadata.uid, metadata.labels['…'], metadata.annotations['…'], spec.nodeName, spec.serviceAccountName
    error 15:28: `spec.containers[0].env[6].valueFrom` names 0 sources
      help: name one: configMapKeyRef, secretKeyRef, fieldRef, resourceFieldRef
    error 16:34: There is no Secret `s`
      help: there is none at all in this file
    error 16:39: `spec.containers[0].envFrom[1]` names 0 sources
      help: name one: `configMapRef` or `secretRef`
    error 17:27: There is no volume `v`
      help: there is none at all in this file
    error 18:38: No port of the container is called `web`
      help: there is none at all in this file
    ");
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
")), @r"
    error 6:5: Volume `a` has 2 sources
      help: keep one of emptyDir, hostPath
    error 8:15: `nfs` in `spec.volumes[2]` is not supported: mount it on the host and write `hostPath`
    error 9:32: A `hostPath` must not hold `..`
      help: write the path that is meant
    error 11:26: `shareProcessNamespace` contradicts `hostPID`
      help: remove one of the two: with `hostPID`, every process is seen anyway
    error 12:14: `dnsPolicy: None` needs name servers
      help: add them under `dnsConfig.nameservers`
    error 16:78: Port 80 is published twice
      help: take another port
    error 16:99: `spec.containers[0].ports[2].containerPort` is 0; it must lie in 1 … 65535
    error 17:22: `spec.containers[0]` runs as root, and `runAsNonRoot` forbids it
      help: set `runAsUser` to another user than 0
    error 17:67: A privileged container can always get more privileges
      help: remove `privileged`, or `allowPrivilegeEscalation: false`
    error 18:34: `64MB` is not a quantity: unknown suffix `MB`; suffixes: m, k, M, G, T, P, E, Ki, Mi, Gi, Ti, Pi, Ei
    error 18:59: `spec.containers[0].resources` asks for more cpu than its limit
      help: raise the limit, or lower the request
    error 18:68: Unknown key `disk` in `spec.containers[0].resources.requests`
      help: known keys: cpu, memory, ephemeral-storage
    error 19:54: A part of a volume in memory cannot be mounted
      help: mount the whole volume, or leave out `medium: Memory`
    error 19:79: Two volumes are mounted at `/b`
      help: mount one elsewhere
    error 19:105: `spec.containers[0].volumeMounts[2].mountPath` is `rel`
      help: write an absolute path without `:`
    error 19:145: `spec.containers[0].volumeMounts[3].subPath` leads out of the volume: `../x`
      help: write a path relative to the volume
    error 20:39: `spec.containers[0].livenessProbe.successThreshold` must be 1
      help: only a `readinessProbe` may ask for more
    error 20:48: `spec.containers[0].livenessProbe.exec` has no `command`
      help: add the program and its arguments as a list
    error 21:19: `spec.containers[0].startupProbe` has 2 tests
      help: write one: `exec`, `httpGet` or `tcpSocket`
    error 22:20: `spec.containers[0].restartPolicy` holds for the whole pod
      help: write it beside `containers`; an init container alone may have its own
    ");
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
"), @r"
    error 6:27: The selector wants `app: other`, which no pod has
      help: give the label to the template, under `spec.template.metadata.labels`
    error 9:27: `spec.template.spec.restartPolicy` is `Never`
      help: write one of Always
    error 9:105: 2 pods cannot all publish port 80
      help: leave `hostPort` out, or make one pod
    error 14:25: The pod of a Job has no `spec.template.spec.restartPolicy`
      help: add `restartPolicy: OnFailure` or `restartPolicy: Never`
    error 19:8: `spec.containers` is empty
      help: add a container
    error 21:1: The object has no `spec`
      help: add `spec`, what it runs
    error 27:18: Two pods of the file are called `d`
      help: rename one of them
    ");
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
    insta::assert_snapshot!(told, @r"
    error 4:11: `a` is no base64
      help: write the value itself under `stringData`, or encode it: printf %s VALUE | base64 -w0
    error 4:23: `b` must be a string, this is a number
      help: put it in quotes
    error 5:17: `c` must be a string, this is a number
      help: put it in quotes
    error 5:27: `d` must be a string, this is a list
      help: put it in quotes
    error 9:18: Two objects of kind Secret are called `s`
      help: rename one of them
    ");
    for value in ["canary", "12345", "67890"] {
        assert!(!told.contains(value), "{told}");
    }
}

#[test]
fn a_file_without_a_pod_is_a_fault() {
    insta::assert_snapshot!(told("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"), @r"
    error 1:1: The file has no pod
      help: add a Pod, Deployment, Job or DaemonSet
    ");
}
