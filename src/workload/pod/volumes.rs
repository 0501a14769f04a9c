//! `volumes` of a pod (<https://kubernetes.io/docs/concepts/storage/volumes/>).

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use super::claims;
use super::contents;
use super::file::{File, Object};
use super::keys::Keys;
use super::member::Ground;
use super::names;
use super::resources;
use crate::secret::Secret;
use crate::text::Span;
use crate::workload::model::{HostPathKind, Volume, VolumeContent};

const VOLUME: Keys = Keys {
    read: &[
        "configMap",
        "downwardAPI",
        "emptyDir",
        "hostPath",
        "name",
        "persistentVolumeClaim",
        "projected",
        "secret",
    ],
    ignored: &[],
    refused: &[
        ("awsElasticBlockStore", ELSEWHERE),
        ("azureDisk", ELSEWHERE),
        ("azureFile", ELSEWHERE),
        ("cephfs", ELSEWHERE),
        ("cinder", ELSEWHERE),
        ("csi", ELSEWHERE),
        ("ephemeral", "write `emptyDir` or `persistentVolumeClaim`"),
        ("fc", ELSEWHERE),
        ("flexVolume", ELSEWHERE),
        ("flocker", ELSEWHERE),
        ("gcePersistentDisk", ELSEWHERE),
        ("gitRepo", "clone it in an init container"),
        ("glusterfs", ELSEWHERE),
        ("image", "copy the files in an init container of that image"),
        ("iscsi", ELSEWHERE),
        ("nfs", "mount it on the host and write `hostPath`"),
        ("photonPersistentDisk", ELSEWHERE),
        ("portworxVolume", ELSEWHERE),
        ("quobyte", ELSEWHERE),
        ("rbd", ELSEWHERE),
        ("scaleIO", ELSEWHERE),
        ("storageos", ELSEWHERE),
        ("vsphereVolume", ELSEWHERE),
    ],
};
const ELSEWHERE: &str = "it is made by the driver of a cluster";
const HOST_PATH: Keys = Keys::only(&["path", "type"]);
const EMPTY_DIR: Keys = Keys::only(&["medium", "sizeLimit"]);
const CLAIM: Keys = Keys::only(&["claimName", "readOnly"]);

/// One volume of a pod.
#[derive(Debug, Clone)]
pub(super) struct PodVolume {
    pub span: Span,
    pub source: Source,
}

#[derive(Debug, Clone)]
pub(super) enum Source {
    HostPath {
        path: PathBuf,
        kind: HostPathKind,
    },
    Kept {
        /// In the workload.
        key: String,
        volume: Volume,
        read_only: bool,
        /// Objects that it is made of.
        sources: BTreeMap<String, Secret>,
        /// Whether it is lost when no container has it mounted.
        in_memory: bool,
    },
}

impl PodVolume {
    /// The paths of the files that it holds from the start, where it holds nothing else.
    pub fn files(&self) -> Option<Vec<&str>> {
        let Source::Kept { volume, .. } = &self.source else {
            return None;
        };
        let content = volume
            .content
            .as_ref()
            .filter(|content| content.mode & claims::OPEN != claims::OPEN)?;
        Some(
            content
                .files
                .iter()
                .map(|file| file.path.as_str())
                .collect(),
        )
    }
}

/// The volumes that the pod declares, by name.
pub(super) fn read(file: &mut File<'_>, ground: &Ground<'_>) -> BTreeMap<String, PodVolume> {
    let mut volumes: BTreeMap<String, PodVolume> = BTreeMap::new();
    let declared: Vec<Object<'_>> = ground.pod.spec.children(file, "volumes", &VOLUME);
    for object in declared {
        let Some((name, span)) = names::label(file, &object, "name") else {
            continue;
        };
        // One that cannot be had is declared all the same.
        let source = source(file, &object, &name, ground).unwrap_or_else(|| Source::HostPath {
            path: PathBuf::new(),
            kind: HostPathKind::Any,
        });
        if let Some(first) = volumes.get(&name) {
            let message = format!("Two volumes are called `{name}`");
            file.contradiction(
                span,
                message,
                (first.span, "the first one"),
                "rename one of them",
            );
            continue;
        }
        volumes.insert(name, PodVolume { span, source });
    }
    volumes
}

fn source(
    file: &mut File<'_>,
    object: &Object<'_>,
    name: &str,
    ground: &Ground<'_>,
) -> Option<Source> {
    let given = VOLUME
        .read
        .iter()
        .filter(|key| **key != "name" && object.mapping.entry(key).is_some());
    let given: Vec<&str> = given.copied().collect();
    let refused = VOLUME
        .refused
        .iter()
        .any(|(key, _)| object.entry(key).is_some());
    match given.as_slice() {
        _ if refused => None,
        ["hostPath"] => host_path(file, object),
        ["persistentVolumeClaim"] => claim(file, object, ground),
        // Without a source at all, Kubernetes takes an empty folder.
        ["emptyDir"] | [] => empty_dir(file, object, name, ground),
        [_] => contents::read(file, object, name, ground),
        several => {
            let message = format!("Volume `{name}` has {} sources", several.len());
            file.fault(
                object.span,
                message,
                format!("keep one of {}", several.join(", ")),
            );
            None
        }
    }
}

