//! Additional contexts: each becomes a stage of the Dockerfile, since the builders that engines
//! ship know no other way to name files from elsewhere.

use std::collections::BTreeMap;

/// Name of a context → the image that holds its files.
pub type Stages = BTreeMap<String, String>;

/// The Dockerfile that makes an image of a folder.
pub const FOLDER: &str = "FROM scratch\nCOPY . /\n";

/// The reference of the image that holds the folder `name` for the build of `image`.
pub fn folder_image(image: &str, name: &str) -> String {
    let tagged = image
        .rsplit('/')
        .next()
        .is_some_and(|last| last.contains(':'));
    let latest = if tagged { "" } else { ":latest" };
    format!("{image}{latest}-context-{name}")
}

/// `text` with the stages before its first one. `line` is that of the first `FROM`, counted from
/// 1: arguments before it stay global.
pub fn insert(text: &str, line: usize, stages: &Stages) -> String {
    let first = line.saturating_sub(1);
    let lines: Vec<&str> = text.lines().collect();
    let (head, rest) = lines.split_at(first.min(lines.len()));
    let stages: Vec<String> = stages
        .iter()
        .map(|(name, image)| format!("FROM {image} AS {name}"))
        .collect();
    let stages: Vec<&str> = stages.iter().map(String::as_str).collect();
    let mut text = [head, &stages, rest].concat().join("\n");
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_come_before_the_first_one_and_after_global_arguments() {
        let text = "# syntax=x\nARG V=1\nFROM a:$V\nCOPY --from=more x /x\n";
        let stages = Stages::from([("more".to_owned(), "i:1".to_owned())]);
        assert_eq!(
            insert(text, 3, &stages),
            "# syntax=x\nARG V=1\nFROM i:1 AS more\nFROM a:$V\nCOPY --from=more x /x\n"
        );
    }

    #[test]
    fn the_image_of_a_folder_is_a_tag_of_the_image_built() {
        for (image, expected) in [
            ("a", "a:latest-context-n"),
            ("a:1", "a:1-context-n"),
            ("host:5000/a", "host:5000/a:latest-context-n"),
        ] {
            assert_eq!(folder_image(image, "n"), expected);
        }
    }
}
