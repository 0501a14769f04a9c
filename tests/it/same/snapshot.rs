//! What `inspect` says of everything a Compose project has at an engine, flattened to path and value
//! and freed of what no two runs have in common: ids, times, addresses the engine chose, and the
//! labels of poststack's own.

use std::collections::BTreeMap;

use serde_json::Value;

use super::compare::matches;
use super::engine::{get, list};
use crate::project::On;

/// `KIND NAME` → path → value.
#[derive(Debug, Clone, Default)]
pub struct Snapshot(pub BTreeMap<String, Flat>);

/// Path → value.
pub type Flat = BTreeMap<String, String>;

/// Ids, times, places in the engine's store, and what runs at this moment.
const PASSING: &[&str] = &[
    "*/Id",
    "*/ID",
    "*/Created",
    "*/CreatedAt",
    "container/Image",
    "container/AppArmorProfile",
    "container/ExecIDs*",
    "container/GraphDriver/*",
    "container/HostnamePath",
    "container/HostsPath",
    "container/LogPath",
    "container/ResolvConfPath",
    "container/RestartCount",
    "container/SizeRw",
    "container/SizeRootFs",
    "container/MountLabel",
    "container/ProcessLabel",
    "container/HostConfig/ContainerIDFile",
    "container/NetworkSettings/Sandbox*",
    "container/NetworkSettings/*PrefixLen",
    "container/NetworkSettings/*EndpointID",
    "container/NetworkSettings/*NetworkID",
    "container/NetworkSettings/Networks/*/DNSNames*",
    "network/Containers/*ID",
    "image/Parent",
    "image/Container*",
    "image/Size",
    "image/VirtualSize",
    "image/RootFS*",
    "image/GraphDriver/*",
    "image/Metadata/*",
    "image/History*",
    "image/RepoDigests*",
    "image/DockerVersion",
    "image/Config/Hostname",
    "image/Config/Image",
    "image/Comment",
    "container/HostConfig/Ulimits/*/Name",
    "image/Config/Labels/com.docker.compose.*",
    "*/Labels/io.poststack.*",
    "*/config/io.poststack.*",
];

/// Of what a container does at this moment, this is compared.
const STATE: &[&str] = &["container/State/Status", "container/State/ExitCode"];

/// Lists in which the order means nothing; `NAME=VALUE` becomes a path of its own.
const SETS: &[&str] = &[
    "*/Env",
    "*/Binds",
    "*/CapAdd",
    "*/CapDrop",
    "*/ExtraHosts",
    "*/GroupAdd",
    "*/Aliases",
    "*/Links",
    "*/SecurityOpt",
    "*/RepoTags",
    "*/VolumesFrom",
    "*/DeviceCgroupRules",
];

/// Lists of objects, and the field that tells which is which.
const KEYED: &[(&str, &str)] = &[
    ("container/Mounts", "Destination"),
    ("container/HostConfig/Mounts", "Target"),
    ("*/Ulimits", "Name"),
    ("*/Devices", "PathInContainer"),
];

/// Objects by name within an object.
const NAMED: &[&str] = &["container/NetworkSettings/Networks", "network/Containers"];

/// The value of an object within an object; where only one side has it, that is one difference.
pub const THERE: &str = "there";

impl Snapshot {
    /// Everything labelled as of the Compose project, which runs in `folder`.
    pub fn take(on: On, project: &str, folder: &str) -> Self {
        let label = format!("com.docker.compose.project={project}");
        let mut found = Taking {
            project,
            folder,
            snapshot: Self::default(),
        };
        for container in list(on, "/containers/json?all=true", &label) {
            let detail = get(on, &format!("/containers/{}/json", text(&container["Id"])));
            let name = text(&detail["Name"]).trim_start_matches('/').to_owned();
            found.add("container", &name, detail);
        }
        for network in list(on, "/networks", &label) {
            let mut detail = get(on, &format!("/networks/{}", text(&network["Id"])));
            by_name(&mut detail["Containers"]);
            found.add("network", text(&network["Name"]), detail);
        }
        for volume in list(on, "/volumes", &label) {
            let name = text(&volume["Name"]);
            found.add("volume", name, get(on, &format!("/volumes/{name}")));
        }
        for name in image_names(on, project) {
            let detail = get(on, &format!("/images/{name}/json"));
            let short = name.rsplit('/').next().unwrap_or_default();
            found.add("image", short, detail);
        }
        found.snapshot
    }

