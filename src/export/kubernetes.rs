//! `kubernetes`: objects for `kubectl apply`, in a namespace of their own, secrets in a second file
//! (<https://kubernetes.io/docs/reference/kubernetes-api/>).
//!
//! A cluster starts everything at once. The steps of the init phase are one Job that leaves a mark in
//! the database; every other pod waits for the mark before its containers start.

use super::Made;
use super::document::{Map, Node, stream};
use super::files::{File, Files};
use super::images;
use super::kube::{self, Ground, Pod, Reader, name, object, word};
use super::stack::{Part, Stack};
use crate::plan::definition;
use crate::plan::identity::Role;
use crate::plan::spec::NetworkAttachment;
use crate::postgres::quote::literal;

const FILE: &str = "kubernetes.yaml";
const SECRETS: &str = "secrets.yaml";
/// What a claim asks for, since no engine knows how much a volume is going to hold.
const SIZE: &str = "10Gi";
/// How much of a hash tells two init phases apart, in characters.
const MARK: usize = 12;

pub fn export(stack: &Stack<'_>, files: &mut Files<'_>) -> Made {
    let builds = images::commands(stack, files, "docker");
    let mut ground = Ground::new(Reader::Kubernetes, stack, files);
    let space = name(&stack.prefix());
    let mut objects = vec![plain("v1", "Namespace", &space, None)];
    let database = stack
        .database()
        .map(|part| database(part, &space, &mut ground));
    let steps: Vec<&Part> = stack.parts.iter().filter(|part| part.ends).collect();
    let job = job(&steps, &space, &mut ground);
    let wait = wait(job.as_ref().map(|(_, mark)| mark.as_str()), stack);
    let mut workloads = Vec::new();
    for group in groups(stack) {
        workloads.extend(workload(&group, (&space, &wait), &mut ground));
    }
    objects.extend(claims(stack, &space));
    let (secret, open): (Vec<_>, Vec<_>) = std::mem::take(&mut ground.configs)
        .into_iter()
        .partition(|(_, one)| one.is_secret);
    objects.extend(open.into_iter().map(|(name, config)| {
        let mut map = plain("v1", "ConfigMap", &name, Some(&space));
        config.put_into(&mut map);
        map
    }));
    objects.extend(database.into_iter().flatten());
    objects.extend(job.map(|(job, _)| job));
    objects.extend(workloads);
    let mut secrets = Vec::new();
    if !ground.secrets.is_empty() {
        let data: Map = ground.secrets.iter().collect();
        let map = plain("v1", "Secret", &ground.secret_object(), Some(&space));
        secrets.push(Node::from(map.with("stringData", data)));
    }
    secrets.extend(secret.into_iter().map(|(name, config)| {
        let mut map = plain("v1", "Secret", &name, Some(&space));
        config.put_into(&mut map);
        Node::from(map)
    }));
    made(stack, objects, (secrets, &space), builds)
}

fn made(
    stack: &Stack<'_>,
    objects: Vec<Map>,
    (secrets, space): (Vec<Node>, &str),
    builds: Vec<String>,
) -> Made {
    let header = format!(
        "# {} of poststack project {}, for Kubernetes.\n\
         # Its own images must be where the cluster pulls from; claims ask for {SIZE}.\n",
        stack.prepared.identity.environment, stack.prepared.identity.project
    );
    let objects: Vec<Node> = objects.into_iter().map(Node::from).collect();
    let mut documents = vec![File::public(FILE, format!("{header}{}", stream(&objects)))];
    let mut run = Vec::new();
    if !secrets.is_empty() {
        documents.push(File::private(SECRETS, stream(&secrets)));
        run.push(format!("kubectl create namespace {space}"));
        run.push(format!("kubectl apply -f {SECRETS}"));
    }
    run.push(format!("kubectl apply -f {FILE}"));
    Made {
        documents,
        builds,
        run,
    }
}

/// An object without anything but its name.
fn plain(version: &str, kind: &str, name: &str, space: Option<&str>) -> Map {
    let mut metadata = Map::new().with("name", name);
    metadata.put_some("namespace", space);
    object(version, kind, metadata)
}

fn label(name: &str) -> Map {
    Map::new().with("app.kubernetes.io/name", name)
}

fn selector(name: &str) -> Map {
    Map::new().with("matchLabels", label(name))
}

fn template(name: &str, spec: Map) -> Map {
    let metadata = Map::new().with("labels", label(name));
    Map::new().with("metadata", metadata).with("spec", spec)
}

