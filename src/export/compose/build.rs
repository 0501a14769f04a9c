//! `build:` of a service, and the secrets that builds read.

use super::service::texts;
use crate::export::document::{Map, Node};
use crate::export::files::{Files, reference};
use crate::export::images::{Built, built};
use crate::export::secrets::Secrets;
use crate::export::stack::{Part, Stack};
use crate::plan::spec::{BuildContext, ContextSource};
use crate::workload::model::{Context, FileContent};

/// <https://github.com/compose-spec/compose-spec/blob/main/build.md>
pub fn build(stack: &Stack<'_>, part: &Part, files: &mut Files<'_>) -> Option<Map> {
    let Built {
        build,
        context,
        dockerfile,
        dockerfile_inline,
    } = built(stack, part, files)?;
    let mut map = Map::new().with("context", context);
    if let Some(inline) = dockerfile_inline {
        map.put("dockerfile_inline", inline);
    } else if dockerfile.as_os_str() != "Dockerfile" {
        map.put("dockerfile", dockerfile.to_string_lossy().into_owned());
    }
    let args = build.args.iter().map(|(name, value)| {
        let value = value.as_ref().map(|value| Node::from(value.expose()));
        (name.clone(), value.unwrap_or(Node::Null))
    });
    map.put_some("args", Some(args.collect::<Map>()));
    map.put_some("target", build.target.clone());
    let labels = crate::export::stack::own_labels(&build.labels);
    map.put_some("labels", Some(texts(&labels)));
    let more = build.tags.iter().skip(1).cloned().collect::<Vec<_>>();
    map.put_some("tags", Some(more));
    map.put_flag("no_cache", build.no_cache);
    map.put_flag("pull", build.pull);
    map.put_some("network", build.network.clone());
    map.put_some(
        "extra_hosts",
        Some(super::process::hosts(&build.extra_hosts)),
    );
    map.put_some("shm_size", build.shm_size.map(super::resources::bytes));
    map.put_some("ulimits", Some(super::resources::ulimits(&build.ulimits)));
    map.put_some("cache_from", Some(build.cache_from.clone()));
    let contexts = build.contexts.iter().map(|(name, source)| {
        let place = match source {
            ContextSource::Image(image) => format!("docker-image://{image}"),
            ContextSource::Files(Context::Folder(folder)) => {
                reference(&files.for_build(part, folder, true))
            }
            ContextSource::Files(Context::Repository(repository)) => repository.url.clone(),
        };
        (name.clone(), place)
    });
    map.put_some("additional_contexts", Some(contexts.collect::<Map>()));
    let names = build.secrets.keys().map(|id| {
        let source = secret_name(part, id);
        Map::new()
            .with("source", source)
            .with("target", id.as_str())
    });
    map.put_some("secrets", Some(names.collect::<Vec<_>>()));
    let agents = build.ssh.iter();
    let agents = agents.map(|(id, path)| format!("{id}={}", path.display()));
    map.put_some("ssh", Some(agents.collect::<Vec<_>>()));
    Some(map)
}

fn secret_name(part: &Part, id: &str) -> String {
    format!("{}-{id}", part.key)
}

/// The top level's `secrets`, which only builds refer to: services mount files.
pub fn secrets(stack: &Stack<'_>, files: &mut Files<'_>, secrets: &mut Secrets<'_>) -> Map {
    let mut found = Map::new();
    for part in &stack.parts {
        let Some(Built { build, .. }) = built(stack, part, files) else {
            continue;
        };
        if matches!(build.context, BuildContext::Files(_)) {
            continue;
        }
        for (id, content) in &build.secrets {
            let source = match content {
                FileContent::Path(path) => {
                    let place = files.for_build(part, path, false);
                    Map::new().with("file", reference(&place))
                }
                FileContent::Inline(text) => {
                    let name = secrets.name(&[&part.key, id], text.expose());
                    Map::new().with("environment", name)
                }
            };
            found.put(&secret_name(part, id), source);
        }
    }
    found
}
