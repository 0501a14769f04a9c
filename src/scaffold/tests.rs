//! What a new project holds, without a disk.

use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::config;
use crate::text::SourceFile;

fn draft(folder: &str, given: &[(Question, &str)]) -> Draft {
    let mut draft = Draft::new(folder, None);
    for (question, text) in given {
        draft.answer(*question, text).unwrap();
    }
    draft
}

fn everything(template: Template) -> Parts {
    Parts {
        project: true,
        template: Some(template),
        postgres: true,
        has_database_image: true,
        deploy: true,
        pipeline: None,
    }
}

/// The configuration that is written for these answers, read again.
fn configuration(answers: &Answers) -> Answers {
    let parts = Parts {
        project: true,
        ..Parts::default()
    };
    let files = files(answers, &parts);
    let file = files.iter().find(|file| file.path == ".poststack.yml");
    let source = SourceFile::new(".poststack.yml", file.unwrap().text.clone());
    let read = config::read(&source, Path::new("/nowhere"));
    let loaded = read.unwrap_or_else(|found| panic!("{found:#?}\n{}", source.text));
    Answers::of_config(&loaded.config, None).unwrap()
}

#[test]
fn the_defaults_follow_from_the_name_of_the_folder() {
    let answers = draft("My App", &[]).finish().unwrap();
    assert_eq!(answers.project.as_str(), "my-app");
    assert_eq!(answers.description, "my-app and its database");
    assert_eq!(answers.environment.as_str(), "dev");
    assert_eq!(answers.database, "my_app__dev");
    assert_eq!(answers.port, 5433);
    assert_eq!(answers.user, "my_app_user");
}

#[test]
fn a_default_follows_from_the_answers_before_it() {
    let given = [
        (Question::Project, "shop"),
        (Question::Environment, "test-1"),
    ];
    let answers = draft("elsewhere", &given).finish().unwrap();
    assert_eq!(answers.database, "shop__test_1");
    assert_eq!(answers.user, "shop_user");
    assert_eq!(answers.description, "shop and its database");
}

#[test]
fn a_default_name_in_the_database_needs_no_quotes_and_is_not_reserved() {
    for (folder, database, user) in [
        ("2048", "_2048__dev", "_2048_user"),
        ("pg-tools", "_pg_tools__dev", "_pg_tools_user"),
        ("pg", "_pg__dev", "_pg_user"),
        ("poststack", "poststack_app__dev", "poststack_app_user"),
        ("a---b__-c", "a_b_c__dev", "a_b_c_user"),
        ("...", "app__dev", "app_user"),
    ] {
        let answers = draft(folder, &[]).finish().unwrap();
        assert_eq!((&*answers.database, &*answers.user), (database, user));
    }
}

/// Question, text, a part of the message, a part of the help.
const REFUSED: &[(Question, &str, &str, &str)] = &[
    (
        Question::Project,
        "My App",
        "`My App` holds `M`",
        "write `my-app`",
    ),
    (
        Question::Project,
        "shop-",
        "cannot begin the name of an image",
        "write `shop`",
    ),
    (
        Question::Project,
        "a_-b",
        "cannot begin the name of an image",
        "write `a-b`",
    ),
    (
        Question::Project,
        "poststack",
        "own images",
        "write `poststack-app`",
    ),
    (
        Question::Environment,
        "Dev",
        "`Dev` holds `D`",
        "write `dev`",
    ),
    (Question::Port, "0", "`0` is no port", "1 to 65535"),
    (Question::Port, "70000", "`70000` is no port", "1 to 65535"),
    (
        Question::Database,
        "template1",
        "template of PostgreSQL",
        "another name",
    ),
    (
        Question::Database,
        "${NAME}",
        "cannot hold a variable",
        "the value itself",
    ),
    (
        Question::User,
        "pg_admin",
        "reserves the role name",
        "another name",
    ),
];