/// The database with its address: others know it by the name of its container.
fn database(part: &Part, space: &str, ground: &mut Ground<'_, '_>) -> Vec<Map> {
    let own = name(&part.spec.name);
    let mut pod = Pod::default();
    pod.add(part, ground);
    let spec = pod.spec("Always", Vec::new(), ground);
    let set = Map::new()
        .with("serviceName", own.as_str())
        .with("replicas", 1_u32)
        .with("selector", selector(&own))
        .with("template", template(&own, spec));
    let set = plain("apps/v1", "StatefulSet", &own, Some(space)).with("spec", set);
    let mut objects = vec![set];
    objects.extend(service(part, &own, &own, space));
    objects
}

/// The ports of `part` under `own`; a workload nobody talks to has none.
fn service(part: &Part, own: &str, labelled: &str, space: &str) -> Option<Map> {
    let process = &part.spec.process;
    let published = process
        .ports
        .iter()
        .map(|port| (port.target, port.protocol));
    let exposed = process.expose.iter().map(|port| (port.port, port.protocol));
    let mut ports: Vec<_> = published.chain(exposed).collect();
    ports.sort_unstable();
    ports.dedup();
    let ports = ports.into_iter().map(|(number, protocol)| {
        Map::new()
            .with("name", format!("{}-{number}", protocol.as_str()))
            .with("port", number)
            .with("targetPort", number)
            .with("protocol", word(protocol))
    });
    let ports: Vec<Map> = ports.collect();
    if ports.is_empty() {
        return None;
    }
    let spec = Map::new()
        .with("selector", label(labelled))
        .with("ports", ports);
    Some(plain("v1", "Service", own, Some(space)).with("spec", spec))
}

/// The claims of every volume that holds something.
fn claims(stack: &Stack<'_>, space: &str) -> Vec<Map> {
    let volumes = stack.prepared.desired.volumes.iter();
    let kept = volumes.filter(|volume| volume.filling.is_none());
    let claim = |volume: &crate::plan::spec::VolumeSpec| {
        let requests = Map::new().with("storage", SIZE);
        let spec = Map::new()
            .with("accessModes", vec!["ReadWriteOnce"])
            .with("resources", Map::new().with("requests", requests));
        let own = name(&volume.name);
        plain("v1", "PersistentVolumeClaim", &own, Some(space)).with("spec", spec)
    };
    kept.map(claim).collect()
}

/// The steps of the init phase as one Job, and the mark that it leaves.
fn job(steps: &[&Part], space: &str, ground: &mut Ground<'_, '_>) -> Option<(Map, String)> {
    if steps.is_empty() {
        return None;
    }
    let mut pod = Pod::default();
    for step in steps {
        pod.add(step, ground);
    }
    if let Some(wait) = kube::wait_for_database(ground) {
        pod.add_first(wait);
    }
    let contents: Vec<String> = steps.iter().map(|step| content(step)).collect();
    let hash = definition::sha256(&contents.join("\n"));
    let mark: String = hash.chars().take(MARK).collect();
    let done = pod.container(&marking(ground.stack.psql(), &mark), ground);
    pod.add_last(done);
    let spec = pod.spec("OnFailure", Vec::new(), ground);
    let own = format!("init-{mark}");
    let spec = Map::new()
        .with("backoffLimit", 6_u32)
        .with("template", template("init", spec));
    Some((
        plain("batch/v1", "Job", &own, Some(space)).with("spec", spec),
        mark,
    ))
}

/// Everything a step is made of: a Job cannot be changed, so another one has another name.
fn content(step: &Part) -> String {
    let files = step.spec.files.iter().map(|file| match &file.content {
        crate::workload::model::FileContent::Inline(text) => text.expose().to_owned(),
        crate::workload::model::FileContent::Path(path) => {
            std::fs::read_to_string(path).unwrap_or_default()
        }
    });
    let values = step.spec.process.environment.iter();
    let values = values.map(|(name, value)| {
        format!(
            "{name}={}",
            value.as_ref().map_or("", |value| value.expose())
        )
    });
    let texts: Vec<String> = files.chain(values).collect();
    format!("{:?}\n{}", step.spec, texts.join("\n"))
}

