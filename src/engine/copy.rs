//! Files and folders of the host into a container.
//!
//! What arrives belongs to the user of the container, as if a program in it had written it. Where
//! the engine's own call does not reach (Docker: a file system in memory), `tar` in the container
//! is run instead.

mod owner;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::archive::{self, Archive};
use super::exec::ExecOptions;
use super::wire::Call;
use super::{Engine, EngineError, EngineKind};

/// Most paths that one program gets as arguments.
const MOST_ARGUMENTS: usize = 500;

/// A file, folder (without what is in it) or symbolic link of the host, and where it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostFile {
    pub source: PathBuf,
    /// Absolute path in the container.
    pub target: String,
}

/// Where and to whom files go in one container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Landing {
    container: String,
    /// User and group.
    owner: (u32, u32),
    read_only: bool,
    /// Path in the container → what is there.
    mounts: BTreeMap<String, Mounted>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mounted {
    /// Files of the host.
    Bind,
    /// A file system in memory.
    Memory,
    /// A volume, or whatever else keeps data of its own.
    Volume,
}

impl Landing {
    /// Why nothing may be written to `target`: what is below a bind mount are files of the host.
    /// Nor may anything that is mounted be removed, by a deletion or by a file that would take the
    /// place of a folder (`removes`): that would empty a volume.
    #[must_use]
    pub fn refuses(&self, target: &str, removes: bool) -> Option<String> {
        if let Some((mount, Mounted::Bind)) = self.mount_of(target) {
            return Some(format!(
                "`{mount}` is mounted from the host; nothing is synced there"
            ));
        }
        let below = |mount: &&String| Path::new(mount).starts_with(target);
        let mount = self.mounts.keys().find(below).filter(|_| removes)?;
        Some(format!(
            "`{target}` is not removed from the container, as `{mount}` is mounted there"
        ))
    }

    /// The innermost mount that `target` lies in.
    fn mount_of(&self, target: &str) -> Option<(&str, Mounted)> {
        let mounts = self.mounts.iter();
        let above = mounts.filter(|(mount, _)| Path::new(target).starts_with(mount));
        let (mount, kind) = above.max_by_key(|(mount, _)| mount.len())?;
        Some((mount, *kind))
    }
}

/// How files get to a place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    /// By the engine, into this folder.
    Engine(String),
    /// By a program in the container.
    Program,
}

impl Engine {
    /// How files get into the container.
    ///
    /// # Errors
    /// There is none, or the engine does not answer.
    pub async fn landing(&self, container: &str) -> Result<Landing, EngineError> {
        let action = format!("inspect container `{container}`");
        let call = Call::get(&format!("/containers/{container}/json"), action);
        let found: WireContainer = self.wire.fetch(call).await?;
        let owner = self.owner_in(container, &found.config.user).await?;
        Ok(Landing {
            container: container.to_owned(),
            owner,
            read_only: found.host_config.readonly_rootfs,
            mounts: found.mounts(),
        })
    }

    /// Puts `files` into the container, over what is there, making their folders. A file that is
    /// gone meanwhile is passed over.
    ///
    /// # Errors
    /// A file that cannot be read; a place that cannot be written; no such container. What can be
    /// put elsewhere is there all the same.
    pub async fn copy_into(
        &self,
        landing: &Landing,
        files: &[HostFile],
    ) -> Result<(), EngineError> {
        let mut ways: BTreeMap<Way, Vec<HostFile>> = BTreeMap::new();
        let mut outcome = Ok(());
        for file in files {
            match self.way_to(landing, &file.target) {
                Ok(way) => ways.entry(way).or_default().push(file.clone()),
                // One place that cannot be written keeps nothing from the others.
                Err(error) => outcome = outcome.and(Err(error)),
            }
        }
        for (way, files) in ways {
            let copied = match way {
                Way::Engine(folder) => self.put(landing, &folder, files).await,
                Way::Program => self.unpack(landing, files).await,
            };
            outcome = outcome.and(copied);
        }
        outcome
    }

    fn way_to(&self, landing: &Landing, target: &str) -> Result<Way, EngineError> {
        match landing.mount_of(target) {
            Some((_, Mounted::Memory)) if self.kind == EngineKind::Docker => Ok(Way::Program),
            Some((mount, _)) => Ok(Way::Engine(mount.to_owned())),
            None if landing.read_only => Err(EngineError::Unsupported {
                action: format!("put `{target}` into container `{}`", landing.container),
                message: "its file system is read-only there".to_owned(),
                hint: "mount a volume or a `tmpfs` at the target, or remove `read_only`".to_owned(),
            }),
            None => Ok(Way::Engine("/".to_owned())),
        }
    }

    /// Docker looks at the folder alone to find whether it may write.
    async fn put(
        &self,
        landing: &Landing,
        folder: &str,
        files: Vec<HostFile>,
    ) -> Result<(), EngineError> {
        let action = action(landing);
        let owner = landing.owner;
        let prefix = folder.trim_end_matches('/').to_owned();
        let (chunks, packing) =
            archive::stream(move |archive: &mut Archive| add_all(archive, &files, &prefix, owner));
        let call = Call::put(
            &format!("/containers/{}/archive", landing.container),
            action.as_str(),
        )
        .query("path", folder)
        .stream("application/x-tar", chunks);
        match self.wire.run(call).await {
            Ok(()) => Ok(()),
            // An unreadable file breaks the call off; the file is what to tell.
            Err(error) => match packing.await {
                Ok(Err(source)) if source.kind() != io::ErrorKind::BrokenPipe => {
                    Err(EngineError::File { action, source })
                }
                _ => Err(error),
            },
        }
    }

