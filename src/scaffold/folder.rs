//! New files beside what a folder holds: what becomes of each, and writing them. A file is whole or
//! absent at any moment, nothing is written where one of them cannot be, and nothing outside the folder.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::files::NewFile;
use super::numbering;
use super::project::configuration;
use crate::environment::project::{FILE_NAME, FILE_NAMES};
use crate::environment::{Failure, Kind};
use crate::state::{is_refused, make_writable};

/// What becomes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    Written,
    Replaced,
    /// It gets the lines that it lacks.
    Extended,
    Kept,
    /// It is what would be written.
    Same,
}

impl Fate {
    fn is_write(self) -> bool {
        !matches!(self, Self::Kept | Self::Same)
    }
}

/// A file with what becomes of it; its text is the one to write.
#[derive(Debug, Clone)]
pub struct Decided {
    pub file: NewFile,
    pub fate: Fate,
}

/// Looks at `root` what is there already. With `force` it is replaced, lists of ignored files
/// excepted.
///
/// # Errors
/// A path is taken by something that is no file, leads out of `root`, or cannot be read.
pub fn decide(root: &Path, files: Vec<NewFile>, force: bool) -> Result<Vec<Decided>, Failure> {
    is_folder(root, root)?;
    let existing = names(&root.join(numbering::FOLDER));
    let files = numbering::after(files, &existing, jiff::Timestamp::now());
    let configuration = configuration(root).unwrap_or(FILE_NAME);
    let decided = files.into_iter().map(|mut file| {
        if file.path == FILE_NAME {
            file.path = configuration.to_owned();
        }
        for folder in Path::new(&file.path).ancestors().skip(1) {
            is_folder(&root.join(folder), folder)?;
        }
        let decided = decide_one(root, file, force)?;
        if decided.fate.is_write() {
            is_within(root, Path::new(&decided.file.path))?;
        }
        Ok(decided)
    });
    decided.collect()
}

/// That `path` is a folder, or nothing.
fn is_folder(path: &Path, shown: &Path) -> Result<(), Failure> {
    match std::fs::metadata(path) {
        Ok(metadata) if !metadata.is_dir() => Err(in_the_way(shown, ("file", "folder"))),
        _ => Ok(()),
    }
}

/// That no link to a folder leads what is written at `path` out of `root`.
fn is_within(root: &Path, path: &Path) -> Result<(), Failure> {
    let real = |path: &Path| std::fs::canonicalize(path).ok();
    let leads_out = |folder: &&Path| {
        let target = real(&root.join(folder));
        target.is_some_and(|target| real(root).is_some_and(|root| !target.starts_with(root)))
    };
    match path.ancestors().skip(1).find(leads_out) {
        Some(folder) => Err(in_the_way(folder, ("link out of the project", "folder"))),
        None => Ok(()),
    }
}

fn in_the_way(shown: &Path, (found, needed): (&str, &str)) -> Failure {
    let shown = shown.display();
    let message = format!("`{shown}` is a {found}, and a {needed} is needed there");
    Failure::new(Kind::Failed, message).hint("move it away; nothing was written")
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    names
}

fn decide_one(root: &Path, file: NewFile, force: bool) -> Result<Decided, Failure> {
    let path = root.join(&file.path);
    if path.is_dir() {
        return Err(in_the_way(Path::new(&file.path), ("folder", "file")));
    }
    if std::fs::symlink_metadata(&path).is_err() {
        let fate = Fate::Written;
        return Ok(Decided { file, fate });
    }
    if file.is_list {
        let there = fs_err::read_to_string(&path).map_err(not_written)?;
        return Ok(extended(file, &there));
    }
    let is_same = || std::fs::read(&path).is_ok_and(|there| there == file.text.as_bytes());
    let fate = match force {
        _ if is_same() => Fate::Same,
        true => Fate::Replaced,
        false => Fate::Kept,
    };
    Ok(Decided { file, fate })
}

