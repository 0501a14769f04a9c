//! The files around the configuration: found upward, missing, beside each other.

use super::*;
use crate::names::EnvironmentName;
use std::fs;

/// A project folder with `.poststack.yml` and the given files; a name ending with `/` is a folder.
fn project(text: &str, files: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(".poststack.yml"), text).unwrap();
    for file in files {
        let path = folder.path().join(file);
        if file.ends_with('/') {
            fs::create_dir_all(path).unwrap();
        } else {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
    }
    folder
}

fn loaded(folder: &Path) -> Result<Loaded, Vec<Diagnostic>> {
    load(&folder.join(".poststack.yml"), Path::new(".poststack.yml"))
}

/// What is said about the files of the environment `name`, with the folder as `ROOT`.
fn missing(folder: &tempfile::TempDir, name: &str) -> String {
    let config = loaded(folder.path()).unwrap().config;
    let found = check_files(&config, &EnvironmentName::new(name).unwrap());
    shown(&found).replace(config.root.to_str().unwrap(), "ROOT")
}

#[test]
fn files_that_are_not_there_are_reported_for_their_environment_alone() {
    let text = "project: { name: x }
environments:
  a:
    env_file: [deploy/a.env, absent.env]
    init:
      - migrations: migrations
      - compose: deploy
      - pod: nowhere/pod.yaml
    deployment: { compose: deploy/app.yaml }
  b: { deployment: { compose: other.yml } }
  c: { env_file: environments, deployment: { compose: deploy/app.yml }, init: [ { migrations: sql } ] }
  d: { init: [ { migrations: deploy/app.yml } ] }
";
    let folder = project(text, &["deploy/a.env", "deploy/app.yml", "sql/"]);
    insta::assert_snapshot!(missing(&folder, "a"), @r#"
        4:30 error at "absent.env": No such file: `absent.env`
          help: looked for in `ROOT`
        6:21 error at "migrations": No such folder: `migrations`
          help: looked for in `ROOT`
        8:14 error at "nowhere/pod.yaml": No such file: `nowhere/pod.yaml`
          help: looked for in `ROOT/nowhere`, a folder that does not exist
        7:18 error at "deploy": The folder `deploy` has no Compose file
          help: looked for compose.yaml, compose.yml, docker-compose.yml, docker-compose.yaml; name the file itself
        9:28 error at "deploy/app.yaml": No such file: `deploy/app.yaml`
          help: looked for in `ROOT/deploy`; did you mean `app.yml`?
        "#);
    insta::assert_snapshot!(missing(&folder, "b"), @r#"
        10:31 error at "other.yml": No such file: `other.yml`
          help: looked for in `ROOT`
        "#);
    insta::assert_snapshot!(missing(&folder, "d"), @r#"
        12:30 error at "deploy/app.yml": `deploy/app.yml` is a file, not a folder
          help: name a folder here
        "#);
    fs::write(folder.path().join("environments"), "").unwrap();
    assert_eq!(missing(&folder, "c"), "");
    assert_eq!(missing(&folder, "unknown"), "");
}

#[test]
fn something_that_is_no_regular_file_is_reported() {
    let folder = project(
        "project: { name: x }\nenvironments: { a: { deployment: { compose: /dev/null } } }\n",
        &[],
    );
    insta::assert_snapshot!(missing(&folder, "a"), @r#"
        2:45 error at "/dev/null": `/dev/null` is not a file
          help: name a file here
        "#);
}

#[test]
fn the_env_file_of_an_environment_is_read_by_itself_and_before_the_others() {
    let text = "environments:
  a: { env_file: extra.env }
  b: { env_file: ./environments/b.env }
  c:
";
    let folder = project(text, &["environments/a.env", "environments/b.env"]);
    let config = loaded(folder.path()).unwrap().config;
    let files: Vec<Vec<_>> = config
        .environments
        .iter()
        .map(|it| {
            it.env_files
                .iter()
                .map(|path| path.strip_prefix(&config.root).unwrap().to_str().unwrap())
                .collect()
        })
        .collect();
    assert_eq!(
        files,
        [
            vec!["environments/a.env", "extra.env"],
            vec!["environments/b.env"],
            vec![]
        ]
    );
    let a = &config.environments[0];
    assert_eq!(
        a.env_file_places[&config.root.join("extra.env")].to_string(),
        ".poststack.yml:2:18"
    );
    assert!(
        missing(&folder, "a").starts_with("2:18 error at \"extra.env\": No such file: `extra.env`")
    );
}

#[test]
fn the_file_is_found_upward_under_either_name() {
    let folder = project("", &["a/b/c/", "a/.poststack.yaml"]);
    let root = folder.path();
    assert_eq!(
        find(&root.join("a/b/c")),
        Some(root.join("a/.poststack.yaml"))
    );
    assert_eq!(find(root), Some(root.join(".poststack.yml")));
    fs::remove_file(root.join(".poststack.yml")).unwrap();
    assert_eq!(find(root), None);
}

#[test]
fn a_second_file_under_the_other_name_is_warned_of() {
    let folder = project(
        "project: { name: x }\nenvironments: { a: }\n",
        &[".poststack.yaml"],
    );
    insta::assert_snapshot!(shown(&loaded(folder.path()).unwrap().diagnostics), @"
        warning: `.poststack.yaml` beside `.poststack.yml` is not read
          help: remove one of the two
        ");
}

#[test]
fn the_root_is_the_folder_of_the_file_without_links() {
    let folder = project(
        "environments: { a: { deployment: { compose: ./app.yml } } }\n",
        &["app.yml", "sub/"],
    );
    let link = folder.path().join("sub/link");
    std::os::unix::fs::symlink(folder.path(), &link).unwrap();
    let config = loaded(&link).unwrap().config;
    assert_eq!(config.root, fs::canonicalize(folder.path()).unwrap());
    assert_eq!(
        config.environments[0].deployment.as_ref().unwrap().written,
        "./app.yml"
    );
    assert_eq!(missing(&folder, "a"), "");
}

#[test]
fn a_file_that_is_not_there_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let faults = loaded(folder.path()).unwrap_err();
    assert_eq!(shown(&faults), "error: No such file: `.poststack.yml`");
}

/// The files that the deployment of the first environment stands for.
fn deployed(folder: &tempfile::TempDir) -> Vec<String> {
    let config = loaded(folder.path()).unwrap().config;
    let deployment = config.environments[0].deployment.as_ref().unwrap();
    let DeploymentKind::Compose(named) = &deployment.kind else {
        panic!()
    };
    let files = compose_files(named);
    let relative = |path: &PathBuf| path.strip_prefix(&config.root).unwrap().to_path_buf();
    files
        .iter()
        .map(|path| relative(path).display().to_string())
        .collect()
}

#[test]
fn a_folder_stands_for_what_compose_would_find_in_it() {
    let text = "environments: { a: { deployment: { compose: deploy } } }\n";
    let folder = project(text, &["deploy/docker-compose.yaml"]);
    assert_eq!(deployed(&folder), ["deploy/docker-compose.yaml"]);
    for (more, found) in [
        ("docker-compose.yml", "docker-compose.yml"),
        ("compose.yml", "compose.yml"),
        ("compose.yaml", "compose.yaml"),
    ] {
        fs::write(folder.path().join("deploy").join(more), "").unwrap();
        assert_eq!(deployed(&folder), [format!("deploy/{found}")]);
    }
    let add = |name: &str| fs::write(folder.path().join("deploy").join(name), "").unwrap();
    add("docker-compose.override.yml");
    assert_eq!(
        deployed(&folder),
        ["deploy/compose.yaml", "deploy/docker-compose.override.yml"]
    );
    add("compose.override.yaml");
    assert_eq!(
        deployed(&folder),
        ["deploy/compose.yaml", "deploy/compose.override.yaml"]
    );
    assert_eq!(missing(&folder, "a"), "");
}

#[test]
fn an_override_beside_the_one_named_file_is_not_read_and_that_is_noted() {
    let text = "environments:
  a: { deployment: { compose: deploy/app.yml } }
  b: { deployment: { compose: [deploy/app.yml, deploy/app.override.yml] } }
";
    let folder = project(text, &["deploy/app.yml", "deploy/app.override.yml"]);
    assert_eq!(deployed(&folder), ["deploy/app.yml"]);
    insta::assert_snapshot!(missing(&folder, "a"), @r#"
    2:31 note at "deploy/app.yml": `deploy/app.override.yml` beside `deploy/app.yml` is not read
      help: to merge it onto the file, write `compose: [deploy/app.yml, deploy/app.override.yml]`
    "#);
    assert_eq!(missing(&folder, "b"), "");
}

#[test]
fn every_missing_file_of_a_list_is_reported_where_it_is_named() {
    let text = "environments:
  a: { deployment: { compose: [app.yml, one.yml, two.yml] } }
";
    let folder = project(text, &["app.yml"]);
    insta::assert_snapshot!(missing(&folder, "a"), @r#"
    2:41 error at "one.yml": No such file: `one.yml`
      help: looked for in `ROOT`
    2:50 error at "two.yml": No such file: `two.yml`
      help: looked for in `ROOT`
    "#);
}
