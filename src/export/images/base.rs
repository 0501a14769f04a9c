//! The shipped base, written into Dockerfiles that start from it.

use crate::assets;

const BASE: &str = "poststack/base-debian";
/// Its Dockerfile, and its stages with the names that they get inside another Dockerfile.
const BASE_FILE: &str = "containers/base-debian/Dockerfile";
const STAGES: [(&str, &str); 2] = [("core", "poststack-core"), ("full", "poststack-full")];

/// The Dockerfile with the shipped base as stages of its own; `None` where it does not use it.
pub fn with_base(dockerfile: &str) -> Option<String> {
    let mut used: Option<&'static str> = None;
    let lines = dockerfile.lines().map(|line| {
        let mut words = line.split_whitespace();
        let instruction = words.next().unwrap_or_default().to_ascii_uppercase();
        let image = match instruction.as_str() {
            "FROM" => words.find(|word| !word.starts_with("--")),
            "ARG" => words.next().and_then(|word| Some(word.split_once('=')?.1)),
            _ => None,
        };
        match image.and_then(|image| Some((image, stage(image)?))) {
            Some((image, stage)) => {
                used = used.max(Some(stage));
                line.replacen(image, stage, 1)
            }
            None => line.to_owned(),
        }
    });
    let lines: Vec<String> = lines.collect();
    let is_from = |line: &String| {
        let word = line.split_whitespace().next();
        word.is_some_and(|word| word.eq_ignore_ascii_case("from"))
    };
    let base = base(used?)?;
    let first = lines.iter().position(is_from)?;
    let (before, after) = lines.split_at_checked(first)?;
    let all = [before.join("\n"), base, after.join("\n")];
    Some(format!("{}\n", all.join("\n").trim()))
}

/// Whether [`with_base`] writes the image into what starts from it.
pub fn is_written_in(image: &str) -> bool {
    stage(image).is_some()
}

/// The name of the stage that a reference to the shipped base stands for.
fn stage(image: &str) -> Option<&'static str> {
    let tag = image.strip_prefix(BASE)?;
    let wanted = match tag {
        "" | ":latest" => "full",
        ":core" => "core",
        _ => return None,
    };
    STAGES
        .iter()
        .find(|(name, _)| *name == wanted)
        .map(|(_, inner)| *inner)
}

/// The stages of the base as far as `last`, under names that are not taken.
fn base(last: &str) -> Option<String> {
    let files = assets::CONTAINERS;
    let (_, text) = files.iter().find(|(path, _)| *path == BASE_FILE)?;
    let renamed = STAGES
        .iter()
        .fold((*text).to_owned(), |text, (name, inner)| {
            text.replace(&format!(" AS {name}\n"), &format!(" AS {inner}\n"))
                .replace(&format!("FROM {name} "), &format!("FROM {inner} "))
        });
    let own = renamed.find("FROM ")?;
    let end = renamed.find(&format!(" AS {last}\n"))?;
    let (_, behind) = renamed.split_at_checked(end)?;
    let end = behind
        .find("\nFROM ")
        .map_or(renamed.len(), |more| end + more);
    renamed
        .get(own..end)
        .map(|text| format!("{}\n", text.trim_end()))
}
