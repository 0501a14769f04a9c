//! `build` (<https://github.com/compose-spec/compose-spec/blob/main/build.md>).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::casts;
use super::file::{File, Section};
use super::hosts;
use super::keys::Keys;
use super::{pairs, paths};
use crate::diagnostic::Place;
use crate::text::Span;
use crate::variables::Reader;
use crate::workload::model::Build;
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
    ],
    ignored: &[
        ("cache_from", "the engine's own cache is used"),
        ("cache_to", "the engine's own cache is used"),
        ("provenance", "images are built without attestations"),
        ("sbom", "images are built without attestations"),
    ],
    refused: &[
        ("additional_contexts", "copy the files into the context"),
        ("entitlements", ""),
        ("isolation", "it exists on Windows only"),
        ("no_cache_filter", "write `no_cache: true`"),
        ("privileged", ""),
        ("secrets", ""),
        ("ssh", ""),
        ("ulimits", ""),
    ],
};

/// The build of a service, and the one platform it names.
pub(super) fn read(
    file: &mut File<'_>,
    entry: &Entry,
    path: &str,
) -> Option<(Build, Option<String>)> {
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
    let platform = section.read(file, "platforms", single_platform);
    let mut build = plain(context.clone().unwrap_or_default(), place);
    build.args = section.read(file, "args", arguments);
    build.target = section.read(file, "target", casts::string);
    build.labels = section.read(file, "labels", pairs::map);
    build.tags = section.read(file, "tags", casts::list);
    build.no_cache = section.read(file, "no_cache", casts::flag);
    build.pull = section.read(file, "pull", casts::flag);
    build.network = section.read(file, "network", casts::string);
    build.extra_hosts = section.read(file, "extra_hosts", hosts::read);
    build.shm_size = section.read(file, "shm_size", casts::bytes);
    build.dockerfile_inline = section.read(file, "dockerfile_inline", casts::string);
    let dockerfile = section.read(file, "dockerfile", casts::string);
    if let (Some(inline), Some(_)) = (section.entry("dockerfile_inline"), &dockerfile) {
        let message = "`dockerfile` and `dockerfile_inline` exclude each other";
        file.fault(inline.key_span, message, "keep one of the two");
    }
    if let Some(dockerfile) = dockerfile {
        build.dockerfile = PathBuf::from(dockerfile);
    }
    context?;
    let span = section
        .entry("dockerfile")
        .map_or(span, |entry| entry.value.span);
    check_dockerfile(file, span, &build);
    Some((build, platform))
}

fn plain(context: PathBuf, place: Place) -> Build {
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
        place,
    }
}

fn context(file: &mut File<'_>, span: Span, written: &str) -> Option<PathBuf> {
    let remote = written.contains("://")
        || written.starts_with("git@")
        || written.starts_with("github.com/")
        || written.starts_with("service:");
    if remote {
        let message = format!("The build context `{written}` is not a folder of this host");
        file.fault(
            span,
            message,
            "fetch it first and name the folder; remote contexts are not supported yet",
        );
        return None;
    }
    let context = paths::resolve(file, span, written)?;
    if file.current.active && !context.is_dir() {
        let message = format!("The build context `{}` is not a folder", context.display());
        let help = "a relative context starts at the folder of the Compose file";
        file.fault(span, message, help);
        return None;
    }
    Some(context)
}

fn check_dockerfile(file: &mut File<'_>, span: Span, build: &Build) {
    let path = build.context.join(&build.dockerfile);
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

fn single_platform(file: &mut File<'_>, node: &Node, path: &str) -> Option<String> {
    let platforms = casts::list(file, node, path);
    if platforms.len() > 1 {
        let message = format!("`{path}` has {} platforms", platforms.len());
        file.fault(node.span, message, "name the one platform that runs here");
    }
    platforms.into_iter().next()
}

#[cfg(test)]
mod tests;
