//! The files of the database's image as `init` wrote them. As long as nobody has changed them, the
//! project's image is the shipped one under a name of its own, which takes no time to make.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use super::DOCKERFILE;
use crate::assets;
use crate::plan::spec::{BuildContext, ImageBuild};

/// The build that takes over the shipped image of this reference, where `folder` holds nothing but
/// its files; `paths` are those of the context.
///
/// # Errors
/// A file of the folder cannot be read.
pub(super) fn shipped(
    folder: &Path,
    paths: &[&str],
    reference: &str,
) -> io::Result<Option<ImageBuild>> {
    let Some(image) = assets::built_in_image(reference) else {
        return Ok(None);
    };
    let BuildContext::Files(files) = &image.build.context else {
        return Ok(None);
    };
    if !paths.iter().copied().eq(files.keys().map(String::as_str)) {
        return Ok(None);
    }
    for (path, (shipped, _)) in files {
        if fs_err::read(folder.join(path))? != *shipped {
            return Ok(None);
        }
    }
    let dockerfile = format!("FROM {reference}\n").into_bytes();
    Ok(Some(ImageBuild {
        context: BuildContext::Files(BTreeMap::from([(
            DOCKERFILE.to_owned(),
            (dockerfile, false),
        )])),
        dockerfile: DOCKERFILE.into(),
        ..ImageBuild::default()
    }))
}
