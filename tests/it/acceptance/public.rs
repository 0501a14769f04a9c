//! Collections of Compose files that others wrote, for whoever has some at hand:
//!
//! ```text
//! POSTSTACK_COMPOSE_FILES=~/awesome-compose cargo test --test it public -- --ignored --nocapture
//! ```

use std::path::{Path, PathBuf};

use super::{docker_compose, errors, findings, folder, poststack};

/// The Compose files below `folder`.
fn compose_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.is_symlink() {
            compose_files(&path, found);
        } else if path
            .extension()
            .is_some_and(|end| end == "yml" || end == "yaml")
        {
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            if text.lines().any(|line| line.starts_with("services:")) {
                found.push(path);
            }
        }
    }
}

/// How the two verdicts on `file` differ. What is not there, such as the source of a build, is no
/// matter of the file.
fn difference(file: &Path) -> Option<String> {
    let beside = file.parent().unwrap();
    let compose = docker_compose(beside, file);
    let project = folder(&[]);
    let ran = poststack(project.path(), "compose", file, &["--allow-undefined"]);
    let missing = |message: &str| {
        message.starts_with("There is no Dockerfile")
            || message.starts_with("There is no file")
            || message.starts_with("The build context")
    };
    let said: Vec<String> = errors(&ran)
        .iter()
        .map(|one| format!("{}: {}", one["line"], one["message"].as_str().unwrap()))
        .filter(|said| !said.split_once(": ").is_some_and(|(_, text)| missing(text)))
        .collect();
    let file = file.display();
    match compose {
        Ok(()) if !said.is_empty() => Some(format!("{file}: only Compose accepts it: {said:?}")),
        Err(reason) if ran.code == 0 => Some(format!("{file}: only Compose refuses it: {reason}")),
        _ => None,
    }
}

#[test]
#[ignore = "needs a collection of Compose files, which POSTSTACK_COMPOSE_FILES names"]
fn public_collections_are_accepted_as_by_docker_compose() {
    let root = std::env::var("POSTSTACK_COMPOSE_FILES").unwrap();
    let mut files = Vec::new();
    compose_files(Path::new(&root), &mut files);
    let differences = findings(&files, |file| difference(file));
    assert!(
        differences.is_empty(),
        "{} of {} files differ:\n{}",
        differences.len(),
        files.len(),
        differences.join("\n")
    );
}
