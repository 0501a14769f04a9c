//! A build context that is a Git repository: its files, fetched by the `git` of this machine, with
//! the keys and the settings of who runs it.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tempfile::TempDir;
use tokio::process::Command;

use crate::workload::model::Repository;

/// The files of a repository; removed when it is dropped.
pub struct Checkout {
    root: TempDir,
    /// The folder of it that is the context.
    pub folder: PathBuf,
    /// The repository, as messages name it.
    shown: String,
}

impl Checkout {
    /// Fetches no more of the repository than is asked for, as far as its server lets choose.
    pub async fn of(repository: &Repository) -> io::Result<Self> {
        let root = tempfile::Builder::new().prefix("poststack-").tempdir()?;
        let git = Git {
            folder: root.path(),
            repository,
        };
        git.run(&["init", "--quiet"]).await?;
        git.run(&["remote", "add", "origin", &repository.url])
            .await?;
        let commit = git.fetch().await?;
        git.run(&["checkout", "--quiet", "--detach", &commit])
            .await?;
        if root.path().join(".gitmodules").exists() {
            let update = [
                "submodule",
                "update",
                "--quiet",
                "--init",
                "--recursive",
                "--depth=1",
            ];
            git.run(&update).await?;
        }
        // As BuildKit does: a copy of everything takes no history along.
        fs_err::remove_dir_all(root.path().join(".git"))?;
        let folder = within(root.path(), &repository.folder)?;
        Ok(Self {
            folder,
            shown: repository.shown(),
            root,
        })
    }

    /// The path in the repository, of a path on this machine.
    pub fn show(&self, path: &str) -> String {
        let root = self.root.path().to_string_lossy();
        match path.strip_prefix(root.as_ref()) {
            Some(inside) => format!("{}{inside}", self.shown),
            None => path.to_owned(),
        }
    }
}

/// A link may not lead out of the repository.
fn within(root: &Path, folder: &str) -> io::Result<PathBuf> {
    let root = fs_err::canonicalize(root)?;
    match root.join(folder).canonicalize() {
        Ok(found) if found.starts_with(&root) && found.is_dir() => Ok(found),
        _ => {
            let message = format!("the repository has no folder `{folder}`");
            Err(io::Error::new(io::ErrorKind::NotFound, message))
        }
    }
}

struct Git<'a> {
    folder: &'a Path,
    repository: &'a Repository,
}

impl Git<'_> {
    /// Fetches what the repository is asked for, and gives the name it has here.
    async fn fetch(&self) -> io::Result<String> {
        let wanted = self.repository.reference.as_deref().unwrap_or("HEAD");
        let shallow = ["fetch", "--quiet", "--depth=1", "origin", wanted];
        if self.run(&shallow).await.is_ok() {
            return Ok("FETCH_HEAD".to_owned());
        }
        // Not every server knows how to give less than all.
        let Err(error) = self.run(&["fetch", "--quiet", "origin", wanted]).await else {
            return Ok("FETCH_HEAD".to_owned());
        };
        let is_commit = wanted.len() >= 7 && wanted.chars().all(|c| c.is_ascii_hexdigit());
        if !is_commit {
            return Err(error);
        }
        // Nor gives every one a commit by its number.
        self.run(&["fetch", "--quiet", "origin", "+refs/*:refs/all/*"])
            .await?;
        Ok(wanted.to_owned())
    }

    async fn run(&self, arguments: &[&str]) -> io::Result<()> {
        let mut command = Command::new("git");
        command
            .arg("-C")
            .arg(self.folder)
            .args(arguments)
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .kill_on_drop(true);
        // They are those of another repository, where a hook or an alias of Git runs poststack.
        for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"] {
            command.env_remove(name);
        }
        let output = command.output().await.map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => io::Error::new(
                error.kind(),
                "it is a Git repository, and `git` is not installed on this machine",
            ),
            _ => error,
        })?;
        if output.status.success() {
            return Ok(());
        }
        let (url, shown) = (&self.repository.url, self.repository.shown());
        let said = String::from_utf8_lossy(&output.stderr).replace(url, &shown);
        let last = said.lines().rfind(|line| line.starts_with("fatal:"));
        let last = last.or_else(|| said.lines().last()).unwrap_or_default();
        Err(io::Error::other(format!("git says: {last} ({shown})")))
    }
}
