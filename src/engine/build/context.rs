//! A build context as a tar stream.

use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures_util::Stream;
use tar::{EntryType, Header};
use tokio::task::JoinHandle;

use super::dockerfile::Dockerfile;
use super::ignore::Ignore;
use crate::engine::archive::{self, Archive};
use crate::plan::spec::{BuildContext, ImageBuild};
use crate::workload::model::FileContent;

/// What an image is made of belongs to root, as with Docker.
const ROOT: (u32, u32) = (0, 0);

/// What a secret is called in the context, with its number behind it.
pub const SECRET: &str = ".poststack.secret-";

/// The stream, and the task that fills it: it tells what could not be read, and ends by itself
/// when the stream is dropped. `secrets` puts those of the build into it too, for Podman.
pub fn stream(
    build: &ImageBuild,
    dockerfile: &Dockerfile,
    secrets: bool,
) -> (
    impl Stream<Item = io::Result<Bytes>> + Send + use<>,
    JoinHandle<io::Result<()>>,
) {
    let context = build.context.clone();
    let leave_out = build.leave_out.clone();
    let foreign = dockerfile.is_foreign.then(|| {
        let path = dockerfile.path_in_context.clone();
        (path, dockerfile.text.clone())
    });
    let secrets: Vec<FileContent> = match secrets {
        true => build.secrets.values().cloned().collect(),
        false => Vec::new(),
    };
    archive::stream(move |archive| {
        write(archive, (&context, &leave_out), foreign)?;
        each_secret(archive, &secrets)
    })
}

fn write(
    archive: &mut Archive,
    (context, leave_out): (&BuildContext, &[PathBuf]),
    foreign: Option<(String, String)>,
) -> io::Result<()> {
    match context {
        BuildContext::Folder(folder) => {
            let ignore = Ignore::of(folder)?;
            walk(archive, folder, "", &Left { ignore, leave_out })?;
        }
        // It is fetched into a folder before.
        BuildContext::Repository(_) => {}
        BuildContext::Files(files) => {
            for (path, (content, executable)) in files {
                file_entry(archive, path, content, *executable)?;
            }
        }
    }
    let Some((path, text)) = foreign else {
        return Ok(());
    };
    file_entry(archive, &path, text.as_bytes(), false)?;
    // Keeps the added files out of the image.
    let hidden = format!("{path}\n.dockerignore\n");
    file_entry(archive, ".dockerignore", hidden.as_bytes(), false)
}

fn each_secret(archive: &mut Archive, secrets: &[FileContent]) -> io::Result<()> {
    let mut each = secrets.iter().enumerate();
    each.try_for_each(|(number, secret)| {
        let content = match secret {
            FileContent::Inline(text) => text.expose().as_bytes().to_vec(),
            FileContent::Path(path) => fs_err::read(path)?,
        };
        file_entry(archive, &format!("{SECRET}{number}"), &content, false)
    })
}

/// A file from memory; always the same bytes, so that the engine's layer cache holds.
fn file_entry(
    archive: &mut Archive,
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

/// What stays at home.
struct Left<'a> {
    ignore: Ignore,
    /// Absolute paths.
    leave_out: &'a [PathBuf],
}

/// Adds what lies in `folder`, sorted, under `prefix`.
fn walk(archive: &mut Archive, folder: &Path, prefix: &str, left: &Left<'_>) -> io::Result<()> {
    let ignore = &left.ignore;
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
        if left.leave_out.contains(&source) {
            continue;
        }
        let metadata = fs_err::symlink_metadata(&source)?;
        let left_out = ignore.leaves_out(&path);
        if !left_out {
            archive::add(archive, (&source, &metadata), &path, ROOT)?;
        }
        if metadata.is_dir() && (!left_out || ignore.may_take_back_below(&path)) {
            walk(archive, &source, &path, left)?;
        }
    }
    Ok(())
}
