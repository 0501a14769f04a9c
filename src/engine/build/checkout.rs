//! A build context that is a Git repository: its files, fetched by the `git` of this machine, with
//! the keys and the settings of who runs it. Nothing is asked: what needs an answer fails.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use tempfile::TempDir;
use tokio::process::Command;

use crate::secret::Secret;
use crate::workload::model::Repository;

/// What Git calls the commit that it has fetched.
const FETCHED: &str = "FETCH_HEAD";

/// What a server says that gives a commit only with all before it, or only by another name.
const GIVES_MORE: [&str; 5] = [
    "shallow",
    "unadvertised",
    "not our ref",
    "couldn't find remote ref",
    "dumb http",
];

/// Variables that tie `git` to another repository, where a hook or an alias of it runs poststack.
const OF_ANOTHER_REPOSITORY: [&str; 14] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_NAMESPACE",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_QUARANTINE_PATH",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
];

/// The files of a repository; removed when it is dropped.
pub struct Checkout {
    _files: TempDir,
    root: PathBuf,
    /// The folder of it that is the context.
    pub folder: PathBuf,
    /// The repository, as messages name it.
    shown: String,
}

impl Checkout {
    /// Fetches no more of the repository than is asked for, as far as its server lets choose.
    pub async fn of(repository: &Repository) -> io::Result<Self> {
        let files = tempfile::Builder::new().prefix("poststack-").tempdir()?;
        let root = fs_err::canonicalize(files.path())?;
        let git = Git::new(&root, repository);
        git.run(&["init", "--quiet"]).await?;
        git.run(&["remote", "add", "origin", &git.url]).await?;
        let commit = git.fetch(repository.reference.as_deref()).await?;
        git.run(&["checkout", "--quiet", "--detach", &commit])
            .await?;
        if root.join(".gitmodules").exists() {
            git.fetch_submodules().await?;
        }
        // As BuildKit does: a copy of everything takes no history along.
        fs_err::remove_dir_all(root.join(".git"))?;
        let folder = root.join(&repository.folder);
        let checkout = Self {
            folder: fs_err::canonicalize(&folder).unwrap_or(folder),
            shown: repository.shown(),
            root,
            _files: files,
        };
        match checkout.has(&checkout.folder) && checkout.folder.is_dir() {
            true => Ok(checkout),
            false => {
                let message = format!("the repository has no folder `{}`", repository.folder);
                Err(io::Error::new(io::ErrorKind::NotFound, message))
            }
        }
    }

    fn has(&self, path: &Path) -> bool {
        path.starts_with(&self.root)
    }

    /// Refuses files that poststack itself reads and that lead out of the repository.
    pub fn check(&self, dockerfile: &Path) -> io::Result<()> {
        for name in [dockerfile, Path::new(".dockerignore")] {
            let path = self.folder.join(name);
            let Ok(found) = path.canonicalize() else {
                continue;
            };
            // One that the Compose file names by its whole path is meant.
            if !(name.is_absolute() || self.has(&found) && found.is_file()) {
                let message = format!("`{}` leads out of the repository", name.display());
                return Err(io::Error::other(message));
            }
        }
        Ok(())
    }

    /// A text with the repository in the place of the folder on this machine.
    pub fn show(&self, text: &str) -> String {
        text.replace(self.root.to_string_lossy().as_ref(), &self.shown)
    }
}

/// Runs `git` in the folder that becomes the repository.
struct Git<'a> {
    folder: &'a Path,
    /// Without a name and a password: those are no argument, which everybody sees.
    url: String,
    settings: Vec<(String, Secret)>,
    /// `name:password@` of the URL.
    secret: Option<String>,
}

impl<'a> Git<'a> {
    fn new(folder: &'a Path, repository: &Repository) -> Self {
        let mut settings = vec![
            // A server that says nothing for so long says nothing any more.
            ("http.lowSpeedLimit".to_owned(), Secret::new("1")),
            ("http.lowSpeedTime".to_owned(), Secret::new("60")),
        ];
        let mut url = repository.url.clone();
        let mut secret = None;
        if let Some((scheme, host, login)) = login(&repository.url) {
            url = repository.shown();
            let plain = percent_decode_str(login).decode_utf8_lossy();
            let header = format!("Authorization: Basic {}", STANDARD.encode(plain.as_bytes()));
            let key = format!("http.{scheme}://{host}/.extraHeader");
            settings.push((key, Secret::new(header)));
            secret = Some(format!("{login}@"));
        }
        Self {
            folder,
            url,
            settings,
            secret,
        }
    }

