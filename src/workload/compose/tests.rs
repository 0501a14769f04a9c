mod whole;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;

use tempfile::TempDir;

use super::super::model::*;
use super::super::{Context, Loaded, load_compose};
use crate::diagnostic::{Diagnostic, Severity};
use crate::secret::Secret;
use crate::variables::{BuiltIn, Layers, Variables};

/// A folder with a Compose file, and what it is read with.
pub(super) struct Project {
    pub folder: TempDir,
    variables: Variables,
    profiles: BTreeSet<String>,
    allow_undefined: bool,
    /// The files that are named, the first one first.
    named: Vec<String>,
}

impl Project {
    pub fn new(text: &str) -> Self {
        let project = Self {
            folder: tempfile::tempdir().unwrap(),
            variables: variables(),
            profiles: BTreeSet::new(),
            allow_undefined: false,
            named: vec!["compose.yml".to_owned()],
        };
        project.file("compose.yml", text)
    }

    pub fn file(self, name: &str, text: &str) -> Self {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    /// A further file, merged onto the ones before it.
    pub fn onto(mut self, name: &str, text: &str) -> Self {
        self.named.push(name.to_owned());
        self.file(name, text)
    }

    pub fn profile(mut self, name: &str) -> Self {
        self.profiles.insert(name.to_owned());
        self
    }

    pub fn allow_undefined(mut self) -> Self {
        self.allow_undefined = true;
        self
    }

    pub fn load(&self) -> Loaded {
        let context = Context {
            variables: &self.variables,
            profiles: &self.profiles,
            allow_undefined: self.allow_undefined,
        };
        let named = self.named.iter();
        let files = named.map(|name| (self.folder.path().join(name), PathBuf::from(name)));
        load_compose(&files.collect::<Vec<_>>(), &context)
    }

    /// Every diagnostic as text, with the folder as `<folder>`.
    pub fn faults(&self) -> String {
        let text = rendered(&self.load().diagnostics);
        text.replace(&*self.folder.path().to_string_lossy(), "<folder>")
    }
}

/// `DB_HOST` differs for the host, `DB_PASSWORD` is secret, the others are plain.
pub(in crate::workload) fn variables() -> Variables {
    let built_in = |name, network: &str, host: &str, secret| BuiltIn {
        name,
        network: Secret::from(network),
        host: Secret::from(host),
        secret,
    };
    let set = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let (variables, faults) = Variables::resolve(&Layers {
        built_in: vec![
            built_in("DB_HOST", "postgres", "127.0.0.1", false),
            built_in("DB_PASSWORD", "canary-4711", "canary-4711", true),
        ],
        set: vec![
            set("A", "a"),
            set("EMPTY", ""),
            set("PORT", "8080"),
            set("YES", "True"),
        ],
        process: BTreeMap::from([set("HOST_USER", "me")]),
        ..Layers::default()
    });
    assert_eq!(faults, []);
    variables
}

fn rendered(diagnostics: &[Diagnostic]) -> String {
    let mut text = String::new();
    for one in diagnostics {
        let severity = match one.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        };
        let place = one
            .place
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default();
        let place = place.trim_start_matches("compose.yml:");
        writeln!(text, "{severity} {place}: {}", one.message).unwrap();
        for (place, label) in &one.related {
            let place = place.to_string();
            writeln!(
                text,
                "  {}: {label}",
                place.trim_start_matches("compose.yml:")
            )
            .unwrap();
        }
        if let Some(help) = &one.help {
            writeln!(text, "  help: {help}").unwrap();
        }
    }
    text
}

/// The diagnostics of a file that stands alone.
pub(super) fn faults(text: &str) -> String {
    Project::new(text).faults()
}

/// The workload of a file without errors.
pub(super) fn workload(text: &str) -> Workload {
    let project = Project::new(text);
    let loaded = project.load();
    let errors: Vec<_> = loaded
        .diagnostics
        .into_iter()
        .filter(Diagnostic::is_error)
        .collect();
    assert!(errors.is_empty(), "{}", rendered(&errors));
    loaded.workload
}

/// The one service `a` with these lines in it, which a file without errors has.
pub(super) fn service(lines: &str) -> Service {
    workload(&one_service(lines)).services.remove(0)
}

/// The diagnostics of a service `a` with an image and these lines; its first line is line 4.
pub(super) fn service_faults(lines: &str) -> String {
    faults(&one_service(lines))
}

fn one_service(lines: &str) -> String {
    let mut text = String::from("services:\n  a:\n    image: x\n");
    for line in lines.lines() {
        writeln!(text, "    {line}").unwrap();
    }
    text
}
