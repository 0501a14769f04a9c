//! An export on disk: the only part of this module that writes. Nothing is written outside the output:
//! a link that was there and leads out of it gives way.

use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::files::{File, MADE};
use super::{Copied, Export};
use crate::engine::Ignore;
use crate::environment::project::FILE_NAMES;
use crate::environment::{Failure, Kind};

/// What poststack keeps for itself beside the configuration.
const STATE: &str = ".poststack";
const PRIVATE_FOLDER: u32 = 0o700;

/// What was written, for the end of the command.
#[derive(Debug, Clone, Serialize)]
pub struct Written {
    pub output: PathBuf,
    /// Documents and files that were made, relative to the output.
    pub files: Vec<PathBuf>,
    /// Files and folders of the project that were copied, relative to the output.
    pub copied: Vec<PathBuf>,
    /// What only its owner can read.
    pub private: Vec<PathBuf>,
    /// The commands that build images which no registry has, in the folder.
    pub builds: Vec<String>,
    /// The commands that run it, in the folder.
    pub run: Vec<String>,
}

/// Writes the export into `output`, which must be empty or absent unless `force` is given; then
/// what is there is written over, but nothing that the export is made from.
///
/// # Errors
/// The folder is not empty or the project's own, or something cannot be read or written.
pub fn write(export: &Export, output: &Path, force: bool) -> Result<Written, Failure> {
    must_be_free(output, force)?;
    must_be_apart(export, output)?;
    let failed = |error: io::Error| {
        let message = format!("The export could not be written to {}", output.display());
        Failure::new(Kind::Failed, message).because(error)
    };
    all(export, output).map_err(failed)?;
    let made = || export.documents.iter().chain(&export.files);
    let private = made().filter(|file| file.is_private());
    let mut files: Vec<PathBuf> = made().map(|file| file.path.clone()).collect();
    files.sort();
    files.dedup();
    Ok(Written {
        output: output.to_path_buf(),
        copied: export.copied_beside(&files),
        files,
        private: private.map(|file| file.path.clone()).collect(),
        builds: export.builds.clone(),
        run: export.run.clone(),
    })
}

/// # Errors
/// `output` is a file, or a folder that holds something.
fn must_be_free(output: &Path, force: bool) -> Result<(), Failure> {
    let mut entries = match std::fs::read_dir(output) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => {
            let message = format!("{} is no folder to write to", output.display());
            return Err(Failure::new(Kind::Usage, message).because(error));
        }
    };
    if force || entries.next().is_none() {
        return Ok(());
    }
    let message = format!("{} is not empty; nothing was written", output.display());
    let failure = Failure::new(Kind::Usage, message);
    Err(failure.hint("name another folder, or add --force to write over what is in it"))
}

/// # Errors
/// `output` is the folder of the project, or a file would take the place of one it is made from.
fn must_be_apart(export: &Export, output: &Path) -> Result<(), Failure> {
    let refused = |message: String| {
        let failure = Failure::new(Kind::Usage, message);
        Err(failure.hint("name a folder of its own; nothing was written"))
    };
    let is_same = |one: &Path, other: &Path| {
        let real = std::fs::canonicalize(one);
        real.is_ok_and(|real| std::fs::canonicalize(other).is_ok_and(|other| real == other))
    };
    if is_same(output, &export.root) {
        let output = output.display();
        return refused(format!("{output} is the folder of the project itself"));
    }
    for file in export.documents.iter().chain(&export.files) {
        let path = output.join(&file.path);
        if export.sources.iter().any(|source| is_same(&path, source)) {
            let path = path.display();
            return refused(format!("{path} is one of the files that are read"));
        }
    }
    Ok(())
}

fn all(export: &Export, output: &Path) -> io::Result<()> {
    fs_err::create_dir_all(output)?;
    let output = &fs_err::canonicalize(output)?;
    if export.files.iter().any(|file| file.path.starts_with(MADE)) {
        // Before anything is in it.
        let made = output.join(MADE);
        make_folder(&made, output)?;
        fs_err::set_permissions(made, PermissionsExt::from_mode(PRIVATE_FOLDER))?;
    }
    for (place, copied) in &export.copied {
        copy(copied, &output.join(place), (&export.root, output))?;
    }
    for folder in &export.folders {
        make_folder(&output.join(folder), output)?;
    }
    for file in export.files.iter().chain(&export.documents) {
        put(output, file)?;
    }
    Ok(())
}

/// Makes `folder`, which lies in `output`, a real path.
fn make_folder(folder: &Path, output: &Path) -> io::Result<()> {
    let below = folder.ancestors().take_while(|one| *one != output);
    let below: Vec<&Path> = below.collect();
    for one in below.into_iter().rev() {
        let stays = std::fs::canonicalize(one).is_ok_and(|real| real.starts_with(output));
        if one.is_symlink() && !stays {
            fs_err::remove_file(one)?;
        }
    }
    fs_err::create_dir_all(folder)
}

/// Whole or absent, and never readable for others meanwhile.
pub(super) fn put(output: &Path, file: &File) -> io::Result<()> {
    let path = output.join(&file.path);
    let folder = path.parent().unwrap_or(output);
    make_folder(folder, output)?;
    let mut temporary = tempfile::NamedTempFile::new_in(folder)?;
    temporary.write_all(file.content.expose())?;
    let permissions = PermissionsExt::from_mode(file.mode);
    temporary.as_file().set_permissions(permissions)?;
    temporary.as_file().sync_all()?;
    temporary.persist(&path).map_err(|error| error.error)?;
    fs_err::File::open(folder)?.sync_all()
}

