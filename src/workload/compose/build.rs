//! `build` (<https://github.com/compose-spec/compose-spec/blob/main/build.md>).

pub(super) mod contexts;
mod repository;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::casts;
use super::file::{File, Section};
use super::keys::Keys;
use super::{files, hosts, options, pairs, paths, remote};
use crate::diagnostic::Place;
use crate::text::Span;
use crate::variables::Reader;
use crate::workload::model::{Build, Context};
use crate::yaml::{Entry, Node, Value};

const BUILD: Keys = Keys {
    read: &[
        "context",
        "dockerfile",
        "dockerfile_inline",
        "args",
        "target",
        "labels",
        "tags",
        "no_cache",
        "pull",
        "network",
        "extra_hosts",
        "shm_size",
        "platforms",
        "cache_from",
        "secrets",
        "ssh",
        "additional_contexts",
        "ulimits",
        "isolation",
    ],
    ignored: &[
        ("cache_to", "the layers stay in the engine's own cache"),
        ("provenance", "images are built without attestations"),
        ("sbom", "images are built without attestations"),
        ("privileged", "an engine builds without privileges"),
        ("entitlements", "an engine builds without privileges"),
    ],
    refused: &[("no_cache_filter", "write `no_cache: true`")],
};

/// The build of a service, and the one platform it names.
pub(super) fn read(
    file: &mut File<'_>,
    entry: &Entry,
    service: &Section<'_>,
) -> Option<(Build, Option<String>)> {
    let path = &service.at("build");
    let place = file.decoder.place(entry.key_span);
    if let Value::Scalar(scalar) = &entry.value.value {
        let context = context(file, entry.value.span, &scalar.text)?;
        let build = plain(context, place);
        check_dockerfile(file, entry.value.span, &build);
        return Some((build, None));
    }
    let section = Section::open(file, &entry.value, path, &BUILD)?;
    let written = section.read(file, "context", casts::string);
    let span = section
        .entry("context")
        .map_or(entry.key_span, |entry| entry.value.span);
    let context = context(file, span, written.as_deref().unwrap_or("."));
    let platform = section.read(file, "platforms", |file, node, path| {
        one_platform(file, node, path, service)
    });
    let is_missing = context.is_none();
    let nowhere = || Context::Folder(PathBuf::new());
    let mut build = plain(context.unwrap_or_else(nowhere), place);
    build.args = section.read(file, "args", arguments);
    build.target = section.read(file, "target", casts::string);
    build.labels = section.read(file, "labels", pairs::map);
    build.tags = section.read(file, "tags", casts::list);
    build.no_cache = section.read(file, "no_cache", casts::flag);
    build.pull = section.read(file, "pull", casts::flag);
    build.network = section.read(file, "network", casts::string);
    build.extra_hosts = section.read(file, "extra_hosts", hosts::read);
    build.shm_size = section.read(file, "shm_size", casts::bytes);
    build.ulimits = section.read(file, "ulimits", options::ulimits);
    build.cache_from = section.read(file, "cache_from", cache_sources);
    build.secrets = section.read(file, "secrets", files::of_build);
    build.ssh = section.read(file, "ssh", agents);
    build.contexts = section.read(file, "additional_contexts", contexts::read);
    super::service::isolation(file, &section);
    build.dockerfile_inline = section.read(file, "dockerfile_inline", casts::string);
    let dockerfile = section.read(file, "dockerfile", casts::string);
    if let (Some(inline), Some(_)) = (section.entry("dockerfile_inline"), &dockerfile) {
        let message = "`dockerfile` and `dockerfile_inline` exclude each other";
        file.fault(inline.key_span, message, "keep one of the two");
    }
    if let Some(dockerfile) = dockerfile {
        build.dockerfile = PathBuf::from(dockerfile);
    }
    if is_missing {
        return None;
    }
    let span = section
        .entry("dockerfile")
        .map_or(span, |entry| entry.value.span);
    // A mistyped key may have meant another context or file.
    if !section.at_fault {
        check_dockerfile(file, span, &build);
    }
    Some((build, platform))
}

fn plain(context: Context, place: Place) -> Build {
    Build {
        context,
        dockerfile: PathBuf::from("Dockerfile"),
        dockerfile_inline: None,
        args: BTreeMap::new(),
        target: None,
        labels: BTreeMap::new(),
        tags: Vec::new(),
        no_cache: false,
        pull: false,
        network: None,
        extra_hosts: Vec::new(),
        shm_size: None,
        ulimits: BTreeMap::new(),
        cache_from: Vec::new(),
        secrets: BTreeMap::new(),
        ssh: BTreeMap::new(),
        contexts: BTreeMap::new(),
        place,
    }
}

