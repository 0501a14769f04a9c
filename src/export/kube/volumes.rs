//! What the containers of a pod find in their file systems.

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Ground, Reader, name};
use crate::export::document::{Map, Node};
use crate::export::files::reference;
use crate::export::stack::Part;
use crate::plan::identity::Role;
use crate::plan::spec::{MountSpec, MountSpecSource};
use crate::secret::SecretBytes;
use crate::workload::model::{FileContent, HostPathKind};

/// Most bytes of a ConfigMap or Secret.
const MOST_BYTES: usize = 1024 * 1024;
/// Where the database keeps its data below the root of its volume, which may hold other things.
const DATA: &str = "pgdata";

/// Files that are an object of their own.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// Key → content.
    pub files: BTreeMap<String, SecretBytes>,
    pub is_secret: bool,
}

impl Config {
    /// `data` and `binaryData` of a ConfigMap, or `data` of a Secret.
    pub fn put_into(&self, map: &mut Map) {
        let encoded = |bytes: &SecretBytes| STANDARD.encode(bytes.expose());
        let all = || self.files.iter();
        if self.is_secret {
            let data = all().map(|(key, bytes)| (key.clone(), encoded(bytes)));
            map.put("data", data.collect::<Map>());
            return;
        }
        let text = |bytes: &SecretBytes| String::from_utf8(bytes.expose().to_vec()).ok();
        let texts = all().filter_map(|(key, bytes)| Some((key.clone(), text(bytes)?)));
        map.put_some("data", Some(texts.collect::<Map>()));
        let others = all().filter(|(_, bytes)| text(bytes).is_none());
        let others = others.map(|(key, bytes)| (key.clone(), encoded(bytes)));
        map.put_some("binaryData", Some(others.collect::<Map>()));
    }
}

/// The mounts of `part`; their volumes are added to those of its pod.
pub fn mounts(
    part: &Part,
    volumes: &mut BTreeMap<String, Map>,
    ground: &mut Ground<'_, '_>,
) -> Vec<Map> {
    let mut found = Vec::new();
    let mut own: Vec<MountSpec> = part.spec.mounts.clone();
    for from in &part.spec.volumes_from {
        match ground.stack.by_container(&from.container) {
            Some(other) => own.extend(other.spec.mounts.iter().map(|mount| MountSpec {
                read_only: mount.read_only || from.read_only,
                ..mount.clone()
            })),
            None => {
                let why = "that container is none of the environment's";
                ground.warn(part.lost("volumes_from", why));
            }
        }
    }
    for (number, mount) in own.iter().enumerate() {
        let (volume, below) = source(part, mount, number, ground);
        let mut map = mounted(volumes, volume, &mount.target, mount.read_only);
        map.put_some("subPath", below);
        found.push(map);
    }
    for file in &part.spec.files {
        let volume = match (ground.reader, &file.content) {
            (Reader::Podman, _) => {
                let place = ground.files.content(part, file);
                (host_path(&reference(&place), "File"), None)
            }
            (Reader::Kubernetes, FileContent::Inline(text)) => {
                let bytes = text.expose().as_bytes().to_vec();
                config(
                    part,
                    &file.target,
                    vec![(base_name(&file.target), bytes)],
                    ground,
                )
            }
            (Reader::Kubernetes, FileContent::Path(path)) => {
                on_host(part, path, (&file.target, true), ground)
            }
        };
        let mut map = mounted(volumes, volume.0, &file.target, true);
        map.put_some("subPath", volume.1);
        found.push(map);
    }
    for path in part.spec.process.tmpfs.keys() {
        found.push(mounted(volumes, memory(None), path, false));
    }
    // Podman's folders in memory are root's alone.
    if let Some(size) = part
        .spec
        .process
        .shm_size
        .filter(|_| ground.reader == Reader::Kubernetes)
    {
        found.push(mounted(volumes, memory(Some(size)), "/dev/shm", false));
    }
    scoped(part, volumes, found, ground)
}

