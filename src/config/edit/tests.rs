use super::*;

fn source(text: &str) -> Source {
    SourceFile::new(".poststack.yml", text)
}

fn copied(text: &str, from: &str, to: &str) -> String {
    let done = copy(&source(text), &["environments", from], to);
    done.unwrap().text.clone()
}

fn removed(text: &str, path: &[&str]) -> String {
    remove(&source(text), path).unwrap().text.clone()
}

fn with(text: &str, path: &[&str], value: &str) -> String {
    let done = set(&source(text), path, value).unwrap();
    // What is written is read as what was meant.
    let documents = yaml::parse(&done).unwrap();
    let found = path
        .iter()
        .try_fold(&documents[0], |node, key| node.get(key));
    assert_eq!(&*found.unwrap().as_scalar().unwrap().text, value);
    done.text.clone()
}

const FILE: &str = "\
# The shop.
environments:
  # The first one.
  dev:   # ours
    # its database
    postgres: { port: 5433 }   # there
    variables:
      # deeper
      A: 'x # y & z'
    # the end of dev

  # For the testers.
  staging:
    extends: dev

# at the end
x-mine: 1
";

#[test]
fn a_copy_stands_behind_its_original_with_its_comments() {
    let expected = FILE.replace(
        "    # the end of dev\n",
        "    # the end of dev\n\n  qa:   # ours\n    # its database\n    \
         postgres: { port: 5433 }   # there\n    variables:\n      # deeper\n      \
         A: 'x # y & z'\n    # the end of dev\n",
    );
    assert_eq!(copied(FILE, "dev", "qa"), expected);
    let expected = FILE.replace(
        "    extends: dev\n",
        "    extends: dev\n\n  qa:\n    extends: dev\n",
    );
    assert_eq!(copied(FILE, "staging", "qa"), expected);
}

#[test]
fn what_is_copied_and_removed_again_leaves_no_trace() {
    let files = [
        FILE,
        "environments:\n  dev:\n    bind: 127.0.0.1\n  staging:\n    bind: 127.0.0.1",
        "environments:\r\n    dev:\r\n        bind: 127.0.0.1\r\n    staging: {}\r\n",
        "environments: { dev: { bind: 127.0.0.1 }, staging: {} }\n",
        "environments: {\n  dev: {\n    bind: 127.0.0.1\n  },\n  staging: {} # c\n}\n",
        "environments:\n  dev: &a\n    bind: 127.0.0.1\n  staging: *a\n",
        "environments:\n  dev:\n\n\n  staging:\n    variables:\n      A: |\n        one\n\n        two\n",
    ];
    for file in files {
        for from in ["dev", "staging"] {
            let with_copy = copied(file, from, "qa");
            let documents = yaml::parse(&source(&with_copy)).unwrap();
            let environments = documents[0].get("environments").unwrap();
            assert_eq!(
                environments.as_mapping().unwrap().entries.len(),
                3,
                "{with_copy}"
            );
            let gone = removed(&with_copy, &["environments", "qa"]);
            // A line break at the end is added for what comes after it, and stays.
            assert_eq!(gone.trim_end(), file.trim_end(), "{from}");
        }
    }
}

#[test]
fn a_copy_has_no_anchors_and_keeps_its_aliases() {
    let file = "environments:\n  dev: &dev\n    postgres: &pg { port: &p 1, user: a&b } # &c\n    \
                env_file: [&x a, &y b]\n    variables: { A: *p }\n  b: *dev\n";
    assert_eq!(
        copied(file, "dev", "qa"),
        file.replace(
            "  b: *dev\n",
            "  qa:\n    postgres: { port: 1, user: a&b } # &c\n    env_file: [ a, b]\n    \
             variables: { A: *p }\n  b: *dev\n"
        )
    );
    let of_alias = copied(file, "b", "qa");
    assert_eq!(of_alias, format!("{file}  qa:\n    extends: b\n"));
}

