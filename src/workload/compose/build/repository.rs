//! Git repositories as build contexts: `https://github.com/me/app.git#branch:folder`
//! (<https://docs.docker.com/build/concepts/context/#git-repositories>).

use super::super::file::File;
use crate::text::Span;
use crate::workload::model::Repository;

/// Reports what is on another machine and no Git repository.
pub(super) fn read(file: &mut File<'_>, span: Span, written: &str) -> Option<Repository> {
    match parse(written) {
        Ok(repository) => Some(repository),
        Err((message, help)) => {
            file.fault(span, format!("`{written}` {message}"), help);
            None
        }
    }
}

type Fault = (&'static str, &'static str);

fn parse(written: &str) -> Result<Repository, Fault> {
    let (url, fragment) = written.split_once('#').unwrap_or((written, ""));
    if !is_repository(url) {
        let help = "the URL of a Git repository ends in `.git`; of anything else, fetch it first and \
                    name the folder";
        return Err((
            "is neither a folder of this host nor a Git repository",
            help,
        ));
    }
    let (reference, folder) = fragment.split_once(':').unwrap_or((fragment, ""));
    let odd = |c: char| c.is_whitespace() || c.is_control() || "~^:?*[\\".contains(c);
    if reference.starts_with('-') || reference.contains(odd) {
        let help = "write the name of a branch or a tag, or a commit, between `#` and `:`";
        return Err(("has a reference that Git does not know", help));
    }
    if folder.split('/').any(|part| part == "..") {
        let help = "write a path in the repository behind `:`";
        return Err(("leads out of its repository", help));
    }
    let url = match url.strip_prefix("github.com/") {
        Some(path) => format!("https://github.com/{path}"),
        None => url.to_owned(),
    };
    Ok(Repository {
        url,
        reference: (!reference.is_empty()).then(|| reference.to_owned()),
        folder: folder.trim_matches('/').to_owned(),
    })
}

/// As [BuildKit tells them](https://github.com/moby/buildkit/blob/master/util/gitutil/git_ref.go).
fn is_repository(url: &str) -> bool {
    let by_scheme = ["git://", "ssh://", "git@", "github.com/"];
    let plain = url.starts_with("https://") || url.starts_with("http://");
    by_scheme.iter().any(|start| url.starts_with(start)) || plain && url.ends_with(".git")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fragment_names_a_commit_and_a_folder() {
        for (written, url, reference, folder) in [
            ("https://h/a.git", "https://h/a.git", None, ""),
            ("https://h/a.git#main", "https://h/a.git", Some("main"), ""),
            (
                "https://h/a.git#v1:/b/c/",
                "https://h/a.git",
                Some("v1"),
                "b/c",
            ),
            ("git@h:me/a.git#:b", "git@h:me/a.git", None, "b"),
            ("github.com/me/a", "https://github.com/me/a", None, ""),
            (
                "ssh://git@h/a#feature/x",
                "ssh://git@h/a",
                Some("feature/x"),
                "",
            ),
        ] {
            let expected = Repository {
                url: url.to_owned(),
                reference: reference.map(str::to_owned),
                folder: folder.to_owned(),
            };
            assert_eq!(parse(written), Ok(expected), "{written}");
        }
    }

    #[test]
    fn what_git_would_take_for_something_else_is_refused() {
        for written in [
            "https://h/a.tar.gz",
            "file:///etc.git",
            "https://h/a.git#--upload-pack=x",
            "https://h/a.git#a b",
            "https://h/a.git#main:../b",
        ] {
            assert!(parse(written).is_err(), "{written}");
        }
    }

    #[test]
    fn a_password_in_the_url_is_not_shown() {
        let repository = parse("https://me:word@h/a.git").unwrap();
        assert_eq!(repository.shown(), "https://h/a.git");
    }
}