    /// Adds what a shell line printed in the container of a service.
    pub fn saw(&mut self, service: &str, output: String) {
        let seen = Flat::from([("output".to_owned(), output)]);
        self.0.insert(format!("look {service}"), seen);
    }

    /// Without the values that mean nothing: Podman leaves out what Docker shows as `0` or `false`.
    pub fn without_zeros(mut self) -> Self {
        for flat in self.0.values_mut() {
            flat.retain(|_, value| !matches!(value.as_str(), "\"\"" | "0" | "false"));
        }
        self
    }
}

struct Taking<'p> {
    project: &'p str,
    folder: &'p str,
    snapshot: Snapshot,
}

impl Taking<'_> {
    fn add(&mut self, kind: &str, name: &str, mut detail: Value) {
        let check = &mut detail["Config"]["Healthcheck"];
        if check["Test"][0] == "NONE" {
            // What is switched off has no times.
            *check = serde_json::json!({ "Test": ["NONE"] });
        }
        let detail = &detail;
        let id = detail["Id"].as_str().unwrap_or_default();
        let short = id
            .get(..12)
            .filter(|_| kind == "container")
            .map(str::to_owned);
        let mut flattening = Flattening {
            of: self,
            short,
            flat: Flat::new(),
        };
        flattening.value(kind, detail);
        let own = format!("{kind}/");
        let flat = flattening.flat.into_iter();
        let flat =
            flat.map(|(path, value)| (path.strip_prefix(&own).unwrap_or(&path).to_owned(), value));
        let name = name.replace(self.project, "{project}");
        self.snapshot
            .0
            .insert(format!("{kind} {name}"), flat.collect());
    }
}

/// The images built for the project, by name: Podman takes layers of another build with all labels
/// of that.
fn image_names(on: On, project: &str) -> Vec<String> {
    let Value::Array(images) = get(on, "/images/json") else {
        return Vec::new();
    };
    let tags = images
        .iter()
        .filter_map(|image| image["RepoTags"].as_array())
        .flatten();
    let own = format!("{project}-");
    let names = tags.filter_map(Value::as_str).map(str::to_owned);
    names
        .filter(|name| {
            name.rsplit('/')
                .next()
                .is_some_and(|last| last.starts_with(&own))
        })
        .collect()
}

/// The containers of a network are listed by their ids.
fn by_name(containers: &mut Value) {
    if let Value::Object(map) = containers {
        let named = std::mem::take(map).into_iter();
        *map = named
            .map(|(_, one)| (text(&one["Name"]).to_owned(), one))
            .collect();
    }
}

struct Flattening<'t> {
    of: &'t Taking<'t>,
    /// The beginning of the container's id, which its host name and its aliases show.
    short: Option<String>,
    flat: Flat,
}

