//! The files of an export: those that are made, and those of the project that it takes along.
//!
//! What lies in the project is copied to `project/`, at the same place as in the project, so that
//! the export can be carried to another machine. What lies outside stays where it is, which is said.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::stack::Part;
use crate::diagnostic::Diagnostic;
use crate::secret::SecretBytes;
use crate::workload::model::{FileContent, FileMount};

/// Where copies of the project's files lie.
pub const PROJECT: &str = "project";
/// Where files lie that are in no file of the project, such as the text of a Compose `config`.
/// The folder is its owner's alone: they may be secrets that some user of a container must read.
pub const MADE: &str = "files";

const PRIVATE: u32 = 0o600;
const PUBLIC: u32 = 0o644;

/// A file that is written. Paths are relative to the export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    pub path: PathBuf,
    pub content: SecretBytes,
    pub mode: u32,
}

impl File {
    /// Readable for its owner alone.
    #[must_use]
    pub fn private(path: impl Into<PathBuf>, text: impl Into<Vec<u8>>) -> Self {
        Self::with_mode(path, text, PRIVATE)
    }

    #[must_use]
    pub fn public(path: impl Into<PathBuf>, text: impl Into<Vec<u8>>) -> Self {
        Self::with_mode(path, text, PUBLIC)
    }

    fn with_mode(path: impl Into<PathBuf>, text: impl Into<Vec<u8>>, mode: u32) -> Self {
        Self {
            path: path.into(),
            content: SecretBytes::new(text),
            mode,
        }
    }

    #[must_use]
    pub fn is_private(&self) -> bool {
        self.mode == PRIVATE
    }
}

/// A file or folder of the project that is taken along.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    pub from: PathBuf,
    /// Whether the rules of its `.dockerignore` hold.
    pub is_context: bool,
}

/// Gathers the files of an export.
pub struct Files<'a> {
    /// Absolute folder of the project.
    root: &'a Path,
    /// Tells whether a text holds a secret.
    is_secret: &'a dyn Fn(&str) -> bool,
    pub made: Vec<File>,
    /// By their place in the export.
    pub copied: BTreeMap<PathBuf, Copied>,
    /// Folders that are there, empty.
    pub folders: BTreeSet<PathBuf>,
    pub diagnostics: Vec<Diagnostic>,
}

impl<'a> Files<'a> {
    #[must_use]
    pub fn new(root: &'a Path, is_secret: &'a dyn Fn(&str) -> bool) -> Self {
        Self {
            root,
            is_secret,
            made: Vec::new(),
            copied: BTreeMap::new(),
            folders: BTreeSet::new(),
            diagnostics: Vec::new(),
        }
    }

    /// Whether a text holds a secret.
    #[must_use]
    pub fn is_secret(&self, text: &str) -> bool {
        (self.is_secret)(text)
    }

    /// Where the export finds what lies at `host`, which `part` mounts: relative to the export, or
    /// absolute where it is not taken along.
    pub fn mounted(&mut self, part: &Part, host: &Path, read_only: bool) -> PathBuf {
        let Some(place) = self.place(host) else {
            if !host.starts_with("/var/run") && !host.starts_with("/run") {
                self.stays(part, host);
            }
            return host.to_path_buf();
        };
        match std::fs::metadata(host) {
            Ok(found) if found.is_dir() && !read_only => self.may_change(part, host),
            Ok(_) => {}
            Err(_) => {
                self.folders.insert(place.clone());
                return place;
            }
        }
        self.copy(place.clone(), host, false);
        place
    }

    /// Where the export finds the folder or file that a build reads.
    pub fn for_build(&mut self, part: &Part, host: &Path, is_context: bool) -> PathBuf {
        match self.place(host) {
            Some(place) => {
                self.copy(place.clone(), host, is_context);
                place
            }
            None => {
                self.stays(part, host);
                host.to_path_buf()
            }
        }
    }

    /// Where the export finds the content of a secret or config of `part`.
    pub fn content(&mut self, part: &Part, file: &FileMount) -> PathBuf {
        let text = match &file.content {
            FileContent::Path(path) => return self.mounted(part, path, true),
            FileContent::Inline(text) => text.expose(),
        };
        if (file.uid, file.gid) != (0, 0) {
            let why =
                "the file belongs to whoever runs the export; change its owner where that matters";
            let lost = part.lost(&format!("owner of {}", file.target), why);
            self.diagnostics.push(lost);
        }
        let path = Path::new(MADE).join(&part.key);
        let path = path.join(file.target.trim_start_matches('/'));
        let mode = match (self.is_secret)(text) {
            // Root reads the steps of poststack; who reads others is not known. Their folder is
            // private.
            true if part.place.is_none() => PRIVATE,
            _ => file.mode,
        };
        self.made.push(File::with_mode(path.clone(), text, mode));
        path
    }

    /// A folder of the export with these files, for a volume that is made of them.
    pub fn folder(&mut self, name: &str, files: &[crate::workload::model::VolumeFile]) -> PathBuf {
        let folder = Path::new(MADE).join(name);
        for file in files {
            let bytes = file.content.expose().to_vec();
            let made = File::with_mode(folder.join(&file.path), bytes, file.mode);
            self.made.push(made);
        }
        self.folders.insert(folder.clone());
        folder
    }

    /// The place in the export of what lies in the project.
    fn place(&self, host: &Path) -> Option<PathBuf> {
        let inside = host.strip_prefix(self.root).ok()?;
        Some(Path::new(PROJECT).join(inside))
    }

    fn copy(&mut self, place: PathBuf, from: &Path, is_context: bool) {
        let copied = self.copied.entry(place).or_insert_with(|| Copied {
            from: from.to_path_buf(),
            is_context,
        });
        // Mounted as well as built from: all of it is needed.
        copied.is_context &= is_context;
    }

    fn stays(&mut self, part: &Part, host: &Path) {
        let path = host.display();
        let why = "it lies outside the project; the export refers to it where it is";
        self.diagnostics.push(part.lost(&format!("{path}"), why));
    }

    fn may_change(&mut self, part: &Part, host: &Path) {
        let path = host.strip_prefix(self.root).unwrap_or(host).display();
        let message = format!(
            "`{}` may write to `{path}`: the export holds a copy as it is now",
            part.key
        );
        let warning = Diagnostic::warning(message)
            .help("a volume keeps data apart; a mount that is only read says so with `:ro`");
        self.diagnostics.push(match &part.place {
            Some(place) => warning.at_place(place.clone()),
            None => warning,
        });
    }
}

/// How a document refers to a place in the export.
#[must_use]
pub fn reference(place: &Path) -> String {
    match place.is_absolute() {
        true => place.to_string_lossy().into_owned(),
        false => format!("./{}", place.display()),
    }
}
