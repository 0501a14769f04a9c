//! `volumes_from`: the mounts of another container
//! (<https://github.com/compose-spec/compose-spec/blob/main/05-services.md#volumes_from>).

use super::super::file::{File, Section};
use crate::text::Span;
use crate::workload::model::{VolumesFrom, VolumesSource};
use crate::yaml::Node;

/// `service[:ro]` or `container:name[:ro]`, each with its place.
pub(in crate::workload::compose) fn read(
    file: &mut File<'_>,
    service: &Section<'_>,
) -> Vec<(VolumesFrom, Span)> {
    service.read(file, "volumes_from", |file, node, path| {
        let items = file.decoder.sequence(node, path).unwrap_or_default();
        let each = items.iter();
        each.filter_map(|item| Some((one(file, item, path)?, item.span)))
            .collect()
    })
}

fn one(file: &mut File<'_>, item: &Node, path: &str) -> Option<VolumesFrom> {
    let text = file.decoder.string(item, path)?;
    let (elsewhere, rest) = match text.strip_prefix("container:") {
        Some(rest) => (true, rest),
        None => (false, &*text),
    };
    let (name, read_only) = match rest.split_once(':') {
        None => (rest, false),
        Some((name, "rw")) => (name, false),
        Some((name, "ro")) => (name, true),
        Some(_) => {
            let message = format!("`{text}` is no source of volumes");
            let help = "write `service`, `service:ro`, `container:name` or `container:name:ro`";
            file.fault(item.span, message, help);
            return None;
        }
    };
    let source = if elsewhere {
        VolumesSource::Container(name.to_owned())
    } else {
        if !file.has_service(item.span, name) {
            return None;
        }
        VolumesSource::Service(name.to_owned())
    };
    Some(VolumesFrom { source, read_only })
}