    async fn unpack(&self, landing: &Landing, files: Vec<HostFile>) -> Result<(), EngineError> {
        let action = action(landing);
        let mut archive = tar::Builder::new(Vec::new());
        let packed = add_all(&mut archive, &files, "", landing.owner);
        let packed = packed.and_then(|()| archive.into_inner());
        let packed = packed.map_err(|source| EngineError::File {
            action: action.clone(),
            source,
        })?;
        let command = ["tar", "-x", "-f", "-", "-C", "/"];
        self.in_container(landing, &command, Some(packed)).await
    }

    /// Removes files and folders from the container; what is not there is fine.
    ///
    /// # Errors
    /// When the container has no `rm`, or may not be written.
    pub async fn delete_in(
        &self,
        landing: &Landing,
        targets: &[String],
    ) -> Result<(), EngineError> {
        for targets in targets.chunks(MOST_ARGUMENTS) {
            let words = ["rm", "-r", "-f", "--"].into_iter();
            let command: Vec<&str> = words.chain(targets.iter().map(String::as_str)).collect();
            self.in_container(landing, &command, None).await?;
        }
        Ok(())
    }

    async fn in_container(
        &self,
        landing: &Landing,
        command: &[&str],
        stdin: Option<Vec<u8>>,
    ) -> Result<(), EngineError> {
        let options = ExecOptions {
            user: Some("0".to_owned()),
            stdin,
            ..ExecOptions::default()
        };
        let ran = self.exec(&landing.container, command, &options).await?;
        if ran.exit_code == 0 {
            return Ok(());
        }
        let program = command.first().copied().unwrap_or_default();
        Err(EngineError::Refused {
            action: format!("run `{program}` in container `{}`", landing.container),
            status: 500,
            message: match ran.exit_code {
                126 | 127 => format!("the container has no `{program}`"),
                code => format!("exit code {code}: {}", ran.text()),
            },
        })
    }
}

fn action(landing: &Landing) -> String {
    format!("put files into container `{}`", landing.container)
}

/// `prefix` is the folder in which the archive is unpacked.
fn add_all(
    archive: &mut tar::Builder<impl io::Write>,
    files: &[HostFile],
    prefix: &str,
    owner: (u32, u32),
) -> io::Result<()> {
    for file in files {
        let path = file.target.strip_prefix(prefix).unwrap_or(&file.target);
        let path = path.trim_start_matches('/');
        let added = fs_err::symlink_metadata(&file.source)
            .and_then(|found| archive::add(archive, (&file.source, &found), path, owner));
        match added {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            other => other?,
        }
    }
    Ok(())
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct WireContainer {
    config: WireConfig,
    host_config: WireHostConfig,
    mounts: Option<Vec<WireMount>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct WireConfig {
    user: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct WireHostConfig {
    readonly_rootfs: bool,
    tmpfs: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct WireMount {
    #[serde(rename = "Type")]
    kind: String,
    destination: String,
}

impl WireContainer {
    fn mounts(self) -> BTreeMap<String, Mounted> {
        let mounts = self.mounts.into_iter().flatten().map(|mount| {
            let kind = match mount.kind.as_str() {
                "bind" => Mounted::Bind,
                "tmpfs" => Mounted::Memory,
                _ => Mounted::Volume,
            };
            (mount.destination, kind)
        });
        let tmpfs = self.host_config.tmpfs.into_iter().flatten();
        let tmpfs = tmpfs.map(|(path, _)| (path, Mounted::Memory));
        mounts.chain(tmpfs).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn landing() -> Landing {
        let inspected = r#"{
            "HostConfig": {"Tmpfs": {"/app/tmp": ""}},
            "Mounts": [
                {"Type": "bind", "Destination": "/app/data"},
                {"Type": "volume", "Destination": "/app/data/cache"},
                {"Type": "volume", "Destination": "/app/uploads"}
            ]
        }"#;
        let found: WireContainer = serde_json::from_str(inspected).unwrap();
        Landing {
            container: "a".to_owned(),
            owner: (0, 0),
            read_only: false,
            mounts: found.mounts(),
        }
    }

    #[test]
    fn nothing_is_written_to_files_of_the_host() {
        let landing = landing();
        for target in ["/app/data", "/app/data/", "/app/data/db.sqlite"] {
            for removes in [false, true] {
                let reason = landing.refuses(target, removes).unwrap();
                assert!(reason.contains("`/app/data` is mounted from the host"));
            }
        }
        for target in ["/app/data-not", "/app/data/cache/a", "/app", "/app/a"] {
            assert_eq!(landing.refuses(target, false), None, "{target}");
        }
    }

    #[test]
    fn what_is_mounted_is_not_removed_and_what_is_in_a_volume_is() {
        let landing = landing();
        for target in ["/app/uploads", "/app/uploads/", "/app/tmp", "/app", "/"] {
            assert!(landing.refuses(target, true).is_some(), "{target}");
            assert_eq!(landing.refuses(target, false), None, "{target}");
        }
        for target in ["/app/uploads/a", "/app/up", "/app/tmp/a", "/srv"] {
            assert_eq!(landing.refuses(target, true), None, "{target}");
        }
    }
}
