//! Where the images of an export come from: build contexts that need no poststack.

mod base;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::files::{File, Files};
use super::stack::{Part, Stack};
use crate::assets;
use crate::diagnostic::Diagnostic;
use crate::environment::bases;
use crate::plan::desired::{BUILT_IN_PREFIX, ImageSource};
use crate::plan::spec::{BuildContext, ImageBuild};
use crate::shell;

use base::{is_written_in, with_base};

/// Where the contexts of shipped images lie in an export.
const IMAGES: &str = "images";

/// What poststack tells itself of an image.
const OWN_LABELS: &str = "io.poststack.";

/// How an image is built in an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    pub build: ImageBuild,
    /// A place in the export, an absolute path, or the URL of a repository.
    pub context: String,
    /// Relative to the context, or absolute.
    pub dockerfile: PathBuf,
    pub dockerfile_inline: Option<String>,
}

impl Built {
    /// With the Dockerfile that a Compose file holds as a file of the export, for formats that have no
    /// word for it. A context outside the export cannot be told where that is.
    #[must_use]
    pub fn with_file(mut self, image: &str, files: &mut Files<'_>) -> Self {
        let BuildContext::Folder(_) = self.build.context else {
            return self;
        };
        let context = Path::new(&self.context);
        if context.is_absolute() {
            return self;
        }
        if let Some(text) = self.dockerfile_inline.take() {
            let path = Path::new(IMAGES).join(format!("{}.Dockerfile", file_name(image)));
            self.dockerfile = from_context(context, &path);
            let file = match files.is_secret(&text) {
                true => File::private(path, text),
                false => File::public(path, text),
            };
            files.made.push(file);
        }
        self
    }
}

/// The name of an image as part of a file's name.
pub fn file_name(image: &str) -> String {
    let letter = |c: char| match c.is_ascii_alphanumeric() || c == '.' || c == '-' {
        true => c,
        false => '-',
    };
    image.chars().map(letter).collect()
}

/// How the image of `part` is built; `None` where it is pulled.
pub fn built(stack: &Stack<'_>, part: &Part, files: &mut Files<'_>) -> Option<Built> {
    let image = &part.spec.image;
    let desired = stack.prepared.desired.images.get(image);
    match desired.map(|one| &one.source) {
        Some(ImageSource::Build(build, _)) => Some(from_project(part, build, files)),
        Some(ImageSource::Own(build)) => own(part, build, files),
        Some(ImageSource::Pull(..)) => None,
        _ if image.starts_with(BUILT_IN_PREFIX) => shipped(image, files),
        _ => None,
    }
}

/// The image of the database that the project describes; as long as its files are those of the
/// shipped one, that is built.
fn own(part: &Part, build: &ImageBuild, files: &mut Files<'_>) -> Option<Built> {
    match &build.context {
        BuildContext::Files(_) => shipped(bases(build).first()?, files),
        _ => Some(from_project(part, build, files)),
    }
}

/// The context of a shipped image.
fn shipped(reference: &str, files: &mut Files<'_>) -> Option<Built> {
    let mut build = assets::built_in_image(reference)?.build;
    let name = reference.trim_start_matches(BUILT_IN_PREFIX);
    let name = name.split(':').next().unwrap_or(name);
    build.labels.clear();
    let folder = Path::new(IMAGES).join(name);
    if let BuildContext::Files(texts) = &build.context {
        for (path, (content, _)) in texts {
            let text = String::from_utf8_lossy(content).into_owned();
            let text = match path.as_str() {
                "Dockerfile" => with_base(&text).unwrap_or(text),
                _ => text,
            };
            let file = File::public(folder.join(path), text);
            if !files.made.contains(&file) {
                files.made.push(file);
            }
        }
    }
    Some(Built {
        context: super::files::reference(&folder),
        dockerfile: "Dockerfile".into(),
        dockerfile_inline: None,
        build,
    })
}

fn from_project(part: &Part, build: &ImageBuild, files: &mut Files<'_>) -> Built {
    let (context, dockerfile) = match &build.context {
        BuildContext::Folder(folder) => {
            let place = files.for_build(part, folder, true);
            let dockerfile = match build.dockerfile_inline {
                Some(_) => build.dockerfile.clone(),
                None => {
                    let path = folder.join(&build.dockerfile);
                    self_contained(part, &path, (folder, &place), files)
                }
            };
            (super::files::reference(&place), dockerfile)
        }
        BuildContext::Repository(repository) => {
            let fragment = match (&repository.reference, repository.folder.as_str()) {
                (None, "") => String::new(),
                (Some(reference), "") => format!("#{reference}"),
                (reference, folder) => {
                    format!("#{}:{folder}", reference.as_deref().unwrap_or_default())
                }
            };
            let url = format!("{}{fragment}", repository.url);
            (url, build.dockerfile.clone())
        }
        BuildContext::Files(_) => (String::new(), build.dockerfile.clone()),
    };
    let inline = build.dockerfile_inline.clone();
    let mut build = build.clone();
    build.labels.retain(|name, _| !name.starts_with(OWN_LABELS));
    Built {
        context,
        dockerfile,
        dockerfile_inline: inline.map(|text| with_base(&text).unwrap_or(text)),
        build,
    }
}

