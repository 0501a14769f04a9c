//! Objects that make pods: which pods, how many, and whether they end
//! (<https://kubernetes.io/docs/concepts/workloads/controllers/>).

use std::time::Duration;

use super::file::{File, Object};
use super::keys;
use super::manifest::{self, Controller};
use super::metadata::{self, Metadata};
use crate::workload::model::{Ending, Restart};
use crate::yaml::Node;

/// Most pods of one object: more than one machine would run.
const MOST_PODS: i64 = 100;

/// How often a failed pod of a job is tried again, unless the job says so itself.
const BACKOFF_LIMIT: u32 = 6;

/// How long a deployment may take to become ready, in seconds, where it does not say so itself.
const PATIENCE: u64 = 120;

/// One pod to make.
#[derive(Debug, Clone)]
pub(super) struct Pod<'n> {
    /// Unique in the file; `<name>-2` for the second of several.
    pub name: String,
    pub metadata: Metadata,
    pub spec: Object<'n>,
    /// The first pod of its object is the one whose faults are told.
    pub copies: u32,
    pub policies: Policies,
    /// The pod that must have ended well before this one.
    pub follows: Option<String>,
    pub patience: Duration,
}

/// What `restartPolicy` may be, with what each word means.
#[derive(Debug, Clone, Copy)]
pub(super) struct Policies {
    /// For a pod that says nothing; `None` where it must say something.
    pub default: Option<RestartPolicy>,
    pub allowed: &'static [(&'static str, RestartPolicy)],
    /// Failures after which a job is lost.
    pub backoff: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RestartPolicy {
    Always,
    OnFailure,
    Never,
}

const ALWAYS: (&str, RestartPolicy) = ("Always", RestartPolicy::Always);
const ON_FAILURE: (&str, RestartPolicy) = ("OnFailure", RestartPolicy::OnFailure);
const NEVER: (&str, RestartPolicy) = ("Never", RestartPolicy::Never);

impl Policies {
    const POD: Self = Self {
        default: Some(RestartPolicy::Always),
        allowed: &[ALWAYS, ON_FAILURE, NEVER],
        backoff: None,
    };
    const SERVICE: Self = Self {
        default: Some(RestartPolicy::Always),
        allowed: &[ALWAYS],
        backoff: None,
    };

    fn job(backoff: u32) -> Self {
        Self {
            default: None,
            allowed: &[ON_FAILURE, NEVER],
            backoff: Some(backoff),
        }
    }

    /// When the engine starts a container of the pod again, and whether it may end.
    pub fn meaning(self, policy: RestartPolicy) -> (Restart, Ending) {
        let ending = match self.backoff {
            Some(_) => Ending::Awaited,
            None => Ending::Allowed,
        };
        match policy {
            RestartPolicy::Always => (Restart::Always, Ending::Never),
            // A limit of none means no second try.
            RestartPolicy::OnFailure if self.backoff == Some(0) => (Restart::No, ending),
            RestartPolicy::OnFailure => {
                let max_retries = self.backoff;
                (Restart::OnFailure { max_retries }, ending)
            }
            RestartPolicy::Never => (Restart::No, ending),
        }
    }
}

/// The pods that the object in `node` makes.
pub(super) fn read<'n>(file: &mut File<'_>, kind: Controller, node: &'n Node) -> Vec<Pod<'n>> {
    let Some((object, metadata)) = manifest::opened(file, node) else {
        return Vec::new();
    };
    let meaning = "what it runs";
    let Some(entry) = object.required(file, "spec", meaning) else {
        return Vec::new();
    };
    let fields = match kind {
        Controller::Pod => &keys::POD_SPEC,
        Controller::Deployment => &keys::DEPLOYMENT,
        Controller::Job => &keys::JOB,
        Controller::DaemonSet => &keys::DAEMON_SET,
    };
    let Some(spec) = Object::open(file, &entry.value, "spec", fields) else {
        if entry.value.is_null() {
            file.fault(entry.key_span, "`spec` is empty", "add `containers`");
        }
        return Vec::new();
    };
    if kind == Controller::Pod {
        let pod = Pod {
            name: metadata.name.clone(),
            metadata,
            spec,
            copies: 1,
            policies: Policies::POD,
            follows: None,
            patience: Duration::from_secs(PATIENCE),
        };
        return vec![pod];
    }
    let Some(template) = template(file, &spec, &metadata, kind) else {
        return Vec::new();
    };
    match kind {
        Controller::Job => job(file, &spec, &template),
        _ => replicas(file, &spec, &template, kind),
    }
}