/// Adds a volume under a name that does not come twice, and mounts it.
fn mounted(volumes: &mut BTreeMap<String, Map>, volume: Map, target: &str, read_only: bool) -> Map {
    let same = volumes.iter().find(|(_, known)| {
        let without: Map = known
            .0
            .iter()
            .filter(|(key, _)| key != "name")
            .cloned()
            .collect();
        // Each folder in memory is one of its own.
        without == volume && volume.0.iter().all(|(key, _)| key != "emptyDir")
    });
    let known = same.map(|(name, _)| name.clone());
    let chosen = known.unwrap_or_else(|| format!("volume-{}", volumes.len() + 1));
    volumes.entry(chosen.clone()).or_insert_with(|| {
        let named = std::iter::once(("name".to_owned(), Node::from(chosen.as_str())));
        Map(named.chain(volume.0).collect())
    });
    let mut map = Map::new().with("name", chosen).with("mountPath", target);
    map.put_flag("readOnly", read_only);
    map
}

/// Podman knows the folders of a pod by their names in all pods of the machine.
fn scoped(
    part: &Part,
    volumes: &mut BTreeMap<String, Map>,
    mounts: Vec<Map>,
    ground: &Ground<'_, '_>,
) -> Vec<Map> {
    if ground.reader == Reader::Kubernetes {
        return mounts;
    }
    let pod = match part.role {
        Role::Database => format!("{}-db", ground.stack.prefix()),
        _ => ground.stack.prefix(),
    };
    let renamed = |old: &str| match old.starts_with("volume-") {
        true => name(&format!("{pod}-{old}")),
        false => old.to_owned(),
    };
    let rename = |map: Map| -> Map {
        let entries = map.0.into_iter().map(|(key, value)| match (&*key, &value) {
            ("name", Node::Text(old)) => {
                let new = Node::from(renamed(old));
                (key, new)
            }
            _ => (key, value),
        });
        Map(entries.collect())
    };
    let all = std::mem::take(volumes);
    let all = all.into_iter();
    volumes.extend(all.map(|(name, volume)| (renamed(&name), rename(volume))));
    mounts.into_iter().map(rename).collect()
}

fn memory(size: Option<i64>) -> Map {
    let mut folder = Map::new().with("medium", "Memory");
    folder.put_some("sizeLimit", size.map(|bytes| bytes.to_string()));
    Map::new().with("emptyDir", folder)
}

fn host_path(path: &str, kind: &str) -> Map {
    let map = Map::new().with("path", path).with("type", kind);
    Map::new().with("hostPath", map)
}

/// The volume of a mount, and the path below it.
fn source(
    part: &Part,
    mount: &MountSpec,
    number: usize,
    ground: &mut Ground<'_, '_>,
) -> (Map, Option<String>) {
    match &mount.source {
        MountSpecSource::Bind { path, .. } => {
            on_host(part, path, (&mount.target, mount.read_only), ground)
        }
        MountSpecSource::HostPath { path, kind, .. } => match kind {
            HostPathKind::Socket => (host_path(&path.to_string_lossy(), "Socket"), None),
            HostPathKind::CharDevice => (host_path(&path.to_string_lossy(), "CharDevice"), None),
            HostPathKind::BlockDevice => (host_path(&path.to_string_lossy(), "BlockDevice"), None),
            _ => on_host(part, path, (&mount.target, mount.read_only), ground),
        },
        MountSpecSource::Volume { name, subpath, .. } => {
            let mut volumes = ground.stack.prepared.desired.volumes.iter();
            let filling = volumes.find(|volume| volume.name == *name);
            match filling.and_then(|volume| volume.filling.clone()) {
                Some(filling) => {
                    let files = filling.content.files;
                    filled(part, (name, &mount.target), files, ground)
                }
                None => (
                    claim(name, ground),
                    subpath.clone().or_else(|| below(part, ground)),
                ),
            }
        }
        MountSpecSource::Anonymous => {
            let _ = number;
            (Map::new().with("emptyDir", Map::new()), None)
        }
        MountSpecSource::Tmpfs { size, .. } => (memory(*size), None),
    }
}

/// A volume of Kubernetes may begin with a folder of its file system, which no cluster accepts.
fn below(part: &Part, ground: &Ground<'_, '_>) -> Option<String> {
    let is_database = part.role == Role::Database;
    (is_database && ground.reader == Reader::Kubernetes).then(|| DATA.to_owned())
}

/// Podman takes the name of a claim for that of a volume: it is the one that is there already.
fn claim(volume: &str, ground: &Ground<'_, '_>) -> Map {
    let claim = match ground.reader {
        Reader::Podman => volume.to_owned(),
        Reader::Kubernetes => name(volume),
    };
    let map = Map::new().with("claimName", claim);
    Map::new().with("persistentVolumeClaim", map)
}