fn context(file: &mut File<'_>, span: Span, written: &str) -> Option<Context> {
    if remote::is_remote(written) {
        return repository::read(file, span, written).map(Context::Repository);
    }
    if written.starts_with("service:") {
        let message = format!("The build context `{written}` is not a folder of this host");
        let help = "name a folder or a Git repository; a service may stand under \
                    `additional_contexts`";
        file.fault(span, message, help);
        return None;
    }
    let context = paths::resolve(file, span, written)?;
    if file.current.active && !context.is_dir() {
        let message = format!("The build context `{}` is not a folder", context.display());
        let help = "a relative context starts at the folder of the Compose file";
        file.fault(span, message, help);
        return None;
    }
    Some(Context::Folder(context))
}

fn check_dockerfile(file: &mut File<'_>, span: Span, build: &Build) {
    let Some(folder) = build.context.folder() else {
        return;
    };
    let path = folder.join(&build.dockerfile);
    if !file.current.active || build.dockerfile_inline.is_some() || path.is_file() {
        return;
    }
    let message = format!("There is no Dockerfile at `{}`", path.display());
    let beside = file.folder(span).join(&build.dockerfile);
    let help = if build.dockerfile != Path::new("Dockerfile") && beside.is_file() {
        "`dockerfile` is relative to the context, not to the Compose file"
    } else {
        "write its path, relative to the context, under `dockerfile`"
    };
    file.fault(span, message, help);
}

/// A null takes the value of the variable of that name, or leaves the argument to the Dockerfile.
fn arguments(file: &mut File<'_>, node: &Node, path: &str) -> BTreeMap<String, Option<String>> {
    let variables = file.variables(node.span);
    let given = |name: &str| {
        let variable = variables.get(name)?;
        Some(variable.value(Reader::Network).to_owned())
    };
    pairs::read(file, node, path)
        .into_iter()
        .map(|pair| {
            let value = pair.value.or_else(|| given(&pair.name));
            (pair.name, value)
        })
        .collect()
}

/// The one platform that is built: that of the service, when there are several.
fn one_platform(
    file: &mut File<'_>,
    node: &Node,
    path: &str,
    service: &Section<'_>,
) -> Option<String> {
    let platforms = casts::list(file, node, path);
    let own = service.read(file, "platform", casts::string);
    match (own, platforms.as_slice()) {
        (Some(own), [_, ..]) if !platforms.contains(&own) => {
            let message = format!("`{path}` does not have `{own}`, the platform of the service");
            file.fault(node.span, message, format!("add `{own}`"));
            None
        }
        (Some(own), _) => Some(own),
        (None, [one]) => Some(one.clone()),
        (None, []) => None,
        (None, [_, _, ..]) => {
            let message = format!("Of `{path}`, that of this host alone is built");
            file.decoder.note(node.span, message).help =
                Some("name another one under `platform` of the service".to_owned());
            None
        }
    }
}

/// Images to reuse layers of; other kinds of caches are those of a builder of its own.
fn cache_sources(file: &mut File<'_>, node: &Node, path: &str) -> Vec<String> {
    let items = file.decoder.sequence(node, path).unwrap_or_default();
    items
        .iter()
        .filter_map(|item| {
            let text = file.decoder.string(item, path)?;
            let options: BTreeMap<&str, &str> = text
                .split(',')
                .filter_map(|one| one.split_once('='))
                .collect();
            match options.get("type") {
                None => Some(text),
                Some(&"registry") if options.contains_key("ref") => {
                    options.get("ref").map(|image| (*image).to_owned())
                }
                Some(kind) => {
                    let message =
                        format!("A cache of type `{kind}` is ignored: the engine has its own");
                    file.decoder.note(item.span, message);
                    None
                }
            }
        })
        .collect()
}

/// `default`, `id=path` or a mapping: agents whose sockets a build may use.
fn agents(file: &mut File<'_>, node: &Node, path: &str) -> BTreeMap<String, PathBuf> {
    let written = match &node.value {
        Value::Scalar(_) => {
            let one = file.decoder.string(node, path);
            let pair = one.map(|name| pairs::Pair {
                name,
                value: None,
                span: node.span,
            });
            pair.into_iter().collect()
        }
        _ => pairs::read(file, node, path),
    };
    let mut agents = BTreeMap::new();
    for pair in written {
        let socket = match pair.value.filter(|value| !value.is_empty()) {
            Some(written) => paths::resolve(file, pair.span, &written),
            None => agent_of_user(file, pair.span),
        };
        if let Some(socket) = socket {
            agents.insert(pair.name, socket);
        }
    }
    agents
}

/// The agent that `SSH_AUTH_SOCK` names.
fn agent_of_user(file: &mut File<'_>, span: Span) -> Option<PathBuf> {
    let socket = std::env::var_os("SSH_AUTH_SOCK").map(PathBuf::from);
    if socket.is_none() && file.current.active {
        let message = "No SSH agent is running: SSH_AUTH_SOCK is not set";
        file.fault(
            span,
            message,
            "start one with `eval $(ssh-agent)`, and add a key",
        );
    }
    socket
}

#[cfg(test)]
mod tests;
