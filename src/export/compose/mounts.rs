//! What a service of the Compose file finds in its file system.

use std::path::Path;

use super::volume_key;
use crate::export::document::Map;
use crate::export::files::{Files, reference};
use crate::export::stack::{Part, Stack};
use crate::plan::spec::{MountSpec, MountSpecSource};
use crate::workload::model::HostPathKind;

pub fn bind(source: &str, target: &str, read_only: bool) -> Map {
    let mut map = Map::new()
        .with("type", "bind")
        .with("source", source)
        .with("target", target);
    map.put_flag("read_only", read_only);
    map
}

pub fn mount(stack: &Stack<'_>, part: &Part, mount: &MountSpec, files: &mut Files<'_>) -> Map {
    let target = mount.target.as_str();
    let other = |kind: &str| Map::new().with("type", kind).with("target", target);
    match &mount.source {
        MountSpecSource::Bind {
            path,
            create,
            propagation,
            selinux,
        } => {
            let mut options = Map::new();
            options.put_some("propagation", propagation.clone());
            options.put_some("selinux", selinux.clone());
            let place = files.mounted(part, path, mount.read_only);
            on_host(mount, &place, *create, options)
        }
        MountSpecSource::HostPath {
            path,
            kind,
            propagation,
        } => {
            let makes = matches!(kind, HostPathKind::Any | HostPathKind::DirectoryOrCreate);
            let mut options = Map::new();
            options.put_some("propagation", propagation.clone());
            let place = files.mounted(part, path, mount.read_only);
            on_host(mount, &place, makes, options)
        }
        MountSpecSource::Volume { name, subpath, .. } => match filled(stack, name, files) {
            Some(folder) => {
                let below = subpath.iter().map(|path| format!("/{path}"));
                bind(
                    &format!("{folder}{}", below.collect::<String>()),
                    target,
                    true,
                )
            }
            None => volume(stack, mount),
        },
        MountSpecSource::Anonymous => other("volume"),
        MountSpecSource::Tmpfs { size, mode } => {
            let mut options = Map::new();
            options.put_some("size", *size);
            options.put_some("mode", *mode);
            let mut map = other("tmpfs");
            map.put_some("tmpfs", Some(options));
            map
        }
    }
}

fn on_host(mount: &MountSpec, place: &Path, makes: bool, mut options: Map) -> Map {
    // What is taken along is there.
    options.put_flag("create_host_path", makes && place.is_absolute());
    let mut map = bind(&reference(place), &mount.target, mount.read_only);
    map.put_some("bind", Some(options));
    map
}

fn volume(stack: &Stack<'_>, mount: &MountSpec) -> Map {
    let mut map = Map::new().with("type", "volume");
    let mut options = Map::new();
    if let MountSpecSource::Volume {
        name,
        no_copy,
        subpath,
    } = &mount.source
    {
        map.put("source", volume_key(stack, name));
        options.put_flag("nocopy", *no_copy);
        options.put_some("subpath", subpath.clone());
    }
    map.put("target", mount.target.as_str());
    map.put_flag("read_only", mount.read_only);
    map.put_some("volume", Some(options));
    map
}

/// The folder of the export that stands for a volume made of files.
fn filled(stack: &Stack<'_>, name: &str, files: &mut Files<'_>) -> Option<String> {
    let mut volumes = stack.prepared.desired.volumes.iter();
    let volume = volumes.find(|volume| volume.name == name)?;
    let filling = volume.filling.as_ref()?;
    let folder = files.folder(name, &filling.content.files);
    Some(reference(&folder))
}