fn host_path(file: &mut File<'_>, object: &Object<'_>) -> Option<Source> {
    let host = object.child(file, "hostPath", &HOST_PATH)?;
    let entry = host.required(file, "path", "that of the host")?;
    let path = file.decoder.string(&entry.value, &host.at("path"))?;
    let path = Path::new(&path);
    if path.components().any(|part| part == Component::ParentDir) {
        let help = "write the path that is meant";
        file.fault(entry.value.span, "A `hostPath` must not hold `..`", help);
        return None;
    }
    let words = [
        ("", HostPathKind::Any),
        ("Directory", HostPathKind::Directory),
        ("DirectoryOrCreate", HostPathKind::DirectoryOrCreate),
        ("File", HostPathKind::File),
        ("FileOrCreate", HostPathKind::FileOrCreate),
        ("Socket", HostPathKind::Socket),
        ("CharDevice", HostPathKind::CharDevice),
        ("BlockDevice", HostPathKind::BlockDevice),
    ];
    let kind = match host.entry("type") {
        Some(_) => host.word(file, "type", &words)?,
        None => HostPathKind::Any,
    };
    let path = file.folder.join(path.strip_prefix(".").unwrap_or(path));
    Some(Source::HostPath { path, kind })
}

fn claim(file: &mut File<'_>, object: &Object<'_>, ground: &Ground<'_>) -> Option<Source> {
    let claim = object.child(file, "persistentVolumeClaim", &CLAIM)?;
    let (key, _) = names::subdomain(file, &claim, "claimName")?;
    let volume = file.volumes.get(&key).cloned();
    let mut volume = volume.unwrap_or_else(|| claims::volume(0));
    if let (Some(content), Some(group)) = (&mut volume.content, ground.fs_group) {
        content.group = group;
        content.mode = claims::open_to(group);
    }
    Some(Source::Kept {
        key,
        volume,
        read_only: claim.flag(file, "readOnly"),
        sources: BTreeMap::new(),
        in_memory: false,
    })
}

fn empty_dir(
    file: &mut File<'_>,
    object: &Object<'_>,
    name: &str,
    ground: &Ground<'_>,
) -> Option<Source> {
    let dir = object.child(file, "emptyDir", &EMPTY_DIR);
    let mut in_memory = false;
    let mut limit = None;
    if let Some(dir) = dir {
        let words = [("", false), ("Memory", true)];
        in_memory = dir.word(file, "medium", &words).unwrap_or_default();
        if let Some(entry) = dir.entry("sizeLimit") {
            limit = resources::quantity(file, &entry.value, &dir.at("sizeLimit"));
            if limit.is_some() && !in_memory {
                let why = "a volume of the engine has no limit; with `medium: Memory` it has one";
                let message = format!("`{}` is ignored: {why}", dir.at("sizeLimit"));
                file.decoder.note(entry.key_span, message);
            }
        }
    }
    let group = ground.fs_group.unwrap_or_default();
    let own = key(ground, name);
    let bytes = limit.map(|limit| limit.units());
    let (key, volume) = match in_memory {
        true => (with_size(&own, bytes), memory(group, bytes)),
        false => (own, claims::volume(group)),
    };
    Some(Source::Kept {
        key,
        volume: Volume {
            scratch: true,
            ..volume
        },
        read_only: false,
        sources: BTreeMap::new(),
        in_memory,
    })
}

/// The size is in the name, since a volume that is there cannot get another one.
fn with_size(key: &str, bytes: Option<i64>) -> String {
    match bytes {
        Some(bytes) => format!("{key}-memory-{bytes}"),
        None => format!("{key}-memory"),
    }
}

fn memory(group: u32, bytes: Option<i64>) -> Volume {
    let mut options = vec![
        format!("mode=0{:o}", claims::open_to(group)),
        format!("gid={group}"),
    ];
    options.extend(bytes.map(|bytes| format!("size={bytes}")));
    let options = [
        ("type", "tmpfs".to_owned()),
        ("device", "tmpfs".to_owned()),
        ("o", options.join(",")),
    ];
    Volume {
        driver: Some("local".to_owned()),
        driver_options: options.map(|(key, value)| (key.to_owned(), value)).into(),
        ..Volume::default()
    }
}

/// The key of a volume that belongs to the pod alone; no claim has an `_` in its name.
pub(super) fn key(ground: &Ground<'_>, name: &str) -> String {
    format!("{}_{name}", ground.pod.name)
}

/// A volume with files, which is another one as soon as any of them changes.
pub(super) fn filled(
    key: &str,
    content: VolumeContent,
    sources: BTreeMap<String, Secret>,
) -> Source {
    let mut state = format!("{} {}\n", content.mode, content.group);
    for file in &content.files {
        let bytes = file.content.expose();
        state.push_str(&format!("{} {:o} {bytes:?}\n", file.path, file.mode));
    }
    let hash: String = crate::text::sha256(&state).chars().take(8).collect();
    Source::Kept {
        key: format!("{key}-{hash}"),
        volume: Volume {
            scratch: true,
            content: Some(content),
            ..Volume::default()
        },
        read_only: true,
        sources,
        in_memory: false,
    }
}
