//! An entry `liquibase` of the init phase: a path, or a mapping that says more. Knows nothing of
//! what stands in a changelog.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::compose;
use super::environment::join;
use super::keys;
use super::model::{Changelog, Config, Environment, InitKind};
use super::value::{fixed_text, only_keys};
use crate::diagnostic::{Diagnostic, brief};
use crate::shell;
use crate::yaml::decode::Decoder;
use crate::yaml::{Mapping, Node};

const PATH: &str = "init.liquibase";

/// By the ending of its name, Liquibase knows how to read a changelog.
/// <https://docs.liquibase.com/concepts/changelogs/home.html>
const ENDINGS: [&str; 5] = ["xml", "yaml", "yml", "json", "sql"];

/// Modes of others, and how `chmod` is told of them: listing and entering a folder, reading a file.
const FOLDER: (u32, &str) = (0o5, "o+rx");
const FILE: (u32, &str) = (0o4, "o+r");

/// The changelog of an entry, with its path as it is written.
pub(super) fn changelog(
    decoder: &mut Decoder<'_>,
    node: &Node,
    root: &Path,
) -> Option<(String, Changelog)> {
    let Some(mapping) = node.as_mapping() else {
        let written = fixed_text(decoder, node, PATH)?;
        check_ending(decoder, node, &written)?;
        return Some(of_path(written, root));
    };
    only_keys(decoder, mapping, PATH, keys::LIQUIBASE);
    let contexts = text(decoder, mapping, "contexts");
    let labels = text(decoder, mapping, "labels");
    let image = text(decoder, mapping, "image");
    let Some(path) = mapping.get("changelog") else {
        let message = format!("`{PATH}` names no `changelog`");
        decoder.error(decoder.head(node), message).help =
            Some("write for instance `changelog: db/changelog.xml`".to_owned());
        return None;
    };
    let written = fixed_text(decoder, path, &format!("{PATH}.changelog"))?;
    // Another image may bring readers of its own.
    if image.is_none() {
        check_ending(decoder, path, &written)?;
    }
    let (written, changelog) = of_path(written, root);
    let changelog = Changelog {
        contexts,
        labels,
        image,
        ..changelog
    };
    Some((written, changelog))
}

fn of_path(written: String, root: &Path) -> (String, Changelog) {
    let changelog = Changelog {
        path: join(root, &written),
        contexts: None,
        labels: None,
        image: None,
    };
    (written, changelog)
}

fn text(decoder: &mut Decoder<'_>, mapping: &Mapping, key: &str) -> Option<String> {
    let node = mapping.get(key)?;
    fixed_text(decoder, node, &format!("{PATH}.{key}"))
}

fn check_ending(decoder: &mut Decoder<'_>, node: &Node, written: &str) -> Option<()> {
    let ending = Path::new(written).extension();
    let ending = ending.map(|it| it.to_string_lossy().to_lowercase());
    if ending.is_some_and(|it| ENDINGS.contains(&it.as_str())) {
        return Some(());
    }
    let message = format!(
        "`{}` is no changelog: its name does not say how to read it",
        brief(written)
    );
    decoder.error(node.span, message).help = Some(format!(
        "Liquibase reads files that end in .{}",
        ENDINGS.join(", .")
    ));
    None
}

/// Warns of changelogs that only their owner may read: Liquibase runs as somebody else.
pub(super) fn unreadable(config: &Config, environment: &Environment) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for entry in &environment.init {
        let InitKind::Liquibase(changelog) = &entry.kind else {
            continue;
        };
        let folder = changelog.path.parent().unwrap_or(&config.root);
        let closed = [(folder, FOLDER), (&changelog.path, FILE)];
        let closed = closed.into_iter().find(|(path, (needed, _))| {
            std::fs::metadata(path).is_ok_and(|it| it.permissions().mode() & needed != *needed)
        });
        if let Some((path, (_, mode))) = closed {
            let shown = compose::shown(config, path);
            let message =
                format!("`{shown}` is closed to others, and Liquibase runs as another user");
            let help = format!("open it: chmod {mode} {}", shell::word(&shown));
            let place = entry.place.clone();
            found.push(Diagnostic::warning(message).at_place(place).help(help));
        }
    }
    found
}