#[test]
fn an_answer_that_cannot_be_used_is_refused_with_what_to_write() {
    let long = "x".repeat(64);
    let long = (Question::Database, &*long, "64 bytes", "shorter");
    for (question, text, message, help) in REFUSED.iter().chain([&long]) {
        let refusal = Draft::new("a", None).answer(*question, text).unwrap_err();
        assert!(refusal.message.contains(message), "{refusal:?}");
        let found = refusal.help.as_deref().unwrap();
        assert!(found.contains(help), "{refusal:?}");
    }
}

#[test]
fn an_empty_name_is_refused() {
    for question in [Question::Project, Question::Environment, Question::Database] {
        let refused = Draft::new("a", None).answer(question, "");
        assert!(refused.is_err(), "{question:?}");
    }
}

#[test]
fn every_open_place_of_every_template_is_filled() {
    let answers = draft("shop", &[]).finish().unwrap();
    for template in TEMPLATES {
        for pipeline in [Pipeline::Github, Pipeline::Gitlab] {
            let parts = Parts {
                pipeline: Some(pipeline),
                ..everything(*template)
            };
            for file in files(&answers, &parts) {
                let is_own = file.path.starts_with("containers/");
                let lines = file
                    .text
                    .lines()
                    .filter(|line| line.matches('@').count() > 1);
                assert!(is_own || lines.count() == 0, "{}", file.path);
                assert!(!file.path.contains('@'), "{}", file.path);
                assert!(!file.path.ends_with(".in"), "{}", file.path);
            }
        }
    }
}

#[test]
fn every_template_has_what_a_project_needs() {
    let answers = draft("shop", &[]).finish().unwrap();
    for template in TEMPLATES {
        let files = files(&answers, &everything(*template));
        let has = |test: &dyn Fn(&str) -> bool| files.iter().any(|file| test(&file.path));
        for path in [
            ".poststack.yml",
            ".gitignore",
            ".dockerignore",
            "deploy/app-compose.yml",
            "deploy/init-compose.yml",
            "environments/dev.env",
            "containers/postgres/Dockerfile",
            "containers/postgres/postgresql.conf",
            "containers/postgres/pg_hba.conf",
            "containers/postgres/postgres-pod.yaml",
        ] {
            assert!(has(&|it| it == path), "{}: {path}", template.name);
        }
        assert!(has(&|it| it.starts_with("containers/postgres/docs/")));
        let is_rollback = |it: &str| it.ends_with(".rollback.sql");
        assert!(has(
            &|it| it.starts_with("migrations/001_") && is_rollback(it)
        ));
        assert!(has(
            &|it| it.starts_with("migrations/001_") && !is_rollback(it)
        ));
        let scripts = files.iter().filter(|file| file.path.ends_with(".sh"));
        assert!(
            { scripts }.all(|file| file.is_executable),
            "{}",
            template.name
        );
        assert_eq!(
            files
                .iter()
                .filter(|file| file.text.contains("auto_generated"))
                .count(),
            1,
            "the password is generated by the first start"
        );
    }
}

#[test]
fn the_image_of_the_database_is_made_from_the_files_that_poststack_ships() {
    let answers = draft("shop", &[]).finish().unwrap();
    let parts = Parts {
        postgres: true,
        ..Parts::default()
    };
    let files = files(&answers, &parts);
    for (path, text) in crate::assets::CONTAINERS {
        if path.starts_with("containers/postgres/") {
            let file = files.iter().find(|file| file.path == *path).unwrap();
            assert_eq!(file.text, *text);
        }
    }
}

/// Text that a user may type, quotes, colons and placeholders among it.
fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[-:#@!%&*?{}\\[\\]|>'\"`, \\\\$a-z0-9\\n]{0,30}",
        Just("@port@ @project.yaml@".to_owned()),
        Just("a: b # c".to_owned()),
        Just("null".to_owned()),
    ]
}