/// Takes the Dockerfile along, with the shipped base written into it where it begins with that;
/// its path for the build.
fn self_contained(
    part: &Part,
    dockerfile: &Path,
    (folder, place): (&Path, &Path),
    files: &mut Files<'_>,
) -> PathBuf {
    let in_context = dockerfile.strip_prefix(folder).ok();
    let copy = files.for_build(part, dockerfile, false);
    let Ok(text) = std::fs::read_to_string(dockerfile) else {
        return in_context.map_or(copy, Path::to_path_buf);
    };
    if let Some(text) = with_base(&text).filter(|_| copy.is_relative()) {
        files.made.push(File::public(copy.clone(), text));
    }
    match in_context {
        Some(path) => path.to_path_buf(),
        None if copy.is_absolute() => copy,
        None => from_context(place, &copy),
    }
}

/// A place in the export as the build of the context at `place` finds it: paths of Dockerfiles start
/// there.
fn from_context(place: &Path, path: &Path) -> PathBuf {
    let place = place.strip_prefix(".").unwrap_or(place);
    let up = place.components().map(|_| "..").collect::<PathBuf>();
    up.join(path)
}

/// The images that those of the parts are made from and that no registry has, each after its own;
/// a shipped base is written into the Dockerfiles instead.
fn made_from(stack: &Stack<'_>, files: &mut Files<'_>) -> Vec<(String, Built)> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    for part in &stack.parts {
        let image = &part.spec.image;
        let desired = stack.prepared.desired.images.get(image);
        if let Some(ImageSource::Build(build, _) | ImageSource::Own(build)) =
            desired.map(|one| &one.source)
            && !matches!(build.context, BuildContext::Files(_))
        {
            let mut bases = Bases {
                stack,
                part,
                seen: &mut seen,
                found: &mut found,
            };
            bases.add(image, build, files);
        }
    }
    found
}

/// What the image of a part is made from, while it is gathered.
struct Bases<'a> {
    stack: &'a Stack<'a>,
    part: &'a Part,
    seen: &'a mut BTreeSet<String>,
    found: &'a mut Vec<(String, Built)>,
}

impl Bases<'_> {
    /// Adds what `build` makes `image` from. Under its own name, a registry's image is meant.
    fn add(&mut self, image: &str, build: &ImageBuild, files: &mut Files<'_>) {
        let others = bases(build).into_iter().filter(|base| base != image);
        for base in others {
            if !self.seen.insert(base.clone()) {
                continue;
            }
            let desired = self.stack.prepared.desired.images.get(&base);
            let built = match desired.map(|one| &one.source) {
                Some(ImageSource::Build(build, _)) => {
                    self.add(&base, build, files);
                    let built = from_project(self.part, build, files);
                    Some(built.with_file(&base, files))
                }
                _ if base.starts_with(BUILT_IN_PREFIX) && !is_written_in(&base) => {
                    shipped(&base, files)
                }
                _ => None,
            };
            self.found.extend(built.map(|built| (base, built)));
        }
    }
}

/// The commands that build what the images of the parts are made from, for formats that build
/// those themselves; each is a warning, since whoever runs the export has to know.
pub fn commands_first(stack: &Stack<'_>, files: &mut Files<'_>, program: &str) -> Vec<String> {
    let images = made_from(stack, files);
    for (image, _) in &images {
        let message = format!("`{image}`, which others are built from, is in no registry");
        let warning = Diagnostic::warning(message);
        let help = "build it before the export is run; README.md of the export has the command";
        files.diagnostics.push(warning.help(help));
    }
    let images = images.iter();
    images
        .map(|(image, built)| command(image, built, files, program))
        .collect()
}

/// The commands that build all images which no registry has, for formats that cannot say so.
pub fn commands(stack: &Stack<'_>, files: &mut Files<'_>, program: &str) -> Vec<String> {
    let mut images = made_from(stack, files);
    for part in &stack.parts {
        let built = built(stack, part, files);
        let image = &part.spec.image;
        images.extend(built.map(|built| (image.clone(), built.with_file(image, files))));
    }
    let mut found: Vec<String> = Vec::new();
    for (image, built) in &images {
        let command = command(image, built, files, program);
        if !found.contains(&command) {
            found.push(command);
        }
    }
    found
}

fn command(image: &str, built: &Built, files: &Files<'_>, program: &str) -> String {
    let mut words = vec![program.to_owned(), "build".to_owned()];
    words.push(format!("-t {}", shell::word(image)));
    if built.dockerfile.as_os_str() != "Dockerfile" {
        let path = Path::new(&built.context).join(&built.dockerfile);
        words.push(format!("-f {}", shell::word(&path.to_string_lossy())));
    }
    let target = built.build.target.iter();
    words.extend(target.map(|one| format!("--target {}", shell::word(one))));
    for (name, value) in &built.build.args {
        // One that holds a secret is asked for where the command runs.
        let value = value.as_ref().map(|value| value.expose());
        let shown = value.filter(|value| !files.is_secret(value));
        let argument = shown.map_or(name.clone(), |value| format!("{name}={value}"));
        words.push(format!("--build-arg {}", shell::word(&argument)));
    }
    words.push(shell::word(&built.context));
    words.join(" ")
}
