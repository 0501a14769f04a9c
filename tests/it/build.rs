//! `build`, and images that a project describes itself.

use std::os::unix::fs::MetadataExt;

use crate::project::{On, Project, on_both_engines};

const CONFIG: &str = "\
project: { name: {name} }
environments:
  dev:
    postgres: { port: {port} }
    deployment: { compose: app.yml }
";

/// Starts from another image of the project and holds the whole context.
const WEB: &str = "FROM {name}/base\nCOPY . /src\nCMD [\"sleep\", \"infinity\"]\n";
const BASE: &str = "FROM debian:bookworm-slim\nRUN echo so far\n";

fn project(on: On) -> Project {
    let project = Project::new(on, CONFIG);
    project.write("containers/web/Dockerfile", WEB);
    project.write("containers/base/Dockerfile", BASE);
    project
}

/// The image's id at the engine.
fn id(project: &Project, image: &str) -> String {
    let reference = format!("{}/{image}", project.name);
    let arguments = ["image", "inspect", "--format", "{{.Id}}", &reference];
    project.on.cli_text(&arguments)
}

on_both_engines! {
    fn a_project_builds_its_images_after_those_they_are_made_from(on: On) {
        let project = project(on);
        project.write(".dockerignore", "hidden\n");
        project.write("hidden/secret.txt", "");
        project.write(".poststack/passwords/dev", "canary");
        let built = project.result(&["build"]);
        let built: Vec<&str> = built["items"].as_array().unwrap().iter()
            .map(|one| one["image"].as_str().unwrap())
            .collect();
        let (base, web) = (format!("{}/base", project.name), format!("{}/web", project.name));
        assert_eq!(
            built,
            ["poststack/base-debian:core", "poststack/postgres:15", "poststack/base-debian:latest", &base, &web]
        );
        let arguments = ["run", "--rm", &web, "ls", "-A", "/src"];
        let content = on.cli_text(&arguments);
        let content: Vec<&str> = content.split_whitespace().collect();
        assert_eq!(content, [".poststack.yml", "containers"], "neither state nor logs are in it");

        let before = id(&project, "web");
        let again = project.run(&["build", "web"]).ok();
        assert_eq!(id(&project, "web"), before, "{}", again.stderr);
        let unknown = project.run(&["build", "wbe"]).exits(2);
        assert!(unknown.stderr.contains("did you mean `web`?"), "{}", unknown.stderr);

        let log = project.read("logs/containers/web.log");
        assert!(log.contains("COPY . /src") && log.contains("built after"), "{log}");
        let path = project.root().join("logs/containers/web.log");
        assert_eq!(std::fs::metadata(path).unwrap().mode() & 0o777, 0o600);
        let main = project.read("logs/poststack.log");
        assert!(main.contains("INFO build: ended with exit code 0"), "{main}");
        let listed = project.run(&["logs", "list", "--category", "container"]).ok().stdout;
        assert!(listed.contains("logs/containers/base.log"), "{listed}");
    }

    fn a_build_that_fails_names_its_line_and_where_the_whole_log_is(on: On) {
        let project = project(on);
        project.write("containers/base/Dockerfile", &format!("{BASE}RUN echo oops && exit 9\n"));
        let ran = project.run(&["build", "web"]).exits(1);
        for part in [
            "containers/base/Dockerfile:3: `RUN echo oops && exit 9` failed: exit code 9",
            "│ oops",
            "hint: the whole build: logs/containers/base.log",
        ] {
            assert!(ran.stderr.contains(part), "no `{part}` in:\n{}", ran.stderr);
        }
        let log = project.read("logs/containers/base.log");
        assert!(log.contains("so far") && log.contains("exit code 9"), "{log}");
        let main = project.read("logs/poststack.log");
        assert!(main.contains("ERROR build: Image `"), "{main}");
        assert!(main.contains("ended with exit code 1"), "{main}");
    }

    fn a_database_image_of_the_project_is_used_and_follows_its_files(on: On) {
        let project = project(on);
        project.write("app.yml", "services:\n  web:\n    image: {name}/web\n    init: true\n");
        project.write(
            "containers/postgres/Dockerfile",
            "FROM poststack/postgres:15\nARG POSTGRES_VERSION\nRUN echo for $POSTGRES_VERSION > /version\nCOPY note /note\n",
        );
        project.write("containers/postgres/note", "one");
        // Logs that cannot be written stop nothing.
        project.write("logs", "in the way");
        let ran = project.run(&["env", "start", "dev"]).ok();
        assert_eq!(ran.stderr.matches("warning: no log is written to").count(), 1, "{}", ran.stderr);
        std::fs::remove_file(project.root().join("logs")).unwrap();
        let database = format!("{}-dev-postgres", project.name);
        let note = |path: &str| {
            let output = project.exec(&database, &["cat", path]);
            String::from_utf8(output.stdout).unwrap().trim().to_owned()
        };
        assert_eq!((note("/note"), note("/version")), ("one".to_owned(), "for 15".to_owned()));
        project.run(&["db", "query", "CREATE TABLE kept AS SELECT 1 AS n", "dev"]).ok();
        let first = project.container_ids();
        project.run(&["env", "start", "dev"]).ok();
        assert_eq!(project.container_ids(), first);

        project.write("containers/postgres/note", "two");
        let planned = project.run(&["env", "plan", "dev"]).ok().stdout;
        assert!(planned.contains("changed: containers/postgres"), "{planned}");
        let ran = project.run(&["env", "start", "dev"]).ok();
        assert!(ran.stderr.contains("(changed: containers/postgres)"), "{}", ran.stderr);
        assert_eq!(note("/note"), "two");
        let kept = project.run(&["db", "query", "TABLE kept", "dev"]).ok().stdout;
        assert!(kept.contains('1'), "{kept}");
        let sql = project.read("logs/database/sql.log");
        assert!(sql.contains("db query [dev]: TABLE kept"), "{sql}");
        let second = project.container_ids();
        project.run(&["env", "start", "dev"]).ok();
        assert_eq!(project.container_ids(), second);

        let config = project.read(".poststack.yml");
        let named = config.replace("postgres: { ", "postgres: { image: \"poststack/postgres:15\", ");
        project.write(".poststack.yml", &named);
        let planned = project.run(&["env", "plan", "dev"]).ok().stdout;
        assert!(planned.contains("changed: containers/postgres, image"), "{planned}");
    }
}

#[test]
fn images_that_are_made_from_each_other_are_told_with_the_way_round() {
    let project = project(On::Docker);
    project.write("containers/base/Dockerfile", "FROM {name}/web:latest\n");
    let ran = project.run(&["build"]).exits(3);
    let told = "error: Images are made from each other: base from web from base";
    assert!(ran.stderr.contains(told), "{}", ran.stderr);
}

#[test]
fn a_folder_that_cannot_name_an_image_is_told_with_a_name_that_can() {
    let project = Project::new(On::Docker, CONFIG);
    project.write(
        "containers/My Web/Dockerfile",
        "FROM debian:bookworm-slim\n",
    );
    let ran = project.run(&["build"]).exits(3);
    assert!(ran.stderr.contains("as in `my-web`"), "{}", ran.stderr);
}
