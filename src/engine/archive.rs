//! A tar archive as a stream, written by a blocking thread piece by piece: it never lies in memory
//! as a whole. Knows files and folders of the host, and nothing of what they are sent for.

use std::fs::Metadata;
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use bytes::Bytes;
use futures_util::Stream;
use tar::{EntryType, Header};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Size of the pieces, in bytes.
const PIECE: usize = 64 * 1024;

/// How many pieces may wait for the engine.
const WAITING: usize = 4;

/// An archive that is being written.
pub(super) type Archive = tar::Builder<Pieces>;

/// The stream of what `fill` writes, and the task that runs it: it tells what could not be read,
/// and ends by itself when the stream is dropped.
pub(super) fn stream<F>(
    fill: F,
) -> (
    impl Stream<Item = io::Result<Bytes>> + Send + use<F>,
    JoinHandle<io::Result<()>>,
)
where
    F: FnOnce(&mut Archive) -> io::Result<()> + Send + 'static,
{
    let (sender, receiver) = mpsc::channel(WAITING);
    let task = tokio::task::spawn_blocking(move || {
        let mut archive = tar::Builder::new(Pieces {
            sender: sender.clone(),
            buffer: Vec::with_capacity(PIECE),
        });
        let written = fill(&mut archive).and_then(|()| archive.into_inner());
        match written {
            Ok(mut pieces) => pieces.flush(),
            Err(error) => {
                // Breaks the request off; the engine must not take half an archive for a whole one.
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

/// Adds one file, folder or symbolic link of the host as `path`, which belongs to `owner`, user and
/// group; sockets and devices are passed over.
pub(super) fn add(
    archive: &mut tar::Builder<impl Write>,
    (source, metadata): (&Path, &Metadata),
    path: &str,
    (user, group): (u32, u32),
) -> io::Result<()> {
    let mut header = Header::new_gnu();
    header.set_mode(metadata.mode() & 0o7777);
    header.set_mtime(u64::try_from(metadata.mtime()).unwrap_or_default());
    header.set_uid(user.into());
    header.set_gid(group.into());
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
pub(super) struct Pieces {
    sender: mpsc::Sender<io::Result<Bytes>>,
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
