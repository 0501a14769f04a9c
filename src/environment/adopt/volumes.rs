//! Which volumes of the Compose project are used in place of those that ours would make.

use std::collections::BTreeMap;

use super::find::Pair;
use crate::engine::InspectedMount;
use crate::environment::prepare::Prepared;
use crate::plan::desired::External;
use crate::plan::spec::{MountSpec, MountSpecSource};

const KEY: &str = "com.docker.compose.volume";

/// Key in the Compose files → the volume that a former container has at the same place. Volumes that
/// no container of ours has a place for are told of.
pub(super) fn taken_over(
    prepared: &Prepared,
    pairs: &[Pair<'_>],
    notes: &mut Vec<String>,
) -> BTreeMap<String, String> {
    let mut volumes: BTreeMap<String, String> = BTreeMap::new();
    for pair in pairs {
        let Some(desired) = pair.desired else {
            continue;
        };
        let mounts = pair.found.inspected.mounts.iter();
        for (mount, name) in mounts.filter_map(named) {
            let same = |own: &&MountSpec| {
                own.target.trim_end_matches('/') == mount.target.trim_end_matches('/')
            };
            let own = desired.spec.mounts.iter().find(same).map(|own| &own.source);
            let Some(MountSpecSource::Volume { name: own, .. }) = own else {
                notes.push(format!(
                    "volume {name} is mounted at {} by `{}` and by no file of {}; it stays and is not used",
                    mount.target, desired.service, prepared.environment.name
                ));
                continue;
            };
            if prepared
                .desired
                .external
                .contains(&External::Volume(name.to_owned()))
                && own == name
            {
                continue;
            }
            if let Some(key) = key_of(prepared, own) {
                let before = volumes.insert(key.clone(), name.to_owned());
                if let Some(other) = before.filter(|other| other != name) {
                    notes.push(format!(
                        "`{key}` is volume {other} for one service and {name} for another; {name} is used"
                    ));
                }
            }
        }
    }
    volumes
}

/// A volume with a name of its own; others belong to their container and go over with it.
fn named(mount: &InspectedMount) -> Option<(&InspectedMount, &str)> {
    let name = mount.name.as_deref().filter(|_| mount.kind == "volume")?;
    let generated = name.len() == 64 && name.chars().all(|c| c.is_ascii_hexdigit());
    (!generated).then_some((mount, name))
}

/// The key of a volume that would be made.
fn key_of(prepared: &Prepared, name: &str) -> Option<String> {
    let mut volumes = prepared.desired.volumes.iter();
    let volume = volumes.find(|one| one.name == name)?;
    volume.labels.get(KEY).cloned()
}
