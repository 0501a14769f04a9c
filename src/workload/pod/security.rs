//! `securityContext` of a pod and of a container
//! (<https://kubernetes.io/docs/tasks/configure-pod-container/security-context/>).

use std::collections::BTreeMap;

use super::file::{File, Object};
use super::keys::Keys;
use crate::workload::model::Process;

const POD: Keys = Keys {
    read: &[
        "appArmorProfile",
        "fsGroup",
        "runAsGroup",
        "runAsNonRoot",
        "runAsUser",
        "seLinuxOptions",
        "seccompProfile",
        "supplementalGroups",
        "sysctls",
    ],
    ignored: &[
        (
            "fsGroupChangePolicy",
            "the group is set when a volume is made",
        ),
        (
            "seLinuxChangePolicy",
            "the engine labels its volumes by itself",
        ),
        (
            "supplementalGroupsPolicy",
            "the engine merges the groups of the image",
        ),
        ("windowsOptions", "the engine runs Linux"),
    ],
    refused: &[],
};
const CONTAINER: Keys = Keys {
    read: &[
        "allowPrivilegeEscalation",
        "appArmorProfile",
        "capabilities",
        "privileged",
        "procMount",
        "readOnlyRootFilesystem",
        "runAsGroup",
        "runAsNonRoot",
        "runAsUser",
        "seLinuxOptions",
        "seccompProfile",
    ],
    ignored: &[("windowsOptions", "the engine runs Linux")],
    refused: &[],
};
const SYSCTL: Keys = Keys::only(&["name", "value"]);
const CAPABILITIES: Keys = Keys::only(&["add", "drop"]);
const SE_LINUX: Keys = Keys::only(&["user", "role", "type", "level"]);
const PROFILE: Keys = Keys::only(&["type", "localhostProfile"]);

/// What holds for every container of a pod, unless it says otherwise.
#[derive(Debug, Clone, Default)]
pub(super) struct PodSecurity {
    pub fs_group: Option<u32>,
    pub sysctls: BTreeMap<String, String>,
    groups: Vec<u32>,
    common: Common,
}

/// What may stand on both levels.
#[derive(Debug, Clone, Default)]
struct Common {
    user: Option<u32>,
    group: Option<u32>,
    never_root: Option<bool>,
    seccomp: Option<String>,
    app_armor: Option<String>,
    /// Name → value of `label=name:value`.
    labels: BTreeMap<String, String>,
}

pub(super) fn of_pod(file: &mut File<'_>, spec: &Object<'_>) -> PodSecurity {
    let Some(context) = spec.child(file, "securityContext", &POD) else {
        return PodSecurity::default();
    };
    let mut groups = Vec::new();
    for (index, item) in context.items(file, "supplementalGroups").iter().enumerate() {
        let path = format!("{}[{index}]", context.at("supplementalGroups"));
        let group = file.decoder.integer(item, &path, 0..=i64::from(i32::MAX));
        groups.extend(group.and_then(|group| u32::try_from(group).ok()));
    }
    let mut sysctls = BTreeMap::new();
    for sysctl in context.children(file, "sysctls", &SYSCTL) {
        let name = sysctl.required(file, "name", "for instance `net.core.somaxconn`");
        let name = name.and_then(|entry| file.decoder.string(&entry.value, &sysctl.at("name")));
        let value = sysctl.required(file, "value", "that of the setting");
        let value = value.and_then(|entry| file.decoder.string(&entry.value, &sysctl.at("value")));
        sysctls.extend(name.zip(value));
    }
    PodSecurity {
        fs_group: context.count(file, "fsGroup", 0),
        sysctls,
        groups,
        common: common(file, &context),
    }
}

fn common(file: &mut File<'_>, context: &Object<'_>) -> Common {
    let labels = context.child(file, "seLinuxOptions", &SE_LINUX);
    let labels = labels.map(|options| {
        let names = SE_LINUX.read.iter().copied();
        let pairs = names.filter_map(|name| Some((name.to_owned(), options.string(file, name)?)));
        pairs.collect()
    });
    Common {
        user: context.count(file, "runAsUser", 0),
        group: context.count(file, "runAsGroup", 0),
        never_root: context.boolean(file, "runAsNonRoot"),
        seccomp: profile(file, context, "seccompProfile"),
        app_armor: profile(file, context, "appArmorProfile"),
        labels: labels.unwrap_or_default(),
    }
}

