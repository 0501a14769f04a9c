//! Volumes that are there already, and that an environment uses in place of its own: those that
//! `poststack adopt` took over. Each belongs to one environment; none is inherited, since two
//! servers on the same data would destroy it.

use std::collections::{BTreeMap, HashMap};
use std::path::{Component, Path};

use super::environment::join;
use super::layer::VolumeAt;
use super::model::{DataVolume, Environment, ExistingVolume};
use super::value::{fixed_text, place, texts};
use crate::diagnostic::brief;
use crate::yaml::Node;
use crate::yaml::decode::Decoder;

const VOLUME_HELP: &str = "write the name of a volume, `name/folder` for a folder in it, or the \
                           path of a folder that begins with `./` or `/`";

/// `postgres.volume`: the name of a volume, of a folder in one, or a folder of the host.
pub(super) fn data_volume(decoder: &mut Decoder<'_>, node: &Node, path: &str) -> Option<VolumeAt> {
    let written = fixed_text(decoder, node, path)?;
    let (name, folder) = match written.split_once('/') {
        Some((name, folder)) => (name, Some(folder)),
        None => (written.as_str(), None),
    };
    let is_inside = |folder: &str| {
        let mut parts = Path::new(folder).components();
        !folder.is_empty() && parts.all(|part| matches!(part, Component::Normal(_)))
    };
    if !is_path(&written) && (!is_name(name) || !folder.is_none_or(is_inside)) {
        let message = format!("`{path}` is not a volume: `{}`", brief(&written));
        decoder.error(node.span, message).help = Some(VOLUME_HELP.to_owned());
        return None;
    }
    Some((written, place(decoder, node)))
}

/// `volumes`: the key of a volume in the Compose files → the name of one that is there.
pub(super) fn existing(decoder: &mut Decoder<'_>, node: &Node) -> BTreeMap<String, VolumeAt> {
    let mut found = texts(decoder, node, "volumes", |_, _| true);
    found.retain(|key, (name, place)| {
        let fine = is_name(name);
        if !fine {
            let message = format!("`volumes.{}` is not the name of a volume", brief(key));
            decoder.error(place.span, message).help =
                Some("write the name that `docker volume ls` shows".to_owned());
        }
        fine
    });
    found
}

/// What both engines take for the name of a volume.
fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'))
}

fn is_path(text: &str) -> bool {
    ["./", "../", "/"]
        .iter()
        .any(|start| text.starts_with(start))
}

/// What [`data_volume`] has read.
pub(super) fn complete_data((written, place): VolumeAt, root: &Path) -> DataVolume {
    let source = if is_path(&written) {
        super::model::DataSource::Folder(join(root, &written))
    } else {
        let (name, folder) = match written.split_once('/') {
            Some((name, folder)) => (name.to_owned(), Some(folder.to_owned())),
            None => (written, None),
        };
        super::model::DataSource::Volume { name, folder }
    };
    DataVolume { source, place }
}

/// What [`existing`] has read.
pub(super) fn complete(found: BTreeMap<String, VolumeAt>) -> BTreeMap<String, ExistingVolume> {
    let complete = |(key, (name, place))| (key, ExistingVolume { name, place });
    found.into_iter().map(complete).collect()
}

/// Reports data that two environments name: the two would write into it at the same time.
pub(super) fn report_shared(decoder: &mut Decoder<'_>, environments: &[Environment]) {
    let mut holders: HashMap<String, (&Environment, crate::diagnostic::Place)> = HashMap::new();
    for environment in environments {
        let data = environment.postgres.volume.iter();
        let data = data.map(|one| (one.source.to_string(), &one.place));
        let others = environment.volumes.values();
        let others = others.map(|one| (one.name.clone(), &one.place));
        for (name, place) in data.chain(others) {
            // A folder in a volume lies in that volume.
            let whole = match is_path(&name) {
                true => name.clone(),
                false => name.split('/').next().unwrap_or_default().to_owned(),
            };
            let Some((holder, first)) = holders.get(&whole) else {
                holders.insert(whole, (environment, place.clone()));
                continue;
            };
            if holder.name == environment.name {
                continue;
            }
            let message = format!("`{}` uses volume `{whole}`, too", holder.name);
            let fault = decoder.error(place.span, message);
            fault
                .related
                .push((first.clone(), "it is named here".to_owned()));
            fault.help = Some("two environments cannot share their data; remove one".to_owned());
        }
    }
}