    /// Fetches what is asked for, and gives the name it has here.
    async fn fetch(&self, reference: Option<&str>) -> io::Result<String> {
        let wanted = reference.unwrap_or("HEAD");
        let shallow = ["fetch", "--quiet", "--depth=1", "origin", wanted];
        match self.run(&shallow).await {
            Ok(()) => return Ok(FETCHED.to_owned()),
            Err(error) if !gives_more(&error) => return Err(error),
            Err(_) => {}
        }
        let Err(error) = self.run(&["fetch", "--quiet", "origin", wanted]).await else {
            return Ok(FETCHED.to_owned());
        };
        let is_commit = wanted.len() >= 7 && wanted.chars().all(|c| c.is_ascii_hexdigit());
        if !is_commit || !gives_more(&error) {
            return Err(error);
        }
        let all = ["fetch", "--quiet", "origin", "+refs/*:refs/all/*"];
        self.run(&all).await?;
        Ok(wanted.to_owned())
    }

    async fn fetch_submodules(&self) -> io::Result<()> {
        let update = ["submodule", "update", "--quiet", "--init", "--recursive"];
        let shallow = [update.as_slice(), &["--depth=1"]].concat();
        match self.run(&shallow).await {
            Err(error) if gives_more(&error) => self.run(&update).await,
            outcome => outcome,
        }
    }

    async fn run(&self, arguments: &[&str]) -> io::Result<()> {
        let mut command = Command::new("git");
        command
            .arg("-C")
            .arg(self.folder)
            .args(arguments)
            .env("LC_ALL", "C")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("SSH_ASKPASS", "false")
            .env("SSH_ASKPASS_REQUIRE", "force")
            .stdin(Stdio::null())
            .kill_on_drop(true);
        for name in OF_ANOTHER_REPOSITORY {
            command.env_remove(name);
        }
        // Settings that the environment has already stay.
        let count = std::env::var("GIT_CONFIG_COUNT").ok();
        let count: usize = count.and_then(|count| count.parse().ok()).unwrap_or(0);
        for (number, (key, value)) in (count..).zip(&self.settings) {
            command.env(format!("GIT_CONFIG_KEY_{number}"), key);
            command.env(format!("GIT_CONFIG_VALUE_{number}"), value.expose());
        }
        let count = count + self.settings.len();
        command.env("GIT_CONFIG_COUNT", count.to_string());
        let output = command.output().await.map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => io::Error::new(
                error.kind(),
                "it is a Git repository, and `git` is not installed on this machine",
            ),
            _ => error,
        })?;
        match output.status.success() {
            true => Ok(()),
            false => Err(self.failure(&output.stderr)),
        }
    }

    /// The last lines of what Git said: the cause often stands before `fatal:`.
    fn failure(&self, stderr: &[u8]) -> io::Error {
        let mut said = String::from_utf8_lossy(stderr).into_owned();
        if let Some(secret) = &self.secret {
            said = said.replace(secret, "");
        }
        let lines: Vec<&str> = said.lines().filter(|line| !line.is_empty()).collect();
        let last = lines
            .get(lines.len().saturating_sub(3)..)
            .unwrap_or_default();
        io::Error::other(format!("git says of {}: {}", self.url, last.join("; ")))
    }
}

fn gives_more(error: &io::Error) -> bool {
    let said = error.to_string();
    GIVES_MORE.iter().any(|words| said.contains(words))
}

/// Scheme, host and login of a URL over HTTP that has a login.
fn login(url: &str) -> Option<(&str, &str, &str)> {
    let (scheme, rest) = url.split_once("://")?;
    let (authority, _) = rest.split_once('/')?;
    let (login, host) = authority.rsplit_once('@')?;
    scheme.starts_with("http").then_some((scheme, host, login))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_neither_an_argument_nor_a_message() {
        let repository = Repository {
            url: "https://me:hunter%32@host/a.git".to_owned(),
            reference: None,
            folder: String::new(),
        };
        let git = Git::new(Path::new("."), &repository);
        assert_eq!(git.url, "https://host/a.git");
        let (key, value) = git.settings.last().unwrap();
        assert_eq!(key, "http.https://host/.extraHeader");
        // `me:hunter2`
        assert_eq!(value.expose(), "Authorization: Basic bWU6aHVudGVyMg==");
        let said = b"fatal: clone of 'https://me:hunter%32@host/b.git' failed\n";
        let told = git.failure(said).to_string();
        assert!(
            told.ends_with("clone of 'https://host/b.git' failed"),
            "{told}"
        );
    }

    #[test]
    fn a_user_of_ssh_stays() {
        assert_eq!(login("ssh://git@host/a.git"), None);
        assert_eq!(login("https://host/a.git"), None);
    }
}
