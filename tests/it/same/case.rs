//! A file of `tests/compose` with what the test needs to know about it.
//!
//! A case is `NAME.yml`, or a folder with `compose.yml` (`.yaml`) and whatever that file mentions;
//! folders of folders are searched. `x-test` at the top of the file says how to run it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// The names of a folder's Compose file.
const FILES: [&str; 4] = [
    "compose.yaml",
    "compose.yml",
    "docker-compose.yml",
    "docker-compose.yaml",
];

/// The key `x-test` of a file. In the YAML texts of a case `{project}` is the Compose project.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Active profiles.
    pub profiles: Vec<String>,
    /// Files in the order of merging; the file itself by default.
    pub files: Vec<String>,
    /// Environment variables of both programs.
    pub set: BTreeMap<String, String>,
    /// Made by somebody else before.
    pub networks: Vec<String>,
    pub volumes: Vec<String>,
    /// Each a name and, after spaces, options of `run`.
    pub containers: Vec<String>,
    /// Service → a shell line whose output in its container is compared as well.
    pub look: BTreeMap<String, String>,
    /// So many containers are made, of which one runs for ever and the others, which cannot start on
    /// every machine, wait for its end.
    pub waits: Option<usize>,
    /// Both fail, with these words of the engine.
    pub fails: Option<String>,
    /// Podman cannot do it; poststack says so with these words.
    pub fails_on_podman: Option<String>,
}

#[derive(Debug)]
pub struct Case {
    pub name: String,
    /// The file, or the folder.
    path: PathBuf,
    /// The name of the main file in the folder it runs in.
    pub file: String,
    pub settings: Settings,
}

/// The cases to run, and whether these are all there are.
pub fn chosen() -> (Vec<Case>, bool) {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/compose");
    let other = std::env::var_os("POSTSTACK_SAME_FOLDER").map(PathBuf::from);
    let words = std::env::var("POSTSTACK_SAME").unwrap_or_default();
    let words: Vec<&str> = words.split(',').filter(|word| !word.is_empty()).collect();
    let all = other.is_none() && words.is_empty();
    let mut cases = Vec::new();
    collect(&other.unwrap_or(own), "", &mut cases);
    cases.retain(|case| words.is_empty() || words.iter().any(|word| case.name.contains(word)));
    cases.sort_by(|one, other| one.name.cmp(&other.name));
    (cases, all)
}

fn collect(folder: &Path, prefix: &str, cases: &mut Vec<Case>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_str().unwrap();
        let name = format!("{prefix}{stem}");
        if path.is_dir() {
            match FILES.into_iter().find(|file| path.join(file).exists()) {
                Some(file) => cases.push(Case::read(name, path.clone(), &path.join(file))),
                None => collect(&path, &format!("{name}/"), cases),
            }
        } else if path.extension().is_some_and(|extension| extension == "yml") {
            cases.push(Case::read(name, path.clone(), &path));
        }
    }
}

impl Case {
    fn read(name: String, path: PathBuf, file: &Path) -> Self {
        #[derive(Deserialize)]
        struct Top {
            #[serde(rename = "x-test", default)]
            settings: Settings,
        }
        let text = std::fs::read_to_string(file).unwrap();
        // Only the head is read here: the rest may hold tags that are Compose's own.
        let head = match text.split_once("x-test:") {
            Some((_, rest)) => {
                let own = rest.split_inclusive('\n').enumerate();
                let own = own.take_while(|(at, line)| *at == 0 || line.starts_with([' ', '\n']));
                format!("x-test:{}", own.map(|(_, line)| line).collect::<String>())
            }
            None => "{}".to_owned(),
        };
        let top: Top =
            serde_yaml::from_str(&head).unwrap_or_else(|error| panic!("{name}: {error}"));
        let file = if path.is_dir() {
            file.file_name().unwrap().to_str().unwrap()
        } else {
            "compose.yml"
        };
        Self {
            name,
            file: file.to_owned(),
            path,
            settings: top.settings,
        }
    }

    /// The files to merge.
    pub fn files(&self) -> Vec<String> {
        match self.settings.files.as_slice() {
            [] => vec![self.file.clone()],
            files => files.to_vec(),
        }
    }

    /// Copies it into `folder`, each YAML text of it changed by `change`.
    pub fn lay_out(&self, folder: &Path, change: &dyn Fn(&str) -> String) {
        if self.path.is_dir() {
            copy(&self.path, folder, change);
        } else {
            write(&self.path, &folder.join(&self.file), change);
        }
    }
}

fn copy(from: &Path, to: &Path, change: &dyn Fn(&str) -> String) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            copy(&source, &target, change);
        } else {
            write(&source, &target, change);
        }
    }
}

fn write(from: &Path, to: &Path, change: &dyn Fn(&str) -> String) {
    std::fs::copy(from, to).unwrap();
    let is_yaml = from
        .extension()
        .is_some_and(|extension| extension == "yml" || extension == "yaml");
    if is_yaml {
        let text = std::fs::read_to_string(from).unwrap();
        std::fs::write(to, change(&text)).unwrap();
    }
}
