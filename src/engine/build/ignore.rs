//! `.dockerignore`: which paths of a context stay at home.
//!
//! The rules are those of <https://docs.docker.com/build/concepts/context/#dockerignore-files>:
//! the last matching line wins, `!` takes a path back in, `**` crosses folders.

use std::io;
use std::path::Path;

/// The lines of a `.dockerignore`.
#[derive(Debug, Clone, Default)]
pub struct Ignore {
    rules: Vec<Rule>,
}

#[derive(Debug, Clone)]
struct Rule {
    /// The pattern's parts between slashes.
    parts: Vec<String>,
    takes_back: bool,
}

impl Ignore {
    /// The rules of the context `folder`; none without a `.dockerignore`.
    ///
    /// # Errors
    /// The file is there and cannot be read.
    pub fn of(folder: &Path) -> io::Result<Self> {
        match fs_err::read_to_string(folder.join(".dockerignore")) {
            Ok(text) => Ok(Self::parse(&text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error),
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Self {
        let rules = text
            .trim_start_matches('\u{feff}')
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .filter_map(rule)
            .collect();
        Self { rules }
    }

    /// Whether `path` (relative, with `/`) is left out. A pattern covers what lies below, too.
    #[must_use]
    pub fn leaves_out(&self, path: &str) -> bool {
        let parts: Vec<&str> = path.split('/').collect();
        self.rules.iter().fold(false, |out, rule| {
            if out == rule.takes_back && rule.covers(&parts) {
                !rule.takes_back
            } else {
                out
            }
        })
    }

    /// Whether something below the left-out folder `path` may be taken back in.
    #[must_use]
    pub fn may_take_back_below(&self, path: &str) -> bool {
        let parts: Vec<&str> = path.split('/').collect();
        self.rules
            .iter()
            .any(|rule| rule.takes_back && rule.may_reach_below(&parts))
    }
}

fn rule(line: &str) -> Option<Rule> {
    let (takes_back, pattern) = match line.strip_prefix('!') {
        Some(rest) => (true, rest.trim()),
        None => (false, line),
    };
    let mut parts: Vec<String> = Vec::new();
    for part in pattern.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part.to_owned()),
        }
    }
    (!parts.is_empty()).then_some(Rule { parts, takes_back })
}

impl Rule {
    /// The pattern matches the path or a folder above it.
    fn covers(&self, path: &[&str]) -> bool {
        (1..=path.len()).any(|depth| path.get(..depth).is_some_and(|head| self.matches(head)))
    }

    fn matches(&self, path: &[&str]) -> bool {
        matches(&self.parts, path)
    }

    fn may_reach_below(&self, folder: &[&str]) -> bool {
        let mut parts = self.parts.iter();
        for name in folder {
            match parts.next() {
                Some(part) if part == "**" => return true,
                Some(part) if part_matches(part, name) => {}
                // A pattern that ends above the folder covers everything below.
                None => return true,
                Some(_) => return false,
            }
        }
        true
    }
}

fn matches(pattern: &[String], path: &[&str]) -> bool {
    match (pattern.split_first(), path.split_first()) {
        (None, None) => true,
        (Some((part, rest)), _) if part == "**" => {
            matches(rest, path)
                || path
                    .split_first()
                    .is_some_and(|(_, below)| matches(pattern, below))
        }
        (Some((part, rest)), Some((name, below))) => {
            part_matches(part, name) && matches(rest, below)
        }
        _ => false,
    }
}

fn part_matches(part: &str, name: &str) -> bool {
    let pattern: Vec<char> = part.chars().collect();
    let name: Vec<char> = name.chars().collect();
    glob(&pattern, &name)
}

/// `*`, `?`, `[a-z]`, `[^a]` and `\x` within one name.
fn glob(pattern: &[char], name: &[char]) -> bool {
    match pattern {
        [] => name.is_empty(),
        ['*', rest @ ..] => {
            (0..=name.len()).any(|skip| name.get(skip..).is_some_and(|tail| glob(rest, tail)))
        }
        ['?', rest @ ..] => matches!(name, [_, tail @ ..] if glob(rest, tail)),
        ['\\', literal, rest @ ..] => {
            matches!(name, [first, tail @ ..] if first == literal && glob(rest, tail))
        }
        ['[', class @ ..] => match class.iter().skip(1).position(|&c| c == ']') {
            Some(end) => {
                let (set, rest) = class.split_at(end + 1);
                let rest = rest.get(1..).unwrap_or_default();
                matches!(name, [first, tail @ ..] if in_class(set, *first) && glob(rest, tail))
            }
            None => false,
        },
        [literal, rest @ ..] => {
            matches!(name, [first, tail @ ..] if first == literal && glob(rest, tail))
        }
    }
}

fn in_class(class: &[char], wanted: char) -> bool {
    let (negated, mut class) = match class {
        ['^', rest @ ..] => (true, rest),
        all => (false, all),
    };
    let mut found = false;
    loop {
        class = match class {
            [] => return found != negated,
            [low, '-', high, rest @ ..] => {
                found |= (*low..=*high).contains(&wanted);
                rest
            }
            [one, rest @ ..] => {
                found |= *one == wanted;
                rest
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn out(text: &str, path: &str) -> bool {
        Ignore::parse(text).leaves_out(path)
    }

    #[test]
    fn patterns_match_as_docker_does() {
        for (pattern, path, expected) in [
            ("node_modules", "node_modules/a/b", true),
            ("node_modules", "sub/node_modules", false),
            ("**/node_modules", "sub/node_modules/x", true),
            ("**/node_modules", "node_modules", true),
            ("/target/", "target/debug", true),
            ("*.log", "a.log", true),
            ("*.log", "d/a.log", false),
            ("**/*.log", "d/e/a.log", true),
            ("*/temp*", "x/temporary.txt", true),
            ("*/temp*", "temporary.txt", false),
            ("temp?", "tempa", true),
            ("temp?", "temp", false),
            ("[a-c].x", "b.x", true),
            ("[^a-c].x", "b.x", false),
            ("a\\*", "a*", true),
            ("a\\*", "ab", false),
            ("# no", "# no", false),
            ("d/**/f", "d/f", true),
            ("d/**", "d/e/f", true),
            ("./a/../b", "b", true),
            ("*", "anything", true),
            ("", "a", false),
        ] {
            assert_eq!(out(pattern, path), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn the_last_matching_line_wins() {
        let text = "*\n!src\nsrc/secret\n";
        assert!(out(text, "other"));
        assert!(!out(text, "src/main.rs"));
        assert!(out(text, "src/secret/key"));
        assert!(!out("*.md\n!README.md", "README.md"));
        assert!(out("!README.md\n*.md", "README.md"));
    }

    #[test]
    fn a_left_out_folder_is_entered_only_for_what_is_taken_back() {
        let ignore = Ignore::parse("node_modules\n*\n!src/app/**/*.rs\n");
        assert!(ignore.may_take_back_below("src"));
        assert!(ignore.may_take_back_below("src/app/deep"));
        assert!(!ignore.may_take_back_below("node_modules"));
        assert!(Ignore::parse("*\n!**/keep").may_take_back_below("any/where"));
    }
}
