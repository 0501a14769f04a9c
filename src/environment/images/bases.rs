//! The images that a Dockerfile starts from or copies from, as far as they can be told without
//! building it.

use std::collections::BTreeMap;

use crate::plan::spec::{BuildContext, ImageBuild};
use crate::variables::expand_text;

/// The references that the Dockerfile of `build` names, sorted, without its own stages. A Dockerfile
/// that cannot be read names none: it is the engine's to report.
#[must_use]
pub fn bases(build: &ImageBuild) -> Vec<String> {
    let text = match (&build.dockerfile_inline, &build.context) {
        (Some(inline), _) => inline.clone(),
        (None, BuildContext::Folder(folder)) => {
            let path = folder.join(&build.dockerfile);
            std::fs::read_to_string(path).unwrap_or_default()
        }
        (None, BuildContext::Files(files)) => {
            let file = files.get(&*build.dockerfile.to_string_lossy());
            let bytes = file.map(|(bytes, _)| bytes.as_slice());
            String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned()
        }
        (None, BuildContext::Repository(_)) => String::new(),
    };
    let given = build.args.iter();
    let given = given.filter_map(|(name, value)| Some((name.as_str(), value.as_ref()?.expose())));
    named(&text, &given.collect())
}

/// As [`bases`]; `given` are the build arguments.
fn named(text: &str, given: &BTreeMap<&str, &str>) -> Vec<String> {
    let mut arguments: BTreeMap<String, String> = BTreeMap::new();
    let mut stages: Vec<String> = Vec::new();
    let mut found: Vec<String> = Vec::new();
    for line in text.lines() {
        let mut words = line.split_whitespace();
        let word = words.next().unwrap_or_default().to_ascii_uppercase();
        match word.as_str() {
            // Only an argument before the first stage is known to `FROM`.
            "ARG" if stages.is_empty() => {
                let written = words.next().unwrap_or_default();
                let (name, default) = written.split_once('=').unwrap_or((written, ""));
                let default = default.trim_matches(['"', '\'']);
                let value = given.get(name).copied().unwrap_or(default);
                arguments.insert(name.to_owned(), value.to_owned());
            }
            "FROM" => {
                let mut words = words.skip_while(|word| word.starts_with("--"));
                let image = expanded(words.next().unwrap_or_default(), &arguments);
                let name = words.nth(1).unwrap_or_default().to_lowercase();
                if !stages.contains(&image.to_lowercase()) {
                    found.push(image);
                }
                stages.push(name);
            }
            "COPY" => {
                let from = words.find_map(|word| word.strip_prefix("--from="));
                let image = from.filter(|from| {
                    let is_number = from.bytes().all(|byte| byte.is_ascii_digit());
                    !is_number && !stages.contains(&from.to_lowercase())
                });
                found.extend(image.map(str::to_owned));
            }
            _ => {}
        }
    }
    found.retain(|image| !image.is_empty());
    found.sort();
    found.dedup();
    found
}

/// `text` with `$NAME`, `${NAME}` and `${NAME:-default}` replaced.
fn expanded(text: &str, arguments: &BTreeMap<String, String>) -> String {
    let lookup = |name: &str| arguments.get(name).cloned();
    expand_text(text, lookup).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<String> {
        named(text, &BTreeMap::from([("GIVEN", "9")]))
    }

    #[test]
    fn images_are_named_by_from_and_copy_and_stages_are_none() {
        let text = "# FROM nothing\nFROM --platform=linux/amd64 shop/base AS Build\nRUN x\n\
                    from build\nCOPY --from=build /a /a\nCOPY --chown=1 --from=shop/other:2 /b /b\n\
                    COPY --from=0 /c /c\nFROM debian\n";
        assert_eq!(of(text), ["debian", "shop/base", "shop/other:2"]);
    }

    #[test]
    fn arguments_before_the_first_stage_are_known() {
        let text = "ARG BASE=\"shop/base\"\nARG GIVEN=1\nFROM ${BASE}:$GIVEN\nARG LATER=x\nFROM a:${LATER:-y}\n";
        assert_eq!(of(text), ["a:y", "shop/base:9"]);
    }
}
