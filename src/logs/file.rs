//! One log file: every line is appended by one call, so that several processes may write at the same
//! time, and a file that has grown is put aside.
//!
//! A file has at most [`MOST_BYTES`] (and the line that went over them); [`KEPT`] older ones are kept
//! beside it as `.1`, the newest, to `.3`.

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, OFlags, flock};

/// Size at which a file is put aside, in bytes.
pub const MOST_BYTES: u64 = 4 * 1024 * 1024;
/// How many older files are kept of each.
pub const KEPT: u32 = 3;

const PRIVATE_FILE: u32 = 0o600;
const PRIVATE_FOLDER: u32 = 0o700;

/// An open log file.
#[derive(Debug)]
pub struct LogFile {
    path: PathBuf,
    file: File,
    /// Bytes in it, as far as is known: others may write too.
    bytes: u64,
}

impl LogFile {
    /// Opens `name` in `folder`; makes both.
    ///
    /// # Errors
    /// The file cannot be made or written.
    pub fn open(folder: &Path, name: &Path) -> io::Result<Self> {
        let path = folder.join(name);
        let (file, bytes) = match append(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                make_folders(folder, name)?;
                append(&path)?
            }
            opened => opened?,
        };
        Ok(Self { path, file, bytes })
    }

    /// Appends whole lines.
    ///
    /// # Errors
    /// They cannot be written.
    pub fn write(&mut self, text: &str) -> io::Result<()> {
        if self.bytes >= MOST_BYTES {
            self.renew()?;
        }
        self.file.write_all(text.as_bytes())?;
        self.bytes += text.len() as u64;
        Ok(())
    }

    /// Puts the file aside, unless another process has done so already, and begins a new one.
    fn renew(&mut self) -> io::Result<()> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let lock = File::open(folder)?;
        // Given back when it is closed.
        flock(&lock, FlockOperation::LockExclusive)?;
        let mine = self.file.metadata()?;
        let now = std::fs::metadata(&self.path);
        let is_mine = now.is_ok_and(|now| (now.dev(), now.ino()) == (mine.dev(), mine.ino()));
        if is_mine && mine.len() >= MOST_BYTES {
            for number in (1..KEPT).rev() {
                rename(&aside(&self.path, number), &aside(&self.path, number + 1))?;
            }
            rename(&self.path, &aside(&self.path, 1))?;
        }
        (self.file, self.bytes) = append(&self.path)?;
        Ok(())
    }
}

fn aside(path: &Path, number: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number}"));
    PathBuf::from(name)
}

/// One that is not there is fine.
fn rename(from: &Path, to: &Path) -> io::Result<()> {
    match std::fs::rename(from, to) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The file and its size. A symbolic link in its place is not followed.
fn append(path: &Path) -> io::Result<(File, u64)> {
    let no_follow = i32::try_from(OFlags::NOFOLLOW.bits()).unwrap_or_default();
    let file = OpenOptions::new()
        .append(true)
        .create(true)
        .mode(PRIVATE_FILE)
        .custom_flags(no_follow)
        .open(path)?;
    let metadata = file.metadata()?;
    if metadata.mode() & 0o077 != 0 {
        file.set_permissions(Permissions::from_mode(PRIVATE_FILE))?;
    }
    Ok((file, metadata.len()))
}

/// Makes the folder of logs, ignored by Git, and the one in it that `name` is in. One that is there
/// is left as it is: it may be somebody else's as well.
fn make_folders(folder: &Path, name: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.mode(PRIVATE_FOLDER);
    if !folder.is_dir() {
        builder.recursive(true).create(folder)?;
        std::fs::write(folder.join(".gitignore"), "*\n")?;
    }
    match folder.join(name).parent() {
        Some(inner) => builder.recursive(true).create(inner),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_has_grown_is_put_aside_and_the_oldest_goes() {
        let folder = tempfile::tempdir().unwrap();
        let logs = folder.path().join("logs");
        let name = Path::new("database/a.log");
        let mut one = LogFile::open(&logs, name).unwrap();
        let mut other = LogFile::open(&logs, name).unwrap();
        let megabyte = format!("{}\n", "x".repeat(1024 * 1024 - 1));
        for _ in 0..40 {
            one.write(&megabyte).unwrap();
        }
        other.write("late\n").unwrap();
        let mut names: Vec<String> = std::fs::read_dir(logs.join("database"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names, ["a.log", "a.log.1", "a.log.2", "a.log.3"]);
        for name in names {
            let metadata = std::fs::metadata(logs.join("database").join(name)).unwrap();
            assert!(metadata.len() <= MOST_BYTES);
            assert_eq!(metadata.mode() & 0o777, 0o600);
        }
        assert_eq!(std::fs::metadata(&logs).unwrap().mode() & 0o777, 0o700);
        assert_eq!(
            std::fs::read_to_string(logs.join(".gitignore")).unwrap(),
            "*\n"
        );
    }

    #[test]
    fn threads_that_write_and_put_aside_at_the_same_time_lose_no_line() {
        let folder = tempfile::tempdir().unwrap();
        let logs = folder.path().to_path_buf();
        let name = Path::new("a.log");
        let line = |thread: u32, number: u32| format!("{thread} {number} {}\n", "x".repeat(9_000));
        let writers = (0..4).map(|thread| {
            let logs = logs.clone();
            std::thread::spawn(move || {
                let mut log = LogFile::open(&logs, name).unwrap();
                for number in 0..300 {
                    log.write(&line(thread, number)).unwrap();
                }
            })
        });
        let writers: Vec<_> = writers.collect();
        for writer in writers {
            writer.join().unwrap();
        }
        let mut found = 0;
        for entry in std::fs::read_dir(&logs).unwrap() {
            let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
            for line in text.lines() {
                assert!(line.ends_with("xxx") && line.len() > 9_000, "half a line");
                found += 1;
            }
        }
        assert_eq!(found, 4 * 300);
    }

    #[test]
    fn a_symbolic_link_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let foreign = folder.path().join("foreign");
        std::fs::write(&foreign, "").unwrap();
        std::os::unix::fs::symlink(&foreign, folder.path().join("a.log")).unwrap();
        assert!(LogFile::open(folder.path(), Path::new("a.log")).is_err());
    }
}
