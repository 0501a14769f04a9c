//! Images that a project describes itself: each folder with a Dockerfile below the setting
//! `project_containers_path`. That of the folder `postgres` replaces the shipped image of the
//! database.

mod needs;
mod unchanged;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use super::failure::{Failure, Kind};
use super::images::bases;
use crate::assets;
use crate::engine::Ignore;
use crate::names::ProjectName;
use crate::plan::database::OwnDatabaseImage;
use crate::plan::definition::sha256;
use crate::plan::identity::{CONTEXT_HASH, PROJECT, PROJECT_DIR};
use crate::plan::spec::{BuildContext, ImageBuild, Labels};
use crate::settings::{Origin, Settings, Value};
use crate::state;

pub(super) use needs::complete_images;
pub use needs::{check_ways, needs};

/// The file that makes a folder an image.
const DOCKERFILE: &str = "Dockerfile";
/// The folder of the image of the database.
pub const DATABASE: &str = "postgres";
/// The build argument of that image: the major version.
const VERSION_ARGUMENT: &str = "POSTGRES_VERSION";

/// An image of the project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnImage {
    /// The name of its folder.
    pub name: String,
    /// `{project}/{name}`
    pub reference: String,
    /// The context is the folder of the project.
    pub build: ImageBuild,
}

impl OwnImage {
    /// Whether `reference` means this image, as `FROM` or `image:` write it.
    #[must_use]
    pub fn is_meant_by(&self, reference: &str) -> bool {
        let name = reference.strip_suffix(":latest").unwrap_or(reference);
        name.strip_prefix("localhost/").unwrap_or(name) == self.reference
    }
}

/// Every image of the project but the one of the database, by name. None where there is no folder.
///
/// # Errors
/// The folder cannot be read, or a folder in it has a name that no image can have.
pub fn own_images(settings: &Settings) -> Result<Vec<OwnImage>, Failure> {
    let setting = &settings.project_containers_path;
    let names = names(setting).map_err(|error| {
        let failure = unreadable(&setting.value, settings, error);
        let message = format!("{} ({})", failure.message, setting.origin);
        failure.saying(message)
    })?;
    let names = names.into_iter().filter(|name| name != DATABASE);
    names.map(|name| own_image(settings, name)).collect()
}

