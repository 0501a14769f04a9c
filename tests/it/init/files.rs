//! What is written, what is kept, and what is refused.

use std::path::Path;

use serde_json::Value;

use crate::database::support::Folder;

/// All files below a folder, sorted, with what is in them.
fn contents(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().display().to_string();
                found.push((name, std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

fn list(outcome: &Value, key: &str) -> Vec<String> {
    let paths = outcome[key].as_array().unwrap().iter();
    paths
        .map(|path| path.as_str().unwrap().to_owned())
        .collect()
}

fn json(folder: &Folder, arguments: &[&str]) -> Value {
    let arguments = [arguments, &["--format", "json"]].concat();
    folder.run(&arguments).ok().result()
}

#[test]
fn every_template_makes_a_valid_project_in_a_folder_of_its_name() {
    let folder = Folder::new(&[]);
    let listed = folder
        .run(&["init", "--list-templates", "--format", "json"])
        .ok()
        .json();
    let names: Vec<&str> = listed["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        ["web", "worker", "nginx", "apache-php", "fastapi", "axum"]
    );
    for name in names {
        folder.run(&["init", name, "--template", name, "-q"]).ok();
        let file = folder.path().join(name);
        let shown = folder
            .run(&[
                "config",
                "show",
                "-C",
                file.to_str().unwrap(),
                "--format",
                "json",
            ])
            .ok()
            .json();
        assert_eq!(shown["project"]["name"], name, "{shown}");
        // Every file that the configuration names is read, and every variable is there.
        let dry = folder
            .run(&["env", "dry-run", "-C", file.to_str().unwrap()])
            .ok();
        assert!(!dry.stdout.contains("UNDEFINED"), "{}", dry.stdout);
        let valid = folder
            .run(&["config", "validate", "-C", file.to_str().unwrap()])
            .ok();
        assert_eq!(valid.stderr, "", "{name}");
        let again = json(&folder, &["init", name]);
        assert_eq!(again["template"], name);
        assert_eq!(list(&again, "written"), [""; 0]);
    }
}

#[test]
fn the_report_names_every_file_and_what_to_type() {
    let folder = Folder::new(&[]);
    let ran = folder.run(&["init", "my app"]).ok();
    assert_eq!(ran.stdout, "", "the report is no data");
    for line in [
        "my-app in my app",
        "written  .poststack.yml",
        "cd 'my app'\n",
        "poststack env start\n",
        "curl http://127.0.0.1:8080/",
    ] {
        assert!(ran.stderr.contains(line), "{line}: {}", ran.stderr);
    }
    for (path, _) in contents(&folder.path().join("my app")) {
        assert!(ran.stderr.contains(&format!("written  {path}\n")), "{path}");
    }
}

#[test]
fn what_is_to_be_typed_works_where_a_name_begins_with_a_dash_and_the_database_takes_the_usual_port()
{
    let folder = Folder::new(&[]);
    let ran = folder.run(&["init", "--db-port", "8080", "--", "-x2"]).ok();
    assert!(ran.stderr.contains("  cd ./-x2\n"), "{}", ran.stderr);
    let url = "curl http://127.0.0.1:8000/";
    assert!(ran.stderr.contains(url), "{}", ran.stderr);
    folder.run(&["config", "validate", "-C", "./-x2"]).ok();
}

#[test]
fn a_pipeline_below_the_root_of_a_repository_is_told_of() {
    let folder = Folder::new(&[(".git/HEAD", "")]);
    let below = folder.run(&["init", "sub", "--ci", "github"]).ok();
    for part in [
        "`.github/workflows/poststack.yml` is read at the root of the repository alone",
        "working-directory: sub",
    ] {
        assert!(below.stderr.contains(part), "{part}: {}", below.stderr);
    }
    let above = folder.run(&["init", "--ci", "github"]).ok();
    assert!(!above.stderr.contains("root of"), "{}", above.stderr);
}

#[test]
fn answers_of_the_command_line_are_what_the_files_say() {
    let folder = Folder::new(&[]);
    folder
        .run(&[
            "init",
            "shop",
            "--project-name",
            "market",
            "--description",
            "Fish: \"fresh\" # daily",
            "--env-name",
            "test",
            "--db-name",
            "Stock-1",
            "--db-port",
            "5999",
            "--db-user",
            "o'hara",
            "-q",
        ])
        .ok();
    let shop = folder.path().join("shop");
    let shown = folder
        .run(&[
            "config",
            "show",
            "-C",
            shop.to_str().unwrap(),
            "--format",
            "json",
        ])
        .ok()
        .json();
    assert_eq!(shown["project"]["name"], "market");
    assert_eq!(shown["project"]["description"], "Fish: \"fresh\" # daily");
    let text = shown.to_string();
    for part in ["\"test\"", "\"Stock-1\"", "5999", "\"o'hara\""] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(shop.join("environments/test.env").exists());
    let compose = std::fs::read_to_string(shop.join("deploy/app-compose.yml")).unwrap();
    assert!(compose.contains("image: market/web"), "{compose}");
}

#[test]
fn files_that_are_there_are_kept_and_listed_unless_they_shall_be_replaced() {
    let folder = Folder::new(&[
        ("deploy/app-compose.yml", "services: {}\n"),
        ("containers/web/server.py", "print()\n"),
    ]);
    let first = json(&folder, &["init"]);
    assert_eq!(
        list(&first, "kept"),
        ["containers/web/server.py", "deploy/app-compose.yml"]
    );
    assert!(list(&first, "written").contains(&".poststack.yml".to_owned()));
    let before = contents(folder.path());
    assert!(before.contains(&(
        "deploy/app-compose.yml".to_owned(),
        "services: {}\n".to_owned()
    )));

    let second = json(&folder, &["init"]);
    assert_eq!(list(&second, "written"), [""; 0]);
    assert_eq!(list(&second, "kept"), list(&first, "kept"));
    let same = before.len() - list(&first, "kept").len();
    assert_eq!(list(&second, "same").len(), same);
    assert_eq!(contents(folder.path()), before);

    let third = json(&folder, &["init", "--force"]);
    assert_eq!(list(&third, "written"), [""; 0]);
    assert_eq!(list(&third, "replaced"), list(&first, "kept"));
    assert_eq!(list(&third, "kept"), [""; 0]);
    assert!(
        contents(folder.path())
            .iter()
            .all(|(_, text)| text != "services: {}\n")
    );
}

#[test]
fn lists_of_ignored_files_get_what_they_lack_once_and_are_never_replaced() {
    let folder = Folder::new(&[(".gitignore", "/node_modules\nlogs")]);
    let first = json(&folder, &["init"]);
    assert_eq!(list(&first, "extended"), [".gitignore"]);
    json(&folder, &["init", "--force"]);
    let text = std::fs::read_to_string(folder.path().join(".gitignore")).unwrap();
    assert!(text.starts_with("/node_modules\nlogs\n"), "{text}");
    for line in [".poststack/", ".env"] {
        assert_eq!(text.lines().filter(|one| *one == line).count(), 1, "{text}");
    }
    assert!(!text.contains("logs/"), "it is ignored already: {text}");
}

#[test]
fn parts_are_added_to_a_project_with_the_answers_of_its_configuration() {
    let config = "project: { name: shop }\nenvironments:\n  live: { postgres: { port: 6001 } }\n";
    let folder = Folder::new(&[(".poststack.yml", config)]);
    let added = json(&folder, &["init", "--deploy", "--ci", "gitlab"]);
    assert_eq!(
        list(&added, "written"),
        [".gitlab-ci.yml", "containers/postgres/postgres-pod.yaml"]
    );
    let pipeline = std::fs::read_to_string(folder.path().join(".gitlab-ci.yml")).unwrap();
    assert!(pipeline.contains("POSTSTACK_ENV: \"live\""), "{pipeline}");
    let pod = folder.path().join("containers/postgres/postgres-pod.yaml");
    let shipped = std::fs::read_to_string(&pod).unwrap();
    assert!(
        shipped.contains("image: poststack/postgres:15"),
        "{shipped}"
    );
    let added = json(&folder, &["init", "--all"]);
    assert_eq!(
        list(&added, "kept"),
        ["containers/postgres/postgres-pod.yaml"]
    );
    assert!(list(&added, "written").contains(&"containers/postgres/Dockerfile".to_owned()));
    assert!(
        list(&added, "written")
            .iter()
            .all(|path| path.starts_with("containers/postgres/"))
    );
    assert_eq!(
        std::fs::read_to_string(folder.path().join(".poststack.yml")).unwrap(),
        config
    );
}

#[test]
fn a_project_of_another_hand_gets_no_application_that_it_did_not_ask_for() {
    let folder = Folder::new(&[(".poststack.yaml", "environments: { dev: {} }\n")]);
    let ran = folder.run(&["init", "--db-port", "6002"]).ok();
    assert!(
        ran.stderr
            .contains("--db-port changes nothing; poststack init --force replaces it"),
        "{}",
        ran.stderr
    );
    let there = contents(folder.path());
    let paths: Vec<&str> = there.iter().map(|(path, _)| path.as_str()).collect();
    assert!(
        paths.contains(&"containers/postgres/Dockerfile"),
        "{paths:?}"
    );
    for path in [
        ".poststack.yml",
        "deploy/app-compose.yml",
        "containers/web/Dockerfile",
    ] {
        assert!(!paths.contains(&path), "{path}");
    }
}

#[test]
fn migrations_of_a_template_come_after_those_that_are_there() {
    let folder = Folder::new(&[("migrations/001_users.sql", "CREATE TABLE users ();")]);
    let first = json(&folder, &["init"]);
    let written = list(&first, "written");
    assert!(
        written.contains(&"migrations/002_greetings.sql".to_owned()),
        "{written:?}"
    );
    assert!(
        written.contains(&"migrations/002_greetings.rollback.sql".to_owned()),
        "{written:?}"
    );
    let second = json(&folder, &["init"]);
    assert_eq!(list(&second, "written"), [""; 0]);
}

#[test]
fn nothing_is_written_where_a_file_stands_in_the_way() {
    for (path, message) in [
        ("deploy", "`deploy` is a file"),
        ("containers/web", "`containers/web` is a file"),
    ] {
        let folder = Folder::new(&[(path, "")]);
        let before = contents(folder.path());
        let ran = folder.run(&["init"]).exits(1);
        assert!(ran.stderr.contains(message), "{}", ran.stderr);
        assert!(ran.stderr.contains("hint: "), "{}", ran.stderr);
        assert_eq!(contents(folder.path()), before);
    }
    let folder = Folder::new(&[("seeds.sql/x", "")]);
    let ran = folder.run(&["init"]).exits(1);
    assert!(
        ran.stderr.contains("`seeds.sql` is a folder"),
        "{}",
        ran.stderr
    );
    let folder = Folder::new(&[("name", "")]);
    folder.run(&["init", "name"]).exits(1);
}

#[test]
fn a_write_that_fails_leaves_no_half_file_and_no_project() {
    let init = "init --project-name shop";
    let whole = Folder::new(&[]);
    whole.run(&init.split(' ').collect::<Vec<_>>()).ok();
    let whole = contents(whole.path());
    let folder = Folder::new(&[]);
    // No file may get longer than 1 KiB.
    let program = env!("CARGO_BIN_EXE_poststack");
    let script = format!("trap '' XFSZ; ulimit -f 1; exec {program} {init}");
    let mut command = std::process::Command::new("bash");
    command.args(["-c", &script]).current_dir(folder.path());
    let ran = crate::project::ran(&mut command).exits(1);
    let message = "The files were not written";
    assert!(ran.stderr.contains(message), "{}", ran.stderr);
    let left = contents(folder.path());
    assert!(!left.is_empty());
    assert!(left.iter().all(|file| whole.contains(file)), "{left:?}");
    assert!(left.iter().all(|(path, _)| path != ".poststack.yml"));
    folder.run(&init.split(' ').collect::<Vec<_>>()).ok();
    assert_eq!(contents(folder.path()), whole);
}

#[test]
fn values_that_cannot_be_used_are_named_with_their_option() {
    let folder = Folder::new(&[]);
    for (option, value, message) in [
        (
            "--project-name",
            "My Shop",
            "--project-name: `My Shop` holds `M`",
        ),
        ("--env-name", "", "--env-name: `` is empty"),
        ("--db-port", "0", "--db-port: `0` is no port"),
        ("--db-port", "postgres", "--db-port: `postgres` is no port"),
        (
            "--db-name",
            "template0",
            "--db-name: `template0` is a template of PostgreSQL itself",
        ),
        (
            "--db-user",
            "pg_me",
            "--db-user: PostgreSQL reserves the role name `pg_me`",
        ),
        ("--template", "django", "invalid value 'django'"),
    ] {
        let ran = folder.run(&["init", "new", option, value]).exits(2);
        assert!(ran.stderr.contains(message), "{}", ran.stderr);
        assert!(!folder.path().join("new").exists());
    }
    folder.run(&["init", ""]).exits(2);
    folder.run(&["init", "-C", "elsewhere"]).exits(2);
}

#[test]
fn a_faulty_configuration_is_told_of_and_can_be_replaced() {
    let folder = Folder::new(&[(".poststack.yml", "environments:\n  dev: { port: 1 }\n")]);
    let before = contents(folder.path());
    let ran = folder.run(&["init"]).exits(3);
    assert!(ran.stderr.contains(".poststack.yml:2:"), "{}", ran.stderr);
    let mut after = contents(folder.path());
    // A project keeps a log of what failed.
    after.retain(|(path, _)| !path.starts_with("logs/"));
    assert_eq!(after, before);
    folder.run(&["init", "--force"]).ok();
    folder.run(&["config", "validate"]).ok();
}

#[test]
fn a_port_that_is_taken_is_told_of_with_where_to_write_another() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let folder = Folder::new(&[]);
    let ran = folder.run(&["init", "--db-port", &port]).ok();
    let note = format!(
        "port {port} is taken on this machine now; write another `port` into .poststack.yml"
    );
    assert!(ran.stderr.contains(&note), "{}", ran.stderr);

    // The second time it may be the project's own database that runs there.
    std::fs::write(folder.path().join(".poststack.yml"), "x-mine: 1\n").unwrap();
    for arguments in [&["init", "--db-port", &port, "--force"][..], &["init"]] {
        let ran = folder.run(arguments).ok();
        assert!(!ran.stderr.contains("is taken"), "{}", ran.stderr);
    }
}

#[test]
fn what_is_replaced_is_what_is_named_and_the_template_is_the_one_that_is_there() {
    let folder = Folder::new(&[]);
    json(&folder, &["init", "--template", "fastapi"]);
    let mine = |path: &str| std::fs::write(folder.path().join(path), "x-mine: 1\n").unwrap();
    let (app, image) = ("deploy/app-compose.yml", "containers/postgres/Dockerfile");
    mine(app);
    mine(image);
    for (arguments, replaced) in [
        (&["init", "--ci", "github", "--force"][..], &[][..]),
        (&["init", "--postgres", "--force"], &[image]),
        (&["init", "--force"], &[app]),
    ] {
        let outcome = json(&folder, arguments);
        assert_eq!(list(&outcome, "replaced"), replaced, "{arguments:?}");
    }
    let again = json(&folder, &["init", "--force"]);
    assert_eq!(again["template"], "fastapi");
    assert!(!folder.path().join("containers/web").exists());
}

#[test]
fn parts_are_not_written_into_a_folder_of_a_project() {
    let folder = Folder::new(&[
        (".poststack.yml", "environments: { dev: {} }\n"),
        ("deploy/app.yml", ""),
    ]);
    let below = folder.path().join("deploy");
    let init = |arguments: &[&str]| {
        let mut command = folder.command(arguments);
        crate::project::ran(command.current_dir(&below))
    };
    for arguments in [&["init", "--ci", "github"], &["init", "--postgres", "-q"]] {
        let ran = init(arguments).exits(2);
        let hint = format!("go there: cd {}", folder.path().display());
        assert!(ran.stderr.contains(&hint), "{}", ran.stderr);
        assert_eq!(contents(&below).len(), 1);
    }
    init(&["init", ".", "--ci", "github"]).ok();
    assert!(below.join(".poststack.yml").exists());
}