#[test]
fn an_environment_goes_with_the_comment_above_it() {
    let expected = FILE.replace("\n  # For the testers.\n  staging:\n    extends: dev\n", "");
    assert_eq!(removed(FILE, &["environments", "staging"]), expected);
    let first = removed(FILE, &["environments", "dev"]);
    assert_eq!(
        first,
        "# The shop.\nenvironments:\n  # The first one.\n\n  # For the testers.\n  staging:\n    \
         extends: dev\n\n# at the end\nx-mine: 1\n"
    );
    assert_eq!(
        removed(
            "environments: { a: *x, b: 1, c: }\n"
                .replace("*x", "2")
                .as_str(),
            &["environments", "c"]
        ),
        "environments: { a: 2, b: 1 }\n"
    );
    assert_eq!(
        removed(
            "# head\nenvironment: dev\nproject: { name: a }\n",
            &["environment"]
        ),
        "# head\nproject: { name: a }\n"
    );
}

#[test]
fn a_value_is_put_where_it_belongs() {
    let port = ["environments", "dev", "postgres", "port"];
    let cases = [
        (
            "environments:\n  dev:\n    postgres:\n      # c\n      port: 1 # d\n",
            "environments:\n  dev:\n    postgres:\n      # c\n      port: 7 # d\n",
        ),
        (
            "environments:\n  dev:\n    postgres: # c\n      # of the user\n      user: a\n",
            "environments:\n  dev:\n    postgres: # c\n      port: 7\n      # of the user\n      user: a\n",
        ),
        (
            "environments:\n  dev: # c\n    bind: ::1\n",
            "environments:\n  dev: # c\n    postgres:\n      port: 7\n    bind: ::1\n",
        ),
        (
            "environments:\n  dev:\n  b: {}\n",
            "environments:\n  dev: { postgres: { port: 7 } }\n  b: {}\n",
        ),
        (
            "environments: { dev: {} }\n",
            "environments: { dev: { postgres: { port: 7 } } }\n",
        ),
        (
            "environments:\n  dev: { postgres: {user: a} }",
            "environments:\n  dev: { postgres: { port: 7,user: a} }",
        ),
        (
            "environments:\n  dev: { postgres: }",
            "environments:\n  dev: { postgres: { port: 7 } }",
        ),
        (
            "x-p: &p { user: a, port: 1 }\nenvironments:\n  dev:\n    postgres: *p\n",
            "x-p: &p { user: a, port: 1 }\nenvironments:\n  dev:\n    postgres: { <<: *p, port: 7 }\n",
        ),
        (
            "x-p: &p { port: 1 }\nenvironments:\n  dev:\n    postgres:\n      <<: *p\n",
            "x-p: &p { port: 1 }\nenvironments:\n  dev:\n    postgres:\n      port: 7\n      <<: *p\n",
        ),
        (
            "environments:\r\n  dev:\r\n    postgres:\r\n      user: a\r\n",
            "environments:\r\n  dev:\r\n    postgres:\r\n      port: 7\r\n      user: a\r\n",
        ),
        (
            "environments:\n  dev:\n    postgres:\n      port: 'x'\n",
            "environments:\n  dev:\n    postgres:\n      port: 7\n",
        ),
    ];
    for (before, after) in cases {
        assert_eq!(with(before, &port, "7"), after, "{before}");
    }
}

#[test]
fn a_text_is_quoted_where_it_would_be_read_as_something_else() {
    let before = "environments: { dev: { postgres: { user: a } } }";
    for value in [
        "shop", "it's", "a: b", "yes", "1e5", "007", "a b", "", "./data", "~", "-x", "{}",
    ] {
        with(before, &["environments", "dev", "postgres", "user"], value);
    }
}

#[test]
fn what_is_written_in_another_form_is_not_touched() {
    let form = |outcome: Result<Source, EditError>| matches!(outcome, Err(EditError::Form(_)));
    let explicit = source("environments:\n  ? dev\n  : { bind: ::1 }\n");
    assert!(form(copy(&explicit, &["environments", "dev"], "qa")));
    assert!(form(remove(&explicit, &["environments", "dev"])));
    let merged = source("x: &x { dev: {} }\nenvironments: { <<: *x, b: {} }\n");
    assert!(form(copy(&merged, &["environments", "dev"], "qa")));
    let list = source("environments: { dev: { postgres: [1] } }\n");
    assert!(form(set(
        &list,
        &["environments", "dev", "postgres", "port"],
        "7"
    )));
    let missing = copy(&source(FILE), &["environments", "prod"], "qa");
    assert!(matches!(missing, Err(EditError::Missing(_))));
    let invalid = copy(&source("a: [\n"), &["environments", "prod"], "qa");
    assert!(matches!(invalid, Err(EditError::Invalid(_))));
}
