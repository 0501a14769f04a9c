//! A build context as a tar stream, written by a blocking thread piece by piece.

use std::fs::Metadata;
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use bytes::Bytes;
use futures_util::Stream;
use tar::{EntryType, Header};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::dockerfile::Dockerfile;
use super::ignore::Ignore;
use crate::plan::spec::{BuildContext, ImageBuild};
use crate::workload::model::FileContent;

/// Size of the pieces, in bytes.
const PIECE: usize = 64 * 1024;

/// How many pieces may wait for the engine.
const WAITING: usize = 4;

/// What a secret is called in the context, with its number behind it.
pub const SECRET: &str = ".poststack.secret-";

/// The stream, and the task that fills it: it tells what could not be read, and ends by itself
/// when the stream is dropped. `secrets` puts those of the build into it too, for Podman.
pub fn stream(
    build: &ImageBuild,
    dockerfile: &Dockerfile,
    secrets: bool,
) -> (
    impl Stream<Item = io::Result<Bytes>> + use<>,
    JoinHandle<io::Result<()>>,
) {
    let (sender, receiver) = mpsc::channel(WAITING);
    let context = build.context.clone();
    let foreign = dockerfile.is_foreign.then(|| {
        let path = dockerfile.path_in_context.clone();
        (path, dockerfile.text.clone())
    });
    let secrets: Vec<FileContent> = match secrets {
        true => build.secrets.values().cloned().collect(),
        false => Vec::new(),
    };
    let task = tokio::task::spawn_blocking(move || {
        let pieces = Pieces {
            sender,
            buffer: Vec::with_capacity(PIECE),
        };
        match write(pieces, &context, foreign, &secrets) {
            Ok(mut pieces) => pieces.flush(),
            Err((error, sender)) => {
                // Breaks the request off; the engine must not build half a context.
                let broken = io::Error::new(error.kind(), error.to_string());
                sender.blocking_send(Err(broken)).ok();
                Err(error)
            }
        }
    });
    let pieces = futures_util::stream::unfold(receiver, |mut receiver| async move {
        let piece = receiver.recv().await?;
        Some((piece, receiver))
    });
    (pieces, task)
}

type Sender = mpsc::Sender<io::Result<Bytes>>;

fn write(
    pieces: Pieces,
    context: &BuildContext,
    foreign: Option<(String, String)>,
    secrets: &[FileContent],
) -> Result<Pieces, (io::Error, Sender)> {
    let sender = pieces.sender.clone();
    let mut archive = tar::Builder::new(pieces);
    let written = match context {
        BuildContext::Folder(folder) => folder_entries(&mut archive, folder),
        BuildContext::Files(files) => files.iter().try_for_each(|(path, (content, executable))| {
            file_entry(&mut archive, path, content, *executable)
        }),
    };
    let added = written.and_then(|()| match foreign {
        None => Ok(()),
        Some((path, text)) => {
            file_entry(&mut archive, &path, text.as_bytes(), false)?;
            // Keeps the added files out of the image.
            let hidden = format!("{path}\n.dockerignore\n");
            file_entry(&mut archive, ".dockerignore", hidden.as_bytes(), false)
        }
    });
    let added = added.and_then(|()| {
        let mut each = secrets.iter().enumerate();
        each.try_for_each(|(number, secret)| {
            let content = match secret {
                FileContent::Inline(text) => text.expose().as_bytes().to_vec(),
                FileContent::Path(path) => fs_err::read(path)?,
            };
            file_entry(&mut archive, &format!("{SECRET}{number}"), &content, false)
        })
    });
    added
        .and_then(|()| archive.into_inner())
        .map_err(|error| (error, sender))
}

/// A file from memory; always the same bytes, so that the engine's layer cache holds.
fn file_entry(
    archive: &mut tar::Builder<Pieces>,
    path: &str,
    content: &[u8],
    executable: bool,
) -> io::Result<()> {
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::Regular);
    header.set_size(content.len() as u64);
    header.set_mode(if executable { 0o755 } else { 0o644 });
    header.set_mtime(0);
    archive.append_data(&mut header, path, content)
}

fn folder_entries(archive: &mut tar::Builder<Pieces>, folder: &Path) -> io::Result<()> {
    walk(archive, folder, "", &Ignore::of(folder)?)
}

/// Adds what lies in `folder`, sorted, under `prefix`.
fn walk(
    archive: &mut tar::Builder<Pieces>,
    folder: &Path,
    prefix: &str,
    ignore: &Ignore,
) -> io::Result<()> {
    let mut names = fs_err::read_dir(folder)?
        .map(|entry| Ok(entry?.file_name()))
        .collect::<io::Result<Vec<_>>>()?;
    names.sort();
    for name in names {
        let shown = name.to_string_lossy();
        let path = match prefix {
            "" => shown.into_owned(),
            prefix => format!("{prefix}/{shown}"),
        };
        // The rules are applied here; the builder must not apply them again.
        if path == ".dockerignore" {
            continue;
        }
        let source = folder.join(&name);
        let metadata = fs_err::symlink_metadata(&source)?;
        let left_out = ignore.leaves_out(&path);
        if !left_out {
            entry(archive, &source, &path, &metadata)?;
        }
        if metadata.is_dir() && (!left_out || ignore.may_take_back_below(&path)) {
            walk(archive, &source, &path, ignore)?;
        }
    }
    Ok(())
}

/// One file, folder or symbolic link, owned by root as with Docker; sockets and devices are none
/// of an image's business.
fn entry(
    archive: &mut tar::Builder<Pieces>,
    source: &Path,
    path: &str,
    metadata: &Metadata,
) -> io::Result<()> {
    let mut header = Header::new_gnu();
    header.set_mode(metadata.mode() & 0o7777);
    header.set_mtime(u64::try_from(metadata.mtime()).unwrap_or_default());
    header.set_uid(0);
    header.set_gid(0);
    header.set_size(0);
    let kind = metadata.file_type();
    if kind.is_symlink() {
        header.set_entry_type(EntryType::Symlink);
        archive.append_link(&mut header, path, fs_err::read_link(source)?)
    } else if kind.is_dir() {
        header.set_entry_type(EntryType::Directory);
        archive.append_data(&mut header, path, io::empty())
    } else if kind.is_file() {
        let size = metadata.len();
        header.set_entry_type(EntryType::Regular);
        header.set_size(size);
        // A file that changes while it is read must not shift the entries behind it.
        let content = fs_err::File::open(source)?.chain(io::repeat(0)).take(size);
        archive.append_data(&mut header, path, content)
    } else {
        Ok(())
    }
}

/// Collects what is written into pieces and hands them over, waiting while the engine is busy.
struct Pieces {
    sender: Sender,
    buffer: Vec<u8>,
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= PIECE {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let piece = std::mem::replace(&mut self.buffer, Vec::with_capacity(PIECE));
        self.sender
            .blocking_send(Ok(piece.into()))
            .map_err(|_closed| io::ErrorKind::BrokenPipe.into())
    }
}