/// The list that is `there` with the lines of `file` that it lacks.
fn extended(file: NewFile, there: &str) -> Decided {
    // `logs`, `/logs` and `logs/` ignore the same folder of the project.
    let bare = |line: &str| line.trim().trim_matches('/').to_owned();
    let known: Vec<String> = there.lines().map(bare).collect();
    let is_rule = |line: &&str| !line.is_empty() && !line.starts_with('#');
    let rules = file.text.lines().filter(is_rule);
    let missing: Vec<&str> = rules.filter(|line| !known.contains(&bare(line))).collect();
    if missing.is_empty() {
        let fate = Fate::Same;
        return Decided { file, fate };
    }
    let line_end = match there {
        "" => "",
        text if text.ends_with('\n') => "\n",
        _ => "\n\n",
    };
    let heading = file.text.lines().find(|line| line.starts_with('#'));
    let lines = heading.into_iter().chain(missing);
    let added: String = lines.map(|line| format!("{line}\n")).collect();
    let text = format!("{there}{line_end}{added}");
    Decided {
        file: NewFile { text, ..file },
        fate: Fate::Extended,
    }
}

/// Writes what shall be written, the configuration last: until it is there, the folder is no
/// project.
///
/// # Errors
/// The file system refuses one of them. Those before it are there, whole.
pub fn write(root: &Path, decided: &[Decided]) -> Result<(), Failure> {
    fs_err::create_dir_all(root).map_err(|error| refused(root, error))?;
    let root = &fs_err::canonicalize(root).map_err(not_written)?;
    let wanted = decided.iter().filter(|one| one.fate.is_write());
    let is_last = |one: &&Decided| FILE_NAMES.contains(&one.file.path.as_str());
    let (last, first): (Vec<_>, Vec<_>) = wanted.partition(is_last);
    for one in first.into_iter().chain(last) {
        let path = root.join(&one.file.path);
        if let Some(folder) = path.parent() {
            fs_err::create_dir_all(folder).map_err(|error| refused(&path, error))?;
        }
        put(root, &path, &one.file).map_err(|error| refused(&path, error))?;
    }
    Ok(())
}

/// Puts the file to its place in one step. What a link points to is replaced, not the link, unless
/// it points out of `root`.
fn put(root: &Path, path: &Path, file: &NewFile) -> std::io::Result<()> {
    let real = std::fs::canonicalize(path).ok();
    let real = real.filter(|real| real.starts_with(root));
    let path = real.unwrap_or_else(|| path.to_path_buf());
    let temporary = temporary(&path);
    let written = write_new(&temporary, file).and_then(|()| {
        if let Ok(metadata) = std::fs::symlink_metadata(&path)
            && metadata.is_file()
        {
            fs_err::set_permissions(&temporary, metadata.permissions())?;
        }
        fs_err::rename(&temporary, &path)
    });
    if written.is_err() {
        drop(std::fs::remove_file(&temporary));
    }
    written?;
    let folder = path.parent().unwrap_or(&path);
    fs_err::File::open(folder)?.sync_all()
}

fn temporary(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}.new", std::process::id()))
}

/// The umask of the user takes away what others may not do.
fn write_new(path: &Path, file: &NewFile) -> std::io::Result<()> {
    // Left by a process that was killed and had our process id.
    drop(std::fs::remove_file(path));
    let mode = if file.is_executable { 0o777 } else { 0o666 };
    let mut options = std::fs::OpenOptions::new();
    let options = options.write(true).create_new(true).mode(mode);
    let mut opened = options.open(path)?;
    opened.write_all(file.text.as_bytes())?;
    opened.sync_all()
}

/// As [`not_written`], for what has its place at `path`: the folder that is there may be closed.
pub(super) fn refused(path: &Path, error: std::io::Error) -> Failure {
    let folder = path.ancestors().skip(1).find(|folder| folder.is_dir());
    let folder = folder.filter(|_| is_refused(error.kind()));
    let failure = not_written(error);
    match folder {
        Some(folder) => failure.hint(make_writable(folder)),
        None => failure,
    }
}

fn not_written(error: std::io::Error) -> Failure {
    Failure::new(Kind::Failed, "The files were not written").because(error)
}
