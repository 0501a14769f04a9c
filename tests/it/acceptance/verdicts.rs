//! The verdict of Docker Compose on small files, each of which shows one rule.

use std::path::Path;

use super::cases::{Case, read};
use super::{docker_compose, errors, findings, folder, poststack};

/// What a heading says: the verdict of Compose, and poststack's with the reason where they differ.
struct Verdict<'a> {
    compose: bool,
    here: bool,
    reason: Option<&'a str>,
}

fn verdict(heading: &str) -> Verdict<'_> {
    let accepted = |word: &str| match word {
        "accepted" => true,
        "refused" => false,
        other => panic!("`{other}` is no verdict"),
    };
    let Some((compose, rest)) = heading.split_once(", ") else {
        let compose = accepted(heading);
        return Verdict {
            compose,
            here: compose,
            reason: None,
        };
    };
    let (here, reason) = rest.split_once(" here: ").unwrap();
    Verdict {
        compose: accepted(compose),
        here: accepted(here),
        reason: Some(reason),
    }
}

/// What the table says wrongly of `case`.
fn wrong(case: &Case) -> Option<String> {
    let expected = verdict(&case.heading);
    let folder = folder(&case.files);
    let file = Path::new("compose.yml");
    let compose = docker_compose(folder.path(), file);
    let ran = poststack(folder.path(), "compose", file, &["--allow-undefined"]);
    let stale = expected.reason.is_some() && compose.is_ok() == (ran.code == 0);
    let right = compose.is_ok() == expected.compose && (ran.code == 0) == expected.here && !stale;
    (!right).then(|| {
        let said: Vec<_> = errors(&ran)
            .iter()
            .map(|one| one["message"].to_string())
            .collect();
        format!(
            "{}\n{}  Compose: {compose:?}\n  poststack: {} {said:?}\n",
            case.heading,
            case.text(),
            ran.code
        )
    })
}

#[test]
fn a_file_is_accepted_and_refused_as_by_docker_compose_or_the_table_says_why_not() {
    let cases = read(include_str!("verdicts.txt"), "compose.yml");
    assert!(cases.len() > 200, "{} cases", cases.len());
    let wrong = findings(&cases, wrong);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