impl Flattening<'_> {
    fn value(&mut self, path: &str, value: &Value) {
        match value {
            Value::Null => {}
            Value::Object(map) => {
                // An empty object says that its key is there.
                if map.is_empty()
                    && ["/ExposedPorts/", "/Config/Volumes/"]
                        .iter()
                        .any(|part| path.contains(part))
                {
                    self.set(path, "{}".to_owned());
                }
                for (key, value) in map {
                    let path = &format!("{path}/{}", self.anonymous(key));
                    if NAMED
                        .iter()
                        .any(|named| path.rsplit_once('/').is_some_and(|(of, _)| of == *named))
                    {
                        self.set(path, THERE.to_owned());
                    }
                    self.value(path, value);
                }
            }
            Value::Array(items) => self.list(path, items),
            Value::String(text) => {
                let text = format!("\"{}\"", meaning(path, &self.anonymous(text)));
                self.set(path, text);
            }
            Value::Number(_) | Value::Bool(_) => self.set(path, value.to_string()),
        }
    }

    fn list(&mut self, path: &str, items: &[Value]) {
        let mut items = items.to_vec();
        if path.starts_with("container/HostConfig/PortBindings/") {
            items.sort_by_key(|item| (item["HostPort"].to_string(), item["HostIp"].to_string()));
        }
        let key = KEYED.iter().find(|(pattern, _)| matches(pattern, path));
        let set = SETS.iter().any(|pattern| matches(pattern, path));
        for (index, item) in items.iter().enumerate() {
            match (key, item.as_str().filter(|_| set)) {
                (Some((_, field)), _) => {
                    let name = self.anonymous(item[*field].as_str().unwrap_or("?"));
                    // Podman's way to write `nofile`.
                    let limit = name.strip_prefix("RLIMIT_").map(str::to_lowercase);
                    let name = limit.unwrap_or(name);
                    self.set(&format!("{path}/{name}"), THERE.to_owned());
                    self.value(&format!("{path}/{name}"), item);
                }
                (None, Some(text)) => {
                    let text = meaning(path, &self.anonymous(text));
                    match text.split_once('=').filter(|_| path.ends_with("/Env")) {
                        Some((name, value)) => {
                            self.set(&format!("{path}/{name}"), format!("\"{value}\""))
                        }
                        None => self.set(&format!("{path}/{text}"), "listed".to_owned()),
                    }
                }
                (None, None) if path.starts_with("container/NetworkSettings/Ports/") => {
                    let port = item["HostPort"].as_str().unwrap_or_default();
                    let address = item["HostIp"].as_str().unwrap_or_default();
                    self.set(
                        &format!("{path}/{address} {}", host_port(port)),
                        "listed".to_owned(),
                    );
                }
                (None, None) => self.value(&format!("{path}/{index}"), item),
            }
        }
    }

    fn set(&mut self, path: &str, value: String) {
        let passing = PASSING.iter().any(|pattern| matches(pattern, path));
        let state = path.starts_with("container/State/") && !STATE.contains(&path);
        if !passing && !state {
            self.flat.insert(path.to_owned(), value);
        }
    }

    /// Without ids, the name of the project and the place of the engine's store.
    fn anonymous(&self, text: &str) -> String {
        let text = text.replace(self.of.project, "{project}");
        let mut text = text.replace(self.of.folder, "{folder}");
        for store in [
            "/var/lib/docker/volumes",
            "/var/lib/containers/storage/volumes",
        ] {
            text = text.replace(store, "<store>");
        }
        let bytes: Vec<char> = text.chars().collect();
        let mut out = String::new();
        let mut at = 0;
        while at < bytes.len() {
            let run = bytes[at..]
                .iter()
                .take_while(|c| c.is_ascii_hexdigit())
                .count();
            if run == 64 {
                out.push_str("<id>");
                at += run;
            } else {
                let end = at + run.max(1);
                out.extend(&bytes[at..end]);
                at = end;
            }
        }
        match &self.short {
            Some(short) => out.replace(short.as_str(), "<short id>"),
            None => out,
        }
    }
}

/// The same text for what means the same.
fn meaning(path: &str, text: &str) -> String {
    if path.ends_with("/com.docker.compose.depends_on") {
        let mut words: Vec<&str> = text.split(',').collect();
        words.sort_unstable();
        return words.join(",");
    }
    if path.ends_with("/SecurityOpt") {
        if text == "no-new-privileges" {
            return format!("{text}=true");
        }
        let text = text.replacen(':', "=", usize::from(!text.contains('=')));
        let profile = text
            .strip_prefix("seccomp=")
            .and_then(|text| serde_json::from_str::<Value>(text).ok());
        return profile.map_or(text, |profile| format!("seccomp={profile}"));
    }
    // That of another container whose network is shared.
    if path == "container/Config/Hostname"
        && text.len() == 12
        && text.chars().all(|c| c.is_ascii_hexdigit())
    {
        return "<short id>".to_owned();
    }
    chosen(path, text)
}

/// Ports from 22000 on stand in ranges of the files; those from 32768 on no file names.
fn host_port(text: &str) -> &str {
    match text.parse::<u32>() {
        Ok(22_000..=22_999 | 32_768..) => "<chosen>",
        _ => text,
    }
}

/// Addresses of the files are recognised by what they begin with; others were the choice of the
/// engine.
fn chosen(path: &str, text: &str) -> String {
    let field = path.rsplit('/').next().unwrap_or_default();
    let (written, fields): (&[&str], &[&str]) = match field {
        "MacAddress" => (&["02:0a"], &["MacAddress"]),
        _ => (
            &["100.64.", "fd64:"],
            &[
                "IPAddress",
                "Gateway",
                "IPv6Gateway",
                "GlobalIPv6Address",
                "Subnet",
                "IPRange",
                "IPv4Address",
                "IPv6Address",
            ],
        ),
    };
    let own = text.is_empty() || written.iter().any(|start| text.starts_with(start));
    if own || !fields.contains(&field) {
        text.to_owned()
    } else {
        "<chosen>".to_owned()
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}
