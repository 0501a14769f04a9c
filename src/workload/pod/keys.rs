//! Which fields are read, which change nothing here, and which are refused and why.
//!
//! A field that Kubernetes does not know is an error with the nearest known one, as Kubernetes'
//! own strict decoding has it.

pub(super) use crate::workload::keys::Keys;
use crate::workload::keys::{MOST_LISTED, within};
use crate::yaml::Mapping;
use crate::yaml::decode::Decoder;

/// Reports every field of `mapping` that is not simply read.
pub(super) fn check(decoder: &mut Decoder<'_>, mapping: &Mapping, path: &str, keys: &Keys) {
    for entry in &mapping.entries {
        let key = &*entry.key;
        if keys.read.contains(&key) {
            continue;
        }
        if decoder.is_full() {
            return;
        }
        let within = within(path);
        if let Some(why) = keys.why_ignored(key) {
            decoder.note(entry.key_span, format!("`{key}`{within} is ignored: {why}"));
        } else if let Some(why) = keys.why_refused(key) {
            let message = format!("`{key}`{within} is not supported: {why}");
            let fault = decoder.error(entry.key_span, message);
            fault.label = Some("not supported".to_owned());
        } else {
            let known = keys.known();
            let fault = decoder.unknown_key(entry, path, &known);
            let is_list =
                |help: &String| help.starts_with("known keys") && known.len() > MOST_LISTED;
            if fault.help.as_ref().is_some_and(is_list) {
                fault.help = Some("Kubernetes knows no such field".to_owned());
            }
        }
    }
}

const ONE_MACHINE: &str = "everything runs on one machine";
const NO_CLUSTER: &str = "there is no cluster that would look at it";
const SERVER: &str = "a cluster sets it";

/// <https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/object-meta/>
pub(super) const METADATA: Keys = Keys {
    read: &["name", "namespace", "labels", "annotations"],
    ignored: &[
        ("clusterName", NO_CLUSTER),
        ("creationTimestamp", SERVER),
        ("deletionGracePeriodSeconds", SERVER),
        ("deletionTimestamp", SERVER),
        ("finalizers", NO_CLUSTER),
        ("generation", SERVER),
        ("managedFields", SERVER),
        ("ownerReferences", NO_CLUSTER),
        ("resourceVersion", SERVER),
        ("selfLink", SERVER),
        ("uid", SERVER),
    ],
    refused: &[("generateName", "give the object a `name`")],
};

pub(super) const POD: Keys = Keys {
    read: &["apiVersion", "kind", "metadata", "spec"],
    ignored: &[("status", SERVER)],
    refused: &[],
};

pub(super) const TEMPLATE: Keys = Keys::only(&["metadata", "spec"]);

/// <https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/deployment-v1/>
pub(super) const DEPLOYMENT: Keys = Keys {
    read: &[
        "replicas",
        "template",
        "selector",
        "progressDeadlineSeconds",
    ],
    ignored: &[
        (
            "minReadySeconds",
            "a container is ready once its probes succeed",
        ),
        ("paused", NO_CLUSTER),
        (
            "revisionHistoryLimit",
            "poststack keeps no former revisions",
        ),
        (
            "strategy",
            "poststack puts former containers back where a deploy fails",
        ),
    ],
    refused: &[],
};

/// <https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/daemon-set-v1/>
pub(super) const DAEMON_SET: Keys = Keys {
    read: &["template", "selector"],
    ignored: &[
        (
            "minReadySeconds",
            "a container is ready once its probes succeed",
        ),
        (
            "revisionHistoryLimit",
            "poststack keeps no former revisions",
        ),
        (
            "updateStrategy",
            "poststack puts former containers back where a deploy fails",
        ),
    ],
    refused: &[],
};

/// <https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/job-v1/>
pub(super) const JOB: Keys = Keys {
    read: &[
        "template",
        "completions",
        "parallelism",
        "backoffLimit",
        "selector",
        "manualSelector",
        "completionMode",
    ],
    ignored: &[
        ("backoffLimitPerIndex", "the first failure ends the start"),
        ("managedBy", NO_CLUSTER),
        ("maxFailedIndexes", "the first failure ends the start"),
        (
            "podReplacementPolicy",
            "poststack makes no pod a second time",
        ),
        ("suspend", NO_CLUSTER),
        (
            "ttlSecondsAfterFinished",
            "the containers stay until `env stop --rm`",
        ),
    ],
    refused: &[
        (
            "activeDeadlineSeconds",
            "poststack ends no container by a clock; use `timeout` in the command",
        ),
        ("podFailurePolicy", "the first failure ends the start"),
        ("successPolicy", "every completion must succeed"),
    ],
};