/// The pod that a controller describes, of which it makes some.
fn template<'n>(
    file: &mut File<'_>,
    spec: &Object<'n>,
    owner: &Metadata,
    kind: Controller,
) -> Option<Pod<'n>> {
    let entry = spec.required(file, "template", "the pod it makes")?;
    let template = Object::open(file, &entry.value, &spec.at("template"), &keys::TEMPLATE)?;
    let metadata = metadata::of_template(file, &template, owner);
    check_selector(file, spec, &metadata, kind);
    let entry = template.required(file, "spec", "with the `containers` of the pod")?;
    let pod = Object::open(file, &entry.value, &template.at("spec"), &keys::POD_SPEC)?;
    Some(Pod {
        name: metadata.name.clone(),
        metadata,
        spec: pod,
        copies: 1,
        policies: Policies::SERVICE,
        follows: None,
        patience: Duration::from_secs(PATIENCE),
    })
}

/// A selector that does not match the template is refused by Kubernetes.
fn check_selector(file: &mut File<'_>, spec: &Object<'_>, metadata: &Metadata, kind: Controller) {
    const SELECTOR: keys::Keys = keys::Keys::only(&["matchLabels", "matchExpressions"]);
    if kind == Controller::Job {
        return;
    }
    let needs = "the labels of its pods: `matchLabels`";
    if spec.required(file, "selector", needs).is_none() {
        return;
    }
    let Some(selector) = spec.child(file, "selector", &SELECTOR) else {
        return;
    };
    for (key, value) in selector.map(file, "matchLabels") {
        if metadata.labels.get(&key) != Some(&value) {
            let message = format!("The selector wants `{key}: {value}`, which no pod has");
            let help = "give the label to the template, under `spec.template.metadata.labels`";
            file.fault(selector.place_of("matchLabels"), message, help);
        }
    }
}

/// A Deployment, or a DaemonSet, which on one machine has one pod.
fn replicas<'n>(
    file: &mut File<'_>,
    spec: &Object<'n>,
    template: &Pod<'n>,
    kind: Controller,
) -> Vec<Pod<'n>> {
    let count = match kind {
        Controller::Deployment => spec.integer(file, "replicas", 0..=MOST_PODS).unwrap_or(1),
        _ => 1,
    };
    let deadline = match kind {
        Controller::Deployment => spec.count(file, "progressDeadlineSeconds", 1),
        _ => None,
    };
    let patience = deadline.map_or(template.patience, |seconds| {
        Duration::from_secs(seconds.into())
    });
    let copies = u32::try_from(count).unwrap_or_default();
    let names = (1..=copies).map(|number| numbered(&template.name, number));
    let pod = |name| Pod {
        name,
        copies,
        patience,
        ..template.clone()
    };
    names.map(pod).collect()
}

/// A job's pods: so many at a time, the next one as soon as the one before it in line has ended.
fn job<'n>(file: &mut File<'_>, spec: &Object<'n>, template: &Pod<'n>) -> Vec<Pod<'n>> {
    spec.word(file, "completionMode", &[("NonIndexed", ())]);
    let parallelism = spec
        .integer(file, "parallelism", 1..=MOST_PODS)
        .unwrap_or(1);
    let completions = spec.integer(file, "completions", 1..=MOST_PODS);
    // Without a number of completions, each of those at work completes the job.
    let copies = u32::try_from(completions.unwrap_or(parallelism)).unwrap_or(1);
    let parallelism = u32::try_from(parallelism).unwrap_or(1);
    let backoff = spec.count(file, "backoffLimit", 0).unwrap_or(BACKOFF_LIMIT);
    let pod = |number: u32| Pod {
        name: numbered(&template.name, number),
        copies,
        policies: Policies::job(backoff),
        follows: number
            .checked_sub(parallelism)
            .filter(|before| *before > 0)
            .map(|before| numbered(&template.name, before)),
        ..template.clone()
    };
    (1..=copies).map(pod).collect()
}

/// The first has the name itself, so that one pod reads well and a second one changes nothing of it.
fn numbered(name: &str, number: u32) -> String {
    match number {
        1 => name.to_owned(),
        _ => format!("{name}-{number}"),
    }
}