/// The engine's word for a profile; empty for its own default.
fn profile(file: &mut File<'_>, context: &Object<'_>, key: &str) -> Option<String> {
    let profile = context.child(file, key, &PROFILE)?;
    profile.required(file, "type", "RuntimeDefault or Unconfined");
    let words = [("RuntimeDefault", 0), ("Unconfined", 1), ("Localhost", 2)];
    match profile.word(file, "type", &words)? {
        0 => Some(String::new()),
        1 => Some("unconfined".to_owned()),
        _ if key == "appArmorProfile" => {
            let entry = profile.required(file, "localhostProfile", "that is loaded on the host")?;
            file.decoder
                .string(&entry.value, &profile.at("localhostProfile"))
        }
        _ => {
            let message = format!("`{}` cannot be a file of a node", profile.at("type"));
            file.fault(
                profile.place_of("type"),
                message,
                "write RuntimeDefault or Unconfined",
            );
            None
        }
    }
}

/// Sets what the context of `container`, and behind it that of the pod, says of its process.
pub(super) fn apply(
    file: &mut File<'_>,
    container: &Object<'_>,
    pod: &PodSecurity,
    process: &mut Process,
) {
    let context = container.child(file, "securityContext", &CONTAINER);
    let own = context
        .as_ref()
        .map(|context| common(file, context))
        .unwrap_or_default();
    let span = context
        .as_ref()
        .map_or(container.span, |context| context.span);
    let user = own.user.or(pod.common.user);
    let group = own.group.or(pod.common.group);
    let never_root = own.never_root.or(pod.common.never_root).unwrap_or_default();
    if never_root && user == Some(0) {
        let message = format!(
            "`{}` runs as root, and `runAsNonRoot` forbids it",
            container.path
        );
        file.fault(span, message, "set `runAsUser` to another user than 0");
    }
    process.never_root = never_root;
    process.user = match (user, group) {
        (Some(user), Some(group)) => Some(format!("{user}:{group}")),
        (Some(user), None) => Some(user.to_string()),
        (None, None) => None,
        (None, Some(_)) => {
            let message = format!("`{}` has a `runAsGroup` and no `runAsUser`", container.path);
            file.fault(
                span,
                message,
                "set `runAsUser` as well: an engine takes both together",
            );
            None
        }
    };
    let groups = pod.groups.iter().chain(&pod.fs_group);
    process.group_add = groups.map(u32::to_string).collect();
    process.security_opt = options(&own, &pod.common);
    if let Some(context) = context {
        of_container(file, &context, process);
    }
}

fn options(own: &Common, pod: &Common) -> Vec<String> {
    let mut options = Vec::new();
    let seccomp = own.seccomp.as_ref().or(pod.seccomp.as_ref());
    let app_armor = own.app_armor.as_ref().or(pod.app_armor.as_ref());
    for (name, value) in [("seccomp", seccomp), ("apparmor", app_armor)] {
        let value = value.filter(|value| !value.is_empty());
        options.extend(value.map(|value| format!("{name}={value}")));
    }
    let mut labels = pod.labels.clone();
    labels.extend(own.labels.clone());
    let labels = labels.iter();
    options.extend(labels.map(|(name, value)| format!("label={name}:{value}")));
    options
}

fn of_container(file: &mut File<'_>, context: &Object<'_>, process: &mut Process) {
    process.privileged = context.flag(file, "privileged");
    process.read_only = context.flag(file, "readOnlyRootFilesystem");
    if context.boolean(file, "allowPrivilegeEscalation") == Some(false) {
        if process.privileged {
            let message = "A privileged container can always get more privileges";
            let help = "remove `privileged`, or `allowPrivilegeEscalation: false`";
            file.fault(context.place_of("allowPrivilegeEscalation"), message, help);
        }
        process.security_opt.push("no-new-privileges".to_owned());
    }
    let unmasked = [("Default", false), ("Unmasked", true)];
    if context.word(file, "procMount", &unmasked) == Some(true) {
        process
            .security_opt
            .push("systempaths=unconfined".to_owned());
    }
    if let Some(capabilities) = context.child(file, "capabilities", &CAPABILITIES) {
        process.cap_add = capabilities.strings(file, "add");
        process.cap_drop = capabilities.strings(file, "drop");
    }
}