/// The folders in that of `setting` that have a Dockerfile, sorted. A folder that somebody has named
/// has to be there.
fn names(setting: &Value<PathBuf>) -> io::Result<Vec<String>> {
    let entries = match std::fs::read_dir(&setting.value) {
        Ok(entries) => entries,
        Err(error)
            if error.kind() == io::ErrorKind::NotFound && setting.origin == Origin::Default =>
        {
            return Ok(Vec::new());
        }
        Err(error) => return Err(error),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry?;
        if entry.path().join(DOCKERFILE).is_file() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

fn own_image(settings: &Settings, name: String) -> Result<OwnImage, Failure> {
    let dockerfile = { &settings.project_containers_path.value }
        .join(&name)
        .join(DOCKERFILE);
    check_name(&name, &shown(&dockerfile, settings))?;
    let reference = reference(&settings.project, &name)?;
    Ok(OwnImage {
        build: ImageBuild {
            tags: vec![format!("{reference}:latest")],
            context: BuildContext::Folder(settings.root.clone()),
            dockerfile,
            labels: labels(settings),
            leave_out: folders_of_poststack(settings),
            ..ImageBuild::default()
        },
        name,
        reference,
    })
}

/// A part of a reference: <https://github.com/distribution/reference/blob/main/reference.go>.
fn check_name(name: &str, dockerfile: &Path) -> Result<(), Failure> {
    let is_end = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let is_inner = |c: char| is_end(c) || matches!(c, '_' | '-' | '.');
    if name.starts_with(is_end) && name.ends_with(is_end) && name.chars().all(is_inner) {
        return Ok(());
    }
    let message = format!(
        "`{}`: an image cannot be called `{name}`",
        dockerfile.display()
    );
    Err(Failure::new(Kind::Configuration, message).hint(format!(
        "rename its folder: lower-case letters, digits, and `-`, `_` or `.` between them, as in `{}`",
        crate::names::nearest(name)
    )))
}

fn reference(project: &ProjectName, name: &str) -> Result<String, Failure> {
    if project.as_str() != "poststack" {
        return Ok(format!("{project}/{name}"));
    }
    let message = format!("`poststack/{name}` would be one of the images that poststack ships");
    Err(Failure::new(Kind::Configuration, message)
        .hint("give the project another name: `project: { name: … }`"))
}

fn labels(settings: &Settings) -> Labels {
    let root = settings.root.to_string_lossy().into_owned();
    Labels::from([
        (PROJECT.to_owned(), settings.project.to_string()),
        (PROJECT_DIR.to_owned(), root),
    ])
}

/// What poststack itself keeps in a project: passwords and logs belong into no image, and what is
/// written meanwhile must not make the next build a new one.
#[must_use]
pub fn folders_of_poststack(settings: &Settings) -> Vec<PathBuf> {
    vec![
        settings.root.join(state::FOLDER),
        settings.log_dir.value.clone(),
    ]
}

/// The image of the database, where the project has one of its own; its context is its folder.
///
/// # Errors
/// A file of the context cannot be read.
pub fn own_database_image(
    settings: &Settings,
    version: u16,
) -> Result<Option<OwnDatabaseImage>, Failure> {
    let folder = settings.project_containers_path.value.join(DATABASE);
    if !folder.join(DOCKERFILE).is_file() {
        return Ok(None);
    }
    let reference = format!("{}:{version}", reference(&settings.project, DATABASE)?);
    let build = database_build(settings, &folder, (reference, version));
    let build = build.map_err(|error| unreadable(&folder, settings, error))?;
    let folder = shown(&folder, settings).display().to_string();
    Ok(Some(OwnDatabaseImage { folder, build }))
}

fn database_build(
    settings: &Settings,
    folder: &Path,
    (reference, version): (String, u16),
) -> io::Result<ImageBuild> {
    let files = context(folder)?;
    let paths: Vec<&str> = files.keys().map(String::as_str).collect();
    let shipped = format!("poststack/{DATABASE}:{version}");
    let shipped = unchanged::shipped(folder, &paths, &shipped)?;
    let version = Some(version.to_string().into());
    let mut build = shipped.unwrap_or_else(|| ImageBuild {
        context: BuildContext::Folder(folder.to_path_buf()),
        dockerfile: DOCKERFILE.into(),
        args: BTreeMap::from([(VERSION_ARGUMENT.to_owned(), version)]),
        ..ImageBuild::default()
    });
    build.tags = vec![reference];
    build.labels = labels(settings);
    let hash = hash(&files, &build);
    build.labels.insert(CONTEXT_HASH.to_owned(), hash);
    Ok(build)
}

/// The files of the context `folder`, each with what of it goes into an image.
fn context(folder: &Path) -> io::Result<BTreeMap<String, String>> {
    let mut files = BTreeMap::new();
    walk(folder, "", &Ignore::of(folder)?, &mut files)?;
    Ok(files)
}

/// Changes with every file of the context, and with the shipped images it is made from.
fn hash(files: &BTreeMap<String, String>, build: &ImageBuild) -> String {
    let mut lines: Vec<String> = build.tags.clone();
    lines.extend(files.iter().map(|(path, state)| format!("{path} {state}")));
    for base in bases(build) {
        let shipped = assets::built_in_image(&base);
        let hash = shipped.and_then(|image| image.build.labels.get(CONTEXT_HASH).cloned());
        lines.push(format!("from {base} {}", hash.unwrap_or_default()));
    }
    sha256(&lines.join("\n"))
}

fn walk(
    folder: &Path,
    prefix: &str,
    ignore: &Ignore,
    files: &mut BTreeMap<String, String>,
) -> io::Result<()> {
    for entry in fs_err::read_dir(folder)? {
        let name = entry?.file_name();
        let path = match prefix {
            "" => name.to_string_lossy().into_owned(),
            prefix => format!("{prefix}/{}", name.to_string_lossy()),
        };
        let source = folder.join(&name);
        let metadata = fs_err::symlink_metadata(&source)?;
        // The Dockerfile is sent even if it is left out.
        let left_out = ignore.leaves_out(&path) && path != DOCKERFILE;
        if metadata.is_dir() {
            if !left_out || ignore.may_take_back_below(&path) {
                walk(&source, &path, ignore, files)?;
            }
        } else if !left_out {
            let state = state_of(&source, &metadata)?;
            files.insert(path, state);
        }
    }
    Ok(())
}

/// What of a file goes into an image: its mode and its content.
fn state_of(path: &Path, metadata: &std::fs::Metadata) -> io::Result<String> {
    use std::os::unix::fs::MetadataExt;
    if metadata.is_symlink() {
        return Ok(format!("-> {}", fs_err::read_link(path)?.display()));
    }
    if !metadata.is_file() {
        return Ok(String::new());
    }
    let hash = crate::text::sha256_of(&fs_err::read(path)?);
    Ok(format!("{:o} {hash}", metadata.mode() & 0o7777))
}

fn shown(path: &Path, settings: &Settings) -> PathBuf {
    path.strip_prefix(&settings.root)
        .unwrap_or(path)
        .to_path_buf()
}

fn unreadable(folder: &Path, settings: &Settings, error: io::Error) -> Failure {
    let shown = shown(folder, settings);
    let message = format!("`{}` cannot be read", shown.display());
    Failure::new(Kind::Configuration, message).because(error)
}
