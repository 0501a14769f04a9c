//! What the container of a unit finds in its file system.

use super::unit::Unit;
use super::{Ground, needs_unit};
use crate::export::compose::volume_key;
use crate::export::files::reference;
use crate::export::stack::Part;
use crate::plan::spec::{MountSpec, MountSpecSource};

pub fn put(part: &Part, unit: &mut Unit, ground: &mut Ground<'_, '_>) {
    for mount in &part.spec.mounts {
        self::mount(part, mount, unit, ground);
    }
    for file in &part.spec.files {
        let place = ground.files.content(part, file);
        let text = format!("{}:{}:ro", reference(&place), file.target);
        unit.plain("Volume", &text);
    }
    for (path, options) in &part.spec.process.tmpfs {
        unit.plain(
            "Tmpfs",
            &match options.is_empty() {
                true => path.clone(),
                false => format!("{path}:{options}"),
            },
        );
    }
    for from in &part.spec.volumes_from {
        let mode = if from.read_only { ":ro" } else { "" };
        unit.word(
            "PodmanArgs",
            &format!("--volumes-from={}{mode}", from.container),
        );
    }
}

fn mount(part: &Part, mount: &MountSpec, unit: &mut Unit, ground: &mut Ground<'_, '_>) {
    let target = &mount.target;
    let mut options: Vec<String> = Vec::new();
    if mount.read_only {
        options.push("ro".to_owned());
    }
    let source = match &mount.source {
        MountSpecSource::Bind {
            path,
            propagation,
            selinux,
            ..
        } => {
            options.extend(propagation.clone());
            options.extend(selinux.clone());
            reference(&ground.files.mounted(part, path, mount.read_only))
        }
        MountSpecSource::HostPath {
            path, propagation, ..
        } => {
            options.extend(propagation.clone());
            reference(&ground.files.mounted(part, path, mount.read_only))
        }
        MountSpecSource::Volume { name, subpath, .. } => {
            let volume = self::volume(name, ground);
            if let Some(subpath) = subpath {
                let mode = if mount.read_only { ",ro" } else { "" };
                let text = format!(
                    "type=volume,source={volume},destination={target},subpath={subpath}{mode}"
                );
                unit.plain("Mount", &text);
                return;
            }
            volume
        }
        MountSpecSource::Anonymous => {
            unit.plain("Volume", target);
            return;
        }
        MountSpecSource::Tmpfs { size, mode } => {
            let size = size.map_or_else(String::new, |size| format!(",tmpfs-size={size}"));
            let mode = mode.map_or_else(String::new, |mode| format!(",tmpfs-mode={mode:o}"));
            unit.plain(
                "Mount",
                &format!("type=tmpfs,destination={target}{size}{mode}"),
            );
            return;
        }
    };
    let options = match options.is_empty() {
        true => String::new(),
        false => format!(":{}", options.join(",")),
    };
    unit.plain("Volume", &format!("{source}:{target}{options}"));
}

/// A volume by its own name, which is that of the one that is there already.
fn volume(name: &str, ground: &mut Ground<'_, '_>) -> String {
    let mut all = ground.stack.prepared.desired.volumes.iter();
    let Some(spec) = all.find(|spec| spec.name == name) else {
        return name.to_owned();
    };
    if let Some(filling) = &spec.filling {
        return reference(&ground.files.folder(name, &filling.content.files));
    }
    match needs_unit(spec) {
        true => {
            let key = volume_key(ground.stack, name);
            format!("{}.volume", ground.unit(&key))
        }
        false => name.to_owned(),
    }
}
