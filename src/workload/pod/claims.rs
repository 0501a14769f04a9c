//! PersistentVolumeClaims: volumes of the engine, kept like any data
//! (<https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/persistent-volume-claim-v1/>).

use super::file::{File, Object};
use super::keys::{self, Keys};
use super::metadata;
use super::quantity::Quantity;
use crate::workload::model::{Volume, VolumeContent};
use crate::yaml::Node;

/// Anybody may write into a new volume, as into one of the usual provisioners.
pub(super) const OPEN: u32 = 0o777;

/// What is made in a folder of the pod's group belongs to it as well.
const OF_GROUP: u32 = 0o2000;

const SPEC: Keys = Keys {
    read: &["accessModes", "resources", "volumeMode"],
    ignored: &[
        ("dataSource", "the volume is new"),
        ("dataSourceRef", "the volume is new"),
        ("selector", "the volume is one of the engine"),
        ("storageClassName", "the volume is one of the engine"),
        (
            "volumeAttributesClassName",
            "the volume is one of the engine",
        ),
        ("volumeName", "the volume is one of the engine"),
    ],
    refused: &[],
};
const RESOURCES: Keys = Keys::only(&["requests", "limits"]);

pub(super) fn read(file: &mut File<'_>, node: &Node) {
    let Some(object) = Object::open(file, node, "", &keys::POD) else {
        return;
    };
    if let Some(spec) = object.child(file, "spec", &SPEC) {
        spec.strings(file, "accessModes");
        spec.word(file, "volumeMode", &[("Filesystem", ())]);
        sizes(file, &spec);
    }
    let Some(metadata) = metadata::read(file, &object) else {
        return;
    };
    let (name, span) = (metadata.name, metadata.name_span);
    if let Some(first) = file.objects.claims.get(&name).copied() {
        let message = format!("Two claims of volumes are called `{name}`");
        file.contradiction(
            span,
            message,
            (first, "the first one"),
            "rename one of them",
        );
        return;
    }
    file.objects.claims.insert(name.clone(), span);
    let volume = Volume {
        labels: metadata.labels,
        ..volume(0)
    };
    file.volumes.insert(name, volume);
}

/// A volume of the engine whose files belong to `group`.
pub(super) fn volume(group: u32) -> Volume {
    Volume {
        content: Some(VolumeContent {
            files: Vec::new(),
            mode: open_to(group),
            group,
        }),
        ..Volume::default()
    }
}

/// The mode of a folder that anybody may write into.
pub(super) fn open_to(group: u32) -> u32 {
    match group {
        0 => OPEN,
        _ => OPEN | OF_GROUP,
    }
}

/// Sizes are checked and no more: a volume of the engine has no limit.
fn sizes(file: &mut File<'_>, spec: &Object<'_>) {
    let Some(resources) = spec.child(file, "resources", &RESOURCES) else {
        return;
    };
    for key in ["requests", "limits"] {
        let path = resources.at(key);
        let entry = resources.entry(key);
        let mapping = entry.and_then(|entry| file.decoder.mapping(&entry.value, &path));
        for entry in mapping.into_iter().flat_map(|mapping| &mapping.entries) {
            let text = file.decoder.text(&entry.value, &path);
            if let Some(Err(fault)) = text.map(|text| Quantity::parse(&text)) {
                file.fault(entry.value.span, fault, "write for instance `1Gi`");
            }
        }
    }
}