fn copy(copied: &Copied, to: &Path, (root, output): (&Path, &Path)) -> io::Result<()> {
    let ignore = match copied.is_context {
        true => Ignore::of(&copied.from)?,
        false => Ignore::default(),
    };
    let found = fs_err::metadata(&copied.from)?;
    if !found.is_dir() {
        return copy_file(&copied.from, to, output);
    }
    make_folder(to, output)?;
    let folder = Folder {
        ignore: &ignore,
        is_context: copied.is_context,
        root,
        output,
    };
    folder.walk(&copied.from, to, "")
}

/// A folder while it is copied.
struct Folder<'a> {
    ignore: &'a Ignore,
    /// No Dockerfile needs the configuration, which may hold secrets.
    is_context: bool,
    /// Absolute folder of the project.
    root: &'a Path,
    /// The export itself, a real path, which may lie in the project.
    output: &'a Path,
}

impl Folder<'_> {
    /// Copies what lies in `from`, which is `prefix` of the whole.
    fn walk(&self, from: &Path, to: &Path, prefix: &str) -> io::Result<()> {
        for entry in fs_err::read_dir(from)? {
            let entry = entry?;
            let name = entry.file_name();
            let path = match prefix {
                "" => name.to_string_lossy().into_owned(),
                prefix => format!("{prefix}/{}", name.to_string_lossy()),
            };
            let is_config = FILE_NAMES.iter().any(|one| name == *one);
            if name == STATE
                || is_config && self.is_context && from == self.root
                || fs_err::canonicalize(entry.path()).is_ok_and(|one| one == self.output)
            {
                continue;
            }
            let left_out = path != ".dockerignore" && self.ignore.leaves_out(&path);
            let kind = entry.file_type()?;
            let (source, target) = (entry.path(), to.join(&name));
            if kind.is_dir() {
                if !left_out {
                    make_folder(&target, self.output)?;
                    let mode = entry.metadata()?.permissions();
                    fs_err::set_permissions(&target, mode)?;
                }
                if !left_out || self.ignore.may_take_back_below(&path) {
                    self.walk(&source, &target, &path)?;
                }
            } else if !left_out && kind.is_symlink() {
                copy_link(&source, &target, self.output)?;
            } else if !left_out && kind.is_file() {
                copy_file(&source, &target, self.output)?;
            }
        }
        Ok(())
    }
}

fn copy_file(from: &Path, to: &Path, output: &Path) -> io::Result<()> {
    if let Some(folder) = to.parent() {
        make_folder(folder, output)?;
    }
    if to.is_symlink() {
        fs_err::remove_file(to)?;
    }
    fs_err::copy(from, to).map(drop)
}

fn copy_link(from: &Path, to: &Path, output: &Path) -> io::Result<()> {
    if let Some(folder) = to.parent() {
        make_folder(folder, output)?;
    }
    if std::fs::symlink_metadata(to).is_ok() {
        fs_err::remove_file(to)?;
    }
    let target = fs_err::read_link(from)?;
    fs_err::os::unix::fs::symlink(target, to)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::os::unix::fs::symlink;

    use super::*;

    fn empty() -> Export {
        Export {
            documents: Vec::new(),
            files: Vec::new(),
            copied: BTreeMap::new(),
            folders: BTreeSet::new(),
            builds: Vec::new(),
            run: Vec::new(),
            diagnostics: Vec::new(),
            root: PathBuf::from("/nowhere"),
            sources: Vec::new(),
        }
    }

    #[test]
    fn the_folder_of_secrets_is_private_before_anything_is_in_it() {
        let output = tempfile::tempdir().unwrap();
        let in_the_way = output.path().join(MADE).join("b");
        std::fs::create_dir_all(in_the_way.join("mine")).unwrap();
        let export = Export {
            files: vec![File::public(Path::new(MADE).join("b"), "secret")],
            ..empty()
        };
        write(&export, output.path(), true).unwrap_err();
        let made = std::fs::metadata(output.path().join(MADE)).unwrap();
        assert_eq!(made.permissions().mode() & 0o777, PRIVATE_FOLDER);
    }

    #[test]
    fn links_that_lead_out_of_the_output_give_way_and_what_they_point_to_stays() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        for made in ["foreign", "from/inner", "out/real"] {
            std::fs::create_dir_all(at(made)).unwrap();
        }
        std::fs::write(at("foreign/file"), "theirs").unwrap();
        std::fs::write(at("from/inner/file"), "copied").unwrap();
        for file in ["compose.yml", "single"] {
            symlink("../foreign/file", at("out").join(file)).unwrap();
        }
        for link in ["deploy", "project", "empty"] {
            symlink("../foreign", at("out").join(link)).unwrap();
        }
        symlink("real", at("out/within")).unwrap();
        let copied = |from: &str| Copied {
            from: at(from),
            is_context: false,
        };
        let documents = ["compose.yml", "deploy/app.yml", "within/app.yml"];
        let export = Export {
            documents: documents.map(|path| File::public(path, "made")).to_vec(),
            copied: [
                ("project".into(), copied("from")),
                ("single".into(), copied("from/inner/file")),
            ]
            .into(),
            folders: ["empty/folder".into()].into(),
            ..empty()
        };
        write(&export, &at("out"), true).unwrap();
        let read = |path: &str| std::fs::read_to_string(at(path)).unwrap();
        assert_eq!(read("foreign/file"), "theirs");
        assert_eq!(std::fs::read_dir(at("foreign")).unwrap().count(), 1);
        for path in ["out/compose.yml", "out/deploy/app.yml", "out/real/app.yml"] {
            assert_eq!(read(path), "made", "{path}");
        }
        for path in ["out/project/inner/file", "out/single"] {
            assert_eq!(read(path), "copied", "{path}");
        }
        assert!(at("out/empty/folder").is_dir());
    }
}