/// <https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#PodSpec>
pub(super) const POD_SPEC: Keys = Keys {
    read: &[
        "containers",
        "dnsConfig",
        "dnsPolicy",
        "hostAliases",
        "hostIPC",
        "hostNetwork",
        "hostPID",
        "hostname",
        "initContainers",
        "nodeName",
        "restartPolicy",
        "securityContext",
        "serviceAccountName",
        "shareProcessNamespace",
        "terminationGracePeriodSeconds",
        "volumes",
    ],
    ignored: &[
        ("affinity", ONE_MACHINE),
        ("automountServiceAccountToken", NO_CLUSTER),
        ("enableServiceLinks", "services are found by their names"),
        (
            "imagePullSecrets",
            "the engine logs in to registries by itself",
        ),
        ("nodeSelector", ONE_MACHINE),
        ("os", "the engine runs Linux"),
        ("overhead", ONE_MACHINE),
        ("preemptionPolicy", ONE_MACHINE),
        ("priority", ONE_MACHINE),
        ("priorityClassName", ONE_MACHINE),
        ("readinessGates", NO_CLUSTER),
        ("resources", "limits of single containers are honoured"),
        (
            "runtimeClassName",
            "the engine's own runtime runs every container",
        ),
        ("schedulerName", ONE_MACHINE),
        ("schedulingGates", NO_CLUSTER),
        ("serviceAccount", NO_CLUSTER),
        ("setHostnameAsFQDN", "there is no domain of a cluster"),
        ("subdomain", "there is no domain of a cluster"),
        ("tolerations", ONE_MACHINE),
        ("topologySpreadConstraints", ONE_MACHINE),
    ],
    refused: &[
        (
            "activeDeadlineSeconds",
            "poststack ends no container by a clock; use `timeout` in the command",
        ),
        (
            "ephemeralContainers",
            "they are made in running pods only; use `docker exec`",
        ),
        (
            "hostUsers",
            "the engine maps users for all its containers alike",
        ),
        ("hostnameOverride", "write `hostname`"),
        ("resourceClaims", "no driver of a cluster gives devices"),
        ("workloadRef", "it is for a cluster's scheduler"),
    ],
};

/// <https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#Container>
pub(super) const CONTAINER: Keys = Keys {
    read: &[
        "args",
        "command",
        "env",
        "envFrom",
        "image",
        "imagePullPolicy",
        "lifecycle",
        "livenessProbe",
        "name",
        "ports",
        "readinessProbe",
        "resources",
        "restartPolicy",
        "securityContext",
        "startupProbe",
        "stdin",
        "tty",
        "volumeMounts",
        "workingDir",
    ],
    ignored: &[
        ("resizePolicy", "a changed limit makes the container anew"),
        ("stdinOnce", "poststack attaches to no input"),
        ("terminationMessagePath", "read the log with `env logs`"),
        ("terminationMessagePolicy", "read the log with `env logs`"),
    ],
    refused: &[
        ("restartPolicyRules", "write one `restartPolicy`"),
        ("volumeDevices", "mount the device as a `hostPath` volume"),
    ],
};

pub(super) const LIFECYCLE: Keys = Keys::only(&["postStart", "preStop", "stopSignal"]);
pub(super) const HANDLER: Keys = Keys {
    read: &["exec"],
    ignored: &[],
    refused: &[
        ("httpGet", "write `exec` with a program that asks"),
        ("sleep", "write `exec` with `sleep`"),
        ("tcpSocket", "Kubernetes runs no such hook either"),
    ],
};
pub(super) const EXEC: Keys = Keys::only(&["command"]);

pub(super) const PORT: Keys =
    Keys::only(&["containerPort", "hostPort", "hostIP", "name", "protocol"]);

pub(super) const ENV: Keys = Keys::only(&["name", "value", "valueFrom"]);
pub(super) const ENV_SOURCE: Keys = Keys {
    read: &[
        "configMapKeyRef",
        "secretKeyRef",
        "fieldRef",
        "resourceFieldRef",
    ],
    ignored: &[],
    refused: &[(
        "fileKeyRef",
        "no file of a container is read before it starts",
    )],
};
pub(super) const KEY_REF: Keys = Keys::only(&["name", "key", "optional"]);
pub(super) const FIELD_REF: Keys = Keys::only(&["apiVersion", "fieldPath"]);
pub(super) const RESOURCE_REF: Keys = Keys::only(&["containerName", "resource", "divisor"]);
pub(super) const ENV_FROM: Keys = Keys::only(&["prefix", "configMapRef", "secretRef"]);
pub(super) const OBJECT_REF: Keys = Keys::only(&["name", "optional"]);

pub(super) const CONFIG_MAP: Keys = Keys {
    read: &["apiVersion", "kind", "metadata", "data", "binaryData"],
    ignored: &[("immutable", NO_CLUSTER)],
    refused: &[],
};
pub(super) const SECRET: Keys = Keys {
    read: &["apiVersion", "kind", "metadata", "data", "stringData"],
    ignored: &[
        ("immutable", NO_CLUSTER),
        ("type", "every type holds keys and values"),
    ],
    refused: &[],
};
pub(super) const LIST: Keys = Keys::only(&["apiVersion", "kind", "metadata", "items"]);
pub(super) const LIST_METADATA: Keys = Keys {
    read: &[],
    ignored: &[
        ("resourceVersion", SERVER),
        ("selfLink", SERVER),
        ("continue", SERVER),
    ],
    refused: &[],
};
