//! Entries `liquibase` of the init phase.

use super::*;
use crate::config::model::{Changelog, InitKind};
use crate::names::EnvironmentName;
use std::fs;
use std::os::unix::fs::PermissionsExt;

fn init(entry: &str) -> String {
    format!("environments:\n  a:\n    init:\n      - liquibase: {entry}\n")
}

fn changelog(entry: &str) -> Changelog {
    let entry = first(&init(entry)).init.remove(0);
    let InitKind::Liquibase(changelog) = entry.kind else {
        panic!("{entry:?}")
    };
    changelog
}

#[test]
fn a_path_alone_means_every_change_set() {
    let alone = Changelog {
        path: "/work/shop/db/changelog.xml".into(),
        contexts: None,
        labels: None,
        image: None,
    };
    assert_eq!(changelog("./db/changelog.xml"), alone);
    assert_eq!(changelog("{ changelog: db/changelog.xml }"), alone);
}

#[test]
fn a_mapping_says_which_change_sets_and_by_which_image() {
    let meant = changelog(
        "{ changelog: main.groovy, contexts: dev and !slow, labels: v1, image: shop/liquibase }",
    );
    assert_eq!(meant.path, Path::new("/work/shop/main.groovy"));
    assert_eq!(meant.contexts.as_deref(), Some("dev and !slow"));
    assert_eq!(meant.labels.as_deref(), Some("v1"));
    assert_eq!(meant.image.as_deref(), Some("shop/liquibase"));
}

#[test]
fn what_is_wrong_is_told_at_its_place() {
    insta::assert_snapshot!(faults(&init("db")), @r#"
    4:20 error at "db": `db` is no changelog: its name does not say how to read it
      help: Liquibase reads files that end in .xml, .yaml, .yml, .json, .sql
    "#);
    insta::assert_snapshot!(faults(&init("{ changelog: a.txt, context: dev }")), @r#"
    4:33 error at "a.txt": `a.txt` is no changelog: its name does not say how to read it
      help: Liquibase reads files that end in .xml, .yaml, .yml, .json, .sql
    4:40 error at "context": Unknown key `context` in `init.liquibase`
      help: did you mean `contexts`?
    "#);
    insta::assert_snapshot!(faults(&init("{ contexts: [dev] }")), @r#"
    4:20 error at "{ contexts: [dev] }": `init.liquibase` names no `changelog`
      help: write for instance `changelog: db/changelog.xml`
    4:32 error at "[dev]": `init.liquibase.contexts` must be a string, this is a list
    "#);
    insta::assert_snapshot!(faults(&init("${CHANGELOG}.xml")), @r#"
    4:20 error at "${CHANGELOG}.xml": `init.liquibase` cannot hold a variable: `${CHANGELOG}.xml`
      help: write the value itself; `password` and the values of `variables` may hold `${NAME}`
    "#);
}

/// What is said of a project with the changelog of this mode in a folder of that one.
fn checked(folder_mode: u32, mode: u32) -> String {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("db");
    fs::create_dir(&db).unwrap();
    let set = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode));
    fs::write(db.join("changelog.sql"), "").unwrap();
    set(&db.join("changelog.sql"), mode).unwrap();
    set(&db, folder_mode).unwrap();
    let file = folder.path().join(".poststack.yml");
    fs::write(&file, init("db/changelog.sql")).unwrap();
    let config = load(&file, Path::new(".poststack.yml")).unwrap().config;
    shown(&check_files(&config, &EnvironmentName::new("a").unwrap()))
}

#[test]
fn a_changelog_that_only_its_owner_may_read_is_warned_of() {
    assert_eq!(checked(0o755, 0o644), "");
    insta::assert_snapshot!(checked(0o755, 0o640), @r#"
    4:20 warning at "db/changelog.sql": `db/changelog.sql` is closed to others, and Liquibase runs as another user
      help: open it: chmod o+r db/changelog.sql
    "#);
    insta::assert_snapshot!(checked(0o700, 0o644), @r#"
    4:20 warning at "db/changelog.sql": `db` is closed to others, and Liquibase runs as another user
      help: open it: chmod o+rx db
    "#);
}