/// Says in the database that the init phase is done.
fn marking(psql: Part, mark: &str) -> Part {
    let key = literal(&format!("init/{mark}"));
    let sql = format!(
        "CREATE SCHEMA IF NOT EXISTS poststack; \
         CREATE TABLE IF NOT EXISTS poststack.system_info (key text PRIMARY KEY, \
         value text NOT NULL, updated_at timestamptz NOT NULL DEFAULT now()); \
         INSERT INTO poststack.system_info (key, value) VALUES ({key}, 'done') \
         ON CONFLICT (key) DO NOTHING"
    );
    let mut part = psql;
    part.key = "done".to_owned();
    let words = [
        "--no-psqlrc",
        "--quiet",
        "--set=ON_ERROR_STOP=1",
        "--command",
        &sql,
    ];
    part.spec.process.command = Some(words.map(str::to_owned).to_vec());
    part
}

/// A container that ends once the init phase is done, or the database answers where there is none.
fn wait(mark: Option<&str>, stack: &Stack<'_>) -> Part {
    let question = match mark {
        Some(mark) => {
            let key = literal(&format!("init/{mark}"));
            format!("SELECT 1 FROM poststack.system_info WHERE key = {key}")
        }
        None => "SELECT 1".to_owned(),
    };
    let script =
        format!("until [ \"$(psql -AtqX -c \"{question}\" 2> /dev/null)\" = 1 ]; do sleep 1; done");
    let mut part = stack.psql();
    part.key = "wait-for-init".to_owned();
    part.spec.process.entrypoint = Some(["/bin/sh", "-c", &script].map(str::to_owned).to_vec());
    part.spec.process.command = None;
    part
}

/// What runs on and on, each with those that live in its network: one pod.
fn groups<'a>(stack: &'a Stack<'_>) -> Vec<Vec<&'a Part>> {
    let runs = |part: &&Part| part.role != Role::Database && !part.ends;
    let owner = |part: &Part| match &part.spec.network {
        NetworkAttachment::Container(name) => stack.by_container(name).map(|one| one.key.clone()),
        _ => stack.infra_of(part).map(|one| one.key.clone()),
    };
    let parts: Vec<&Part> = stack.parts.iter().filter(runs).collect();
    let firsts = parts.iter().filter(|part| owner(part).is_none());
    let group = |first: &&'a Part| {
        let others = parts
            .iter()
            .filter(|part| owner(part).as_ref() == Some(&first.key));
        std::iter::once(*first).chain(others.copied()).collect()
    };
    firsts.map(group).collect()
}

/// The name under which others find the part: that of its pod, where it holds the pod's network.
fn called(part: &Part) -> String {
    name(part.infra_of.as_ref().unwrap_or(&part.key))
}

/// A Deployment and its Service.
fn workload(
    group: &[&Part],
    (space, wait): (&str, &Part),
    ground: &mut Ground<'_, '_>,
) -> Vec<Map> {
    let Some(first) = group.first() else {
        return Vec::new();
    };
    let members = kube::members(group);
    if members.is_empty() {
        return Vec::new();
    }
    let own = called(first);
    let written = first.infra_of.as_ref().unwrap_or(&first.key);
    if own != *written {
        let why = format!("others find it as `{own}`, which Kubernetes takes for a name");
        ground.warn(first.lost(&format!("the name {written}"), &why));
    }
    let mut pod = Pod::default();
    for part in &members {
        pod.add(part, ground);
    }
    let wait = pod.container(wait, ground);
    pod.add_first(wait);
    if pod.restart(ground) != "Always" {
        let why = "a Deployment restarts what ends";
        ground.warn(first.lost("restart", why));
    }
    published(group, ground);
    let spec = pod.spec("Always", Vec::new(), ground);
    let spec = Map::new()
        .with("replicas", first.replicas)
        .with("selector", selector(&own))
        .with("template", template(&own, spec));
    let mut objects = vec![plain("apps/v1", "Deployment", &own, Some(space)).with("spec", spec)];
    objects.extend(
        group
            .iter()
            .filter_map(|part| service(part, &called(part), &own, space)),
    );
    objects
}

/// A cluster has no host whose ports could be taken.
fn published(group: &[&Part], ground: &mut Ground<'_, '_>) {
    for part in group {
        let ports = part.spec.process.ports.iter();
        let hosts = ports.filter_map(|port| Some((port.published?.first, port.target)));
        for (host, target) in hosts.collect::<Vec<_>>() {
            let why = format!(
                "the Service has port {target}; `kubectl port-forward service/{} {host}:{target}` \
                 brings it here",
                called(part)
            );
            ground.warn(part.lost(&format!("ports: {host}"), &why));
        }
    }
}