fn filled(
    part: &Part,
    (volume, target): (&str, &str),
    files: Vec<crate::workload::model::VolumeFile>,
    ground: &mut Ground<'_, '_>,
) -> (Map, Option<String>) {
    if ground.reader == Reader::Podman {
        let folder = ground.files.folder(volume, &files);
        return (host_path(&reference(&folder), "Directory"), None);
    }
    let files = files.into_iter();
    let files = files.map(|file| (file.path, file.content.expose().to_vec()));
    let (volume, _) = config(part, target, files.collect(), ground);
    (volume, None)
}

/// A file or folder of the host: taken along, as an object where the cluster reads it.
fn on_host(
    part: &Part,
    path: &Path,
    (target, read_only): (&str, bool),
    ground: &mut Ground<'_, '_>,
) -> (Map, Option<String>) {
    let found = std::fs::metadata(path);
    let is_folder = found.map_or(true, |found| found.is_dir());
    if ground.reader == Reader::Kubernetes {
        if path.starts_with(&ground.stack.prepared.identity.directory)
            && let Some(files) = small_files(path)
        {
            if is_folder && !read_only {
                let why = "a ConfigMap, which it is there, is only read";
                ground.warn(part.lost(&format!("writing to {target}"), why));
            }
            let (volume, below) = config(part, target, files, ground);
            return (volume, below.filter(|_| !is_folder));
        }
        let why = "it is too large for a ConfigMap or lies outside the project; each node needs it at that path";
        ground.warn(part.lost(&path.display().to_string(), why));
        return (host_path(&path.to_string_lossy(), ""), None);
    }
    let place = ground.files.mounted(part, path, read_only);
    let kind = match (path.exists(), is_folder) {
        (true, false) => "File",
        (true, true) => "Directory",
        (false, _) => "DirectoryOrCreate",
    };
    (host_path(&reference(&place), kind), None)
}

/// A file, or the files of a folder by their paths, as far as an object can hold them.
fn small_files(path: &Path) -> Option<Vec<(String, Vec<u8>)>> {
    let mut found = Vec::new();
    let mut open = vec![path.to_path_buf()];
    let mut size = 0;
    while let Some(next) = open.pop() {
        if next.is_dir() {
            for entry in std::fs::read_dir(&next).ok()? {
                open.push(entry.ok()?.path());
            }
            continue;
        }
        size += usize::try_from(std::fs::metadata(&next).ok()?.len()).ok()?;
        if size > MOST_BYTES {
            return None;
        }
        let below = next
            .strip_prefix(path)
            .ok()
            .filter(|below| below.components().next().is_some());
        let name = match below {
            Some(below) => below.to_string_lossy().into_owned(),
            None => base_name(&next.to_string_lossy()),
        };
        found.push((name, std::fs::read(&next).ok()?));
    }
    found.sort();
    Some(found)
}

fn base_name(path: &str) -> String {
    path.rsplit('/').next().unwrap_or(path).to_owned()
}

/// An object that holds these files, as a volume; of a single file also its path below it.
fn config(
    part: &Part,
    target: &str,
    files: Vec<(String, Vec<u8>)>,
    ground: &mut Ground<'_, '_>,
) -> (Map, Option<String>) {
    if files.iter().map(|(_, bytes)| bytes.len()).sum::<usize>() > MOST_BYTES {
        let why = "an object of Kubernetes has 1 MiB at most; the cluster will refuse it";
        ground.warn(part.lost(target, why));
    }
    let is_secret = files.iter().any(|(_, bytes)| {
        let text = String::from_utf8_lossy(bytes);
        ground.secrets.is_secret(&text)
    });
    let object = name(&format!("{}{}", part.key, target.replace('/', "-")));
    let mut config = Config {
        files: BTreeMap::new(),
        is_secret,
    };
    let mut items = Vec::new();
    let single = match files.as_slice() {
        [(path, _)] => Some(path.clone()),
        _ => None,
    };
    for (number, (path, bytes)) in files.into_iter().enumerate() {
        let key = match path
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
        {
            true => path.clone(),
            false => format!("file-{number}"),
        };
        items.push(Map::new().with("key", key.as_str()).with("path", path));
        config.files.insert(key, SecretBytes::new(bytes));
    }
    ground.configs.insert(object.clone(), config);
    let (kind, key) = match is_secret {
        true => ("secret", "secretName"),
        false => ("configMap", "name"),
    };
    let reference = Map::new().with(key, object).with("items", items);
    (Map::new().with(kind, reference), single)
}
