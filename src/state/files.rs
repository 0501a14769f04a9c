//! Small private files that are whole or absent: written beside their place, flushed, then put
//! there in one step, and the folder flushed after it.

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::StateError;

const PRIVATE_FILE: u32 = 0o600;
const PRIVATE_FOLDER: u32 = 0o700;

/// Makes `folder` (not its parents) readable for its owner only.
pub(super) fn ensure_private_folder(folder: &Path) -> Result<(), StateError> {
    let made = DirBuilder::new().mode(PRIVATE_FOLDER).create(folder);
    match made {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => {
            tighten(folder, PRIVATE_FOLDER);
            Ok(())
        }
        Err(source) => Err(StateError::Create {
            path: folder.to_path_buf(),
            source,
        }),
    }
}

/// The text of `path`, or `None` when there is no such file. Where `private`, a file that others may
/// read is made private again.
pub(super) fn read(path: &Path, private: bool) -> Result<Option<String>, StateError> {
    match std::fs::read(path) {
        Ok(bytes) => {
            if private {
                tighten(path, PRIVATE_FILE);
            }
            Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(StateError::Read {
            path: path.to_path_buf(),
            source,
        }),
    }
}

/// Puts a file with `text` at `path`, over an earlier one.
pub(super) fn replace(path: &Path, text: &str) -> Result<(), StateError> {
    write_beside(path, text)
        .and_then(|temporary| {
            std::fs::rename(&temporary, path).inspect_err(|_| discard(&temporary))
        })
        .and_then(|()| flush_folder_of(path))
        .map_err(|source| write_error(path, source))
}

/// Writes `text` to `path` for readers that can do with half of it, or with none.
pub(super) fn write_unflushed(path: &Path, text: &str) -> Result<(), StateError> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    let opened = options.mode(PRIVATE_FILE).open(path);
    opened
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|source| write_error(path, source))
}

/// Puts a file with `text` at `path`, unless one is there already. Of several processes that try
/// at once, one succeeds and gets `true`.
pub(super) fn create_once(path: &Path, text: &str) -> Result<bool, StateError> {
    let temporary = write_beside(path, text).map_err(|source| write_error(path, source))?;
    // A link, unlike a rename, fails when the name is taken.
    let linked = match std::fs::hard_link(&temporary, path) {
        // Some shared folders have no links; there only the environment's lock keeps others away.
        Err(error) if has_no_links(&error) => std::fs::rename(&temporary, path),
        linked => linked,
    };
    discard(&temporary);
    match linked.and_then(|()| flush_folder_of(path)) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(source) => Err(write_error(path, source)),
    }
}

fn has_no_links(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::PermissionDenied | io::ErrorKind::Unsupported
    )
}

/// Removes `path`; that it is not there is fine.
pub(super) fn remove(path: &Path) -> Result<(), StateError> {
    match std::fs::remove_file(path) {
        Ok(()) => flush_folder_of(path).map_err(|source| write_error(path, source)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(write_error(path, source)),
    }
}

/// Opens the file whose kernel lock is taken, making it when it is absent.
pub(super) fn open_lock_file(path: &Path) -> Result<File, StateError> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(PRIVATE_FILE)
        .open(path)
        .map_err(|source| write_error(path, source))
}

fn write_error(path: &Path, source: io::Error) -> StateError {
    StateError::Write {
        path: path.to_path_buf(),
        source,
    }
}

fn write_beside(path: &Path, text: &str) -> io::Result<PathBuf> {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    let number = COUNTER.fetch_add(1, Ordering::Relaxed);
    name.push(format!(".{}-{number}.tmp", std::process::id()));
    let temporary = path.with_file_name(name);
    // Left by a killed process that had our process id.
    discard(&temporary);
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(PRIVATE_FILE)
        .open(&temporary)?;
    file.write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .inspect_err(|_| discard(&temporary))?;
    Ok(temporary)
}

/// Best effort: what is left is private and never read.
fn discard(temporary: &Path) {
    let _ = std::fs::remove_file(temporary);
}

fn flush_folder_of(path: &Path) -> io::Result<()> {
    path.parent()
        .map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

/// Takes away the permissions of others. Best effort: a file of another owner stays as it is.
fn tighten(path: &Path, mode: u32) {
    let is_open =
        std::fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0);
    if is_open {
        let _ = std::fs::set_permissions(path, Permissions::from_mode(mode));
    }
}