proptest! {
    #[test]
    fn what_is_answered_is_what_the_configuration_says(
        folder in any::<String>(),
        environment in "[a-z0-9][a-z0-9_-]{0,39}",
        description in hostile(),
        database in hostile(),
        user in hostile(),
        port in 1..=u16::MAX,
    ) {
        let mut draft = Draft::new(&folder, None);
        draft.answer(Question::Environment, &environment).unwrap();
        draft.answer(Question::Port, &port.to_string()).unwrap();
        // What is refused is left to the default.
        let _ = draft.answer(Question::Description, &description);
        let _ = draft.answer(Question::Database, &database);
        let _ = draft.answer(Question::User, &user);
        let answers = draft.finish().unwrap();
        prop_assert_eq!(configuration(&answers), answers);
    }

    #[test]
    fn every_project_name_that_is_taken_makes_a_configuration(name in "[a-z0-9_-]{1,40}") {
        let mut draft = Draft::new("a", None);
        if draft.answer(Question::Project, &name).is_ok() {
            let answers = draft.finish().unwrap();
            prop_assert_eq!(configuration(&answers), answers);
        }
    }
}

fn new_file(path: &str, text: &str) -> NewFile {
    NewFile {
        path: path.to_owned(),
        text: text.to_owned(),
        is_executable: false,
        is_list: path.ends_with("ignore"),
    }
}

#[test]
fn nothing_outside_the_folder_is_written_through_a_link() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().unwrap();
    let at = |path: &str| folder.path().join(path);
    let read = |path: &str| std::fs::read_to_string(at(path)).unwrap();
    for made in ["foreign", "root/lists"] {
        std::fs::create_dir_all(at(made)).unwrap();
    }
    std::fs::write(at("foreign/file"), "theirs").unwrap();
    std::fs::write(at("root/lists/git"), "mine\n").unwrap();
    symlink("../foreign/file", at("root/seeds.sql")).unwrap();
    symlink("lists/git", at("root/.gitignore")).unwrap();
    symlink("../foreign", at("root/deploy")).unwrap();
    let files = vec![new_file("seeds.sql", "new"), new_file(".gitignore", "x\n")];
    let decided = decide(&at("root"), files, true).unwrap();
    write(&at("root"), &decided).unwrap();
    assert_eq!(
        (read("root/seeds.sql"), read("foreign/file")),
        ("new".into(), "theirs".into())
    );
    assert_eq!(read("root/lists/git"), "mine\n\nx\n");
    assert!(at("root/.gitignore").is_symlink());
    for path in ["deploy/app.yml", "deploy/file"] {
        let refused = decide(&at("root"), vec![new_file(path, "new")], true);
        let message = refused.unwrap_err().to_string();
        assert!(
            message.starts_with("`deploy` is a link out of the project"),
            "{message}"
        );
    }
    let kept = decide(&at("root"), vec![new_file("deploy/file", "new")], false);
    assert_eq!(kept.unwrap()[0].fate, Fate::Kept);
}

#[test]
fn the_application_and_a_second_database_are_not_at_the_port_of_the_first() {
    for (port, web, next) in [
        ("5433", 8080, 5434),
        ("8080", 8000, 8081),
        ("8079", 8080, 8081),
    ] {
        let answers = draft("shop", &[(Question::Port, port)]).finish().unwrap();
        assert_eq!(answers.web_port(), web);
        let files = files(&answers, &everything(TEMPLATES[0]));
        let text = |path: &str| &files.iter().find(|file| file.path == path).unwrap().text;
        assert!(text("environments/dev.env").contains(&format!("\nWEB_PORT={web}\n")));
        assert!(text(".poststack.yml").contains(&format!("port: {next} }}")));
    }
}

#[test]
fn a_refusal_says_which_folder_to_make_writable() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("deploy/app.yml");
    let hints = |kind: std::io::ErrorKind| super::folder::refused(&path, kind.into()).hints;
    let folder = root.path().display();
    assert_eq!(
        hints(std::io::ErrorKind::PermissionDenied),
        [format!("make `{folder}` writable for your user")]
    );
    assert_eq!(hints(std::io::ErrorKind::StorageFull), [""; 0]);
}
