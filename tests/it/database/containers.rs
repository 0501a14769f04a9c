//! The verbs of `db` on databases of real environments.

use std::io::{Read, Write};
use std::process::{Command, Stdio};

use crate::project::{On, Project, free_port, on_both_engines, ran};

/// Two environments; the passwords hold every character that means something somewhere.
fn two(on: On) -> Project {
    let config = format!(
        "\
project: {{ name: {{name}} }}
environment: dev
defaults:
  postgres: {{ storage: tmpfs }}
  init: [ {{ migrations: migrations }} ]
environments:
  dev:
    postgres: {{ port: {{port}}, password: \"a@b/c:d%e#f$$g'h\\\"i\\\\j üñ漢\" }}
  staging:
    postgres: {{ port: {}, database: \"my stage\", user: \"o'neil\" }}
",
        free_port()
    );
    let project = Project::new(on, &config);
    project.write(
        "migrations/001_place.sql",
        "CREATE TABLE place AS SELECT current_database() AS name",
    );
    project.write("migrations/001_place.rollback.sql", "DROP TABLE place");
    project
}

/// Runs psql through `db shell` with `typed` as what is typed on a terminal of 33 rows.
fn on_terminal(project: &Project, typed: &[&str]) -> String {
    let program = env!("CARGO_BIN_EXE_poststack");
    let shell = format!(
        "stty rows 33 cols 99; {program} db shell dev --host {}",
        project.on.host()
    );
    let mut child = Command::new("script")
        .args([
            "--quiet",
            "--return",
            "--flush",
            "--command",
            &shell,
            "/dev/null",
        ])
        .current_dir(project.root())
        .env("TERM", "dumb")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut screen = child.stdout.take().unwrap();
    let mut shown = Vec::new();
    let mut piece = [0; 1024];
    // Nobody types before the prompt.
    while !String::from_utf8_lossy(&shown).contains("=# ") {
        let read = screen.read(&mut piece).unwrap();
        assert!(read > 0, "{}", String::from_utf8_lossy(&shown));
        shown.extend_from_slice(&piece[..read]);
    }
    for line in typed {
        input.write_all(line.as_bytes()).unwrap();
    }
    screen.read_to_end(&mut shown).unwrap();
    drop(input);
    let shown = String::from_utf8(shown).unwrap();
    assert!(child.wait().unwrap().success(), "{shown}");
    shown
}

on_both_engines! {
    fn each_environment_is_reached_by_its_name_with_its_own_password(on: On) {
        let project = two(on);
        let ran = project.run(&["db", "migrate", "dev"]).exits(6);
        assert!(ran.stderr.contains("hint: start it: poststack env start dev"), "{}", ran.stderr);
        project.run(&["env", "start", "dev"]).ok();
        project.run(&["env", "start", "staging"]).ok();
        let asked = ["db", "query", "SELECT name FROM place", "--format", "json"];
        let place = |more: &[&str]| {
            let json = project.run(&[&asked[..], more].concat()).ok().json();
            json["results"][0]["rows"][0]["name"].as_str().unwrap().to_owned()
        };
        let dev = format!("{}_dev", project.name);
        assert_eq!(place(&[]), dev);
        assert_eq!(place(&["staging"]), "my stage");
        assert_eq!(place(&["-e", "staging"]), "my stage");
        project.run(&["env", "switch", "staging"]).ok();
        assert_eq!(place(&[]), "my stage");
        assert_eq!(place(&["dev"]), dev);
        for environment in ["dev", "staging"] {
            let url = project.run(&["db", "url", environment]).ok().stdout;
            let mut query = project.command(&["db", "query", "SELECT name FROM place"]);
            ran_with_url(&mut query, url.trim());
            project.run(&["db", "test-connection", environment]).ok();
            let shell = project.run(&["db", "shell", "-c", "SELECT name FROM place", environment]).ok();
            assert!(shell.stdout.contains(&place(&[environment])), "{}", shell.stdout);
        }
        project.run(&["env", "stop", "dev"]).ok();
        let ran = project.run(&["db", "status", "dev"]).exits(6);
        assert!(ran.stderr.contains("hint: start it: poststack env start dev"), "{}", ran.stderr);
    }

    fn a_container_of_the_environment_logs_in_with_the_url_for_containers(on: On) {
        let project = two(on);
        project.run(&["env", "start", "dev"]).ok();
        let url = project.run(&["db", "url", "dev", "--container"]).ok().stdout;
        let container = format!("{}-dev-postgres", project.name);
        let output = project.exec(&container, &["psql", url.trim(), "-Atc", "SELECT name FROM place"]);
        assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), format!("{}_dev", project.name));
    }

    fn the_shell_runs_commands_files_and_what_is_typed(on: On) {
        let project = two(on);
        project.run(&["env", "start", "dev"]).ok();
        let shell = project.run(&["db", "shell", "dev", "--command", "\\dt"]).ok();
        assert!(shell.stdout.contains("place"), "{}", shell.stdout);
        project.write("report.sql", "SELECT 6 * 7 AS answer;\nSELECT nothing;\nSELECT 'not run';\n");
        let file = project.run(&["db", "shell", "--file", "report.sql"]).exits(1);
        assert!(file.stdout.contains("42") && !file.stdout.contains("not run"), "{}", file.stdout);
        assert!(file.stderr.contains("psql ended with exit code 3"), "{}", file.stderr);
        let mut piped = project.command(&["db", "shell"]);
        let input = std::fs::File::open(project.write("in.sql", "SELECT 'piped' AS how;\n")).unwrap();
        let piped = ran(piped.stdin(input)).ok();
        assert!(piped.stdout.contains("piped"), "{}", piped.stdout);
        let shown = on_terminal(&project, &["\\pset pager off\n", "SELECT 40 + 2 AS answer;\n", "\\! stty size\n", "\\q\n"]);
        assert!(shown.contains("     42"), "{shown}");
        assert!(shown.contains("33 99"), "{shown}");
    }

    fn migrations_by_hand_and_by_the_init_phase_are_the_same(on: On) {
        let project = two(on);
        let started = project.run(&["env", "start", "dev"]).ok();
        assert!(started.stderr.contains("✅ migrations: 1 applied, "), "{}", started.stderr);
        project.write("migrations/002_more.sql", "CREATE TABLE more ()");
        project.run(&["db", "migrate", "dev"]).ok();
        let again = project.run(&["env", "init", "dev"]).ok();
        assert!(again.stderr.contains("✅ migrations: nothing pending, "), "{}", again.stderr);
        project.write("migrations/001_place.sql", "SELECT 'edited'");
        let hand = project.run(&["db", "migrate", "dev"]).exits(9);
        assert!(hand.stderr.contains("`001_place` was changed after it was applied"), "{}", hand.stderr);
        let init = project.run(&["env", "init", "dev"]).exits(4);
        assert!(init.stderr.contains("`001_place` was changed after it was applied"), "{}", init.stderr);
        assert!(init.stderr.contains("hint: Retry init: poststack env init dev"), "{}", init.stderr);
    }

    fn the_init_phase_keeps_what_the_configuration_says_of_migrations(on: On) {
        let config = "project: { name: {name} }\nenvironments:\n  dev:\n    protected: true\n    \
                      migrations: { statement_timeout: 100ms }\n    postgres: { port: {port}, storage: tmpfs }\n    \
                      init: [ { migrations: migrations } ]\n    variables: { WORD: seven }\n";
        let project = Project::new(on, config);
        project.write("migrations/001_a.sql", "-- poststack: substitute\nCREATE TABLE a AS SELECT '${WORD}'::text AS word");
        project.write("migrations/001_a.rollback.sql", "DROP TABLE a");
        project.run(&["env", "start"]).ok();
        let word = project.run(&["db", "query", "TABLE a"]).ok();
        assert_eq!(word.stdout, "word\nseven\n");
        project.write("migrations/002_b.sql", "CREATE INDEX a_word ON a (word)");
        project.write("migrations/002_b.rollback.sql", "DROP INDEX a_word");
        let refused = project.run(&["env", "start"]).exits(4);
        assert!(refused.stderr.contains("lint refuses what is pending"), "{}", refused.stderr);
        project.write("migrations/002_b.sql", "SELECT pg_sleep(5)");
        let slow = project.run(&["env", "start"]).exits(4);
        assert!(slow.stderr.contains("SQLSTATE 57014"), "{}", slow.stderr);
    }
}

/// The same answer when the database is named by its URL.
fn ran_with_url(query: &mut Command, url: &str) {
    let ran = ran(query.env("POSTSTACK_DATABASE_URL", url)).ok();
    assert!(ran.stdout.starts_with("name\n"), "{}", ran.stdout);
}
