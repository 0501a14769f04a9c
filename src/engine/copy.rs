//! Files and folders of the host into a container.
//!
//! What arrives belongs to the user of the container, as if a program in it had written it. Where
//! the engine's own call does not reach (Docker: a file system in memory), `tar` in the container
//! is run instead.

mod owner;

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

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
    /// Path in the container → whether a file system in memory is there.
    mounts: BTreeMap<String, bool>,
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
        let above = |mount: &str| {
            let rest = target.strip_prefix(mount.trim_end_matches('/'));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let mounts = landing.mounts.iter().filter(|(mount, _)| above(mount));
        match mounts.max_by_key(|(mount, _)| mount.len()) {
            Some((_, true)) if self.kind == EngineKind::Docker => Ok(Way::Program),
            Some((mount, _)) => Ok(Way::Engine(mount.clone())),
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
    fn mounts(self) -> BTreeMap<String, bool> {
        let mounts = self.mounts.into_iter().flatten();
        let mounts = mounts.map(|mount| (mount.destination, mount.kind == "tmpfs"));
        let tmpfs = self.host_config.tmpfs.into_iter().flatten();
        mounts.chain(tmpfs.map(|(path, _)| (path, true))).collect()
    }
}
