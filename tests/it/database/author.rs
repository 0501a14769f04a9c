//! `db new` and `db create-rollback`: files alone, no server is asked.

use super::support::Folder;
use crate::project::Ran;

/// Nobody listens there, and nobody has to.
const NOWHERE: &str = "postgresql://nobody@127.0.0.1:1/nothing";

fn db(folder: &Folder, arguments: &[&str]) -> Ran {
    let all = [&["db"], arguments, &["--database-url", NOWHERE]].concat();
    folder.run(&all)
}

fn names(folder: &Folder) -> Vec<String> {
    let entries = std::fs::read_dir(folder.path().join("migrations")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}

#[test]
fn the_first_migration_makes_the_folder_and_shows_its_files_alone() {
    let folder = Folder::new(&[]);
    let ran = db(&folder, &["new", "Add Users"]).ok();
    assert_eq!(
        ran.stdout,
        "migrations/001_add_users.sql\nmigrations/001_add_users.rollback.sql\n"
    );
    assert_eq!(ran.stderr, "");
    assert_eq!(
        names(&folder),
        ["001_add_users.rollback.sql", "001_add_users.sql"]
    );
}

#[test]
fn a_further_migration_goes_on_in_the_style_of_the_newest() {
    let folder = Folder::new(&[
        ("migrations/0009_a.sql", "SELECT 1"),
        ("migrations/0010_empty.sql", ""),
        ("migrations/notes.txt", ""),
    ]);
    let json = db(&folder, &["new", "b-c", "--format", "json"]).ok().json();
    assert_eq!(json["version"], "0011");
    assert_eq!(json["files"][0], "migrations/0011_b_c.sql");
    let folder = Folder::new(&[("migrations/20240101120000_a.sql", "SELECT 1")]);
    let json = db(&folder, &["new", "b", "--format", "json"]).ok().json();
    let version = json["version"].as_str().unwrap();
    assert_eq!((version.len(), &version[..2]), (14, "20"));
    assert!(version > "20240101120000");
}

#[test]
fn a_name_that_cannot_be_one_makes_nothing() {
    for name in ["a/b", "..", "a.sql", "  "] {
        let folder = Folder::new(&[]);
        db(&folder, &["new", name]).exits(2);
        assert!(!folder.path().join("migrations").exists());
    }
}

#[test]
fn a_rollback_is_derived_and_its_path_shown() {
    let folder = Folder::new(&[("migrations/1_a.sql", "CREATE TABLE a (id int);")]);
    let ran = db(&folder, &["create-rollback", "001"]).ok();
    assert_eq!(ran.stdout, "migrations/1_a.rollback.sql\n");
    assert_eq!(ran.stderr, "");
    let text = folder.path().join("migrations/1_a.rollback.sql");
    let text = std::fs::read_to_string(text).unwrap();
    assert!(text.contains("DROP TABLE a"), "{text}");
}

#[test]
fn what_cannot_be_derived_is_counted() {
    let folder = Folder::new(&[("migrations/1_a.sql", "DROP TABLE a; DROP TABLE b;")]);
    let ran = db(&folder, &["create-rollback", "1"]).ok();
    insta::assert_snapshot!(ran.stderr, @"note: 2 parts could not be derived: their lines `-- poststack: todo` in it; until then it is not run");
    let json = db(
        &folder,
        &["create-rollback", "1", "--force", "--format", "json"],
    );
    assert_eq!(json.ok().json()["todos"], 2);
}

#[test]
fn a_rollback_somebody_wrote_stays() {
    let folder = Folder::new(&[
        ("migrations/1_a.sql", "CREATE TABLE a (id int);"),
        ("migrations/1_a.rollback.sql", "DROP TABLE IF EXISTS a;"),
    ]);
    let ran = db(&folder, &["create-rollback", "1"]).exits(1);
    insta::assert_snapshot!(ran.stderr, @r"
    error: `migrations/1_a.rollback.sql` is there already
    hint: to overwrite it: poststack db create-rollback 1 --force
    ");
    let path = folder.path().join("migrations/1_a.rollback.sql");
    assert_eq!(
        std::fs::read_to_string(&path).unwrap(),
        "DROP TABLE IF EXISTS a;"
    );
    db(&folder, &["create-rollback", "1", "--force"]).ok();
    assert!(
        !std::fs::read_to_string(&path)
            .unwrap()
            .contains("IF EXISTS")
    );
}

#[test]
fn an_unwritten_rollback_of_a_new_migration_is_no_obstacle() {
    let folder = Folder::new(&[]);
    db(&folder, &["new", "a"]).ok();
    db(&folder, &["create-rollback", "1"]).exits(9);
    folder.write("migrations/001_a.sql", "CREATE TABLE a (id int);");
    db(&folder, &["create-rollback", "1"]).ok();
    let path = folder.path().join("migrations/001_a.rollback.sql");
    assert!(
        std::fs::read_to_string(path)
            .unwrap()
            .contains("DROP TABLE")
    );
}

#[test]
fn a_version_without_a_file_is_told() {
    let folder = Folder::new(&[("migrations/1_a.sql", "SELECT 1")]);
    let ran = db(&folder, &["create-rollback", "7"]).exits(9);
    assert!(
        ran.stderr.contains("No file has the version `7`"),
        "{}",
        ran.stderr
    );
    db(&folder, &["create-rollback", "x"]).exits(2);
}

#[test]
fn files_of_a_folder_that_all_environments_share_need_no_environment() {
    let folder = Folder::new(&[(
        ".poststack.yml",
        "project: { name: shared }\nenvironments:\n  dev:\n    postgres: { database: a }\n  \
         staging:\n    postgres: { database: b }\n",
    )]);
    folder.run(&["db", "new", "first"]).ok();
    folder.write("migrations/001_first.sql", "CREATE TABLE a (id int)");
    folder.run(&["db", "create-rollback", "1"]).ok();
    let rollback = folder.path().join("migrations/001_first.rollback.sql");
    let text = std::fs::read_to_string(rollback).unwrap();
    assert!(text.contains("DROP TABLE a;"), "{text}");
    let asked = folder.run(&["db", "status"]).exits(2);
    assert!(asked.stderr.contains("Which environment?"));
    folder.write(
        ".poststack.yml",
        "project: { name: shared }\nenvironments:\n  dev:\n    postgres: { database: a }\n  \
         staging:\n    migrations_path: other\n    postgres: { database: b }\n",
    );
    let asked = folder.run(&["db", "new", "second"]).exits(2);
    assert!(asked.stderr.contains("Which environment?"));
}
