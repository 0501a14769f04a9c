//! Docker Compose runs the result.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::support::{ODD, export, insert, keeps_secrets, mode, program, project, rows};
use crate::project::{On, Ran, ran};

/// An exported folder; what Compose made of it goes with this.
struct Exported {
    program: PathBuf,
    folder: PathBuf,
}

impl Exported {
    fn compose(&self, arguments: &[&str]) -> Ran {
        let mut command = Command::new(&self.program);
        command
            .args(["--ansi", "never", "-f", "compose.yml"])
            .args(arguments)
            .current_dir(&self.folder)
            .env("DOCKER_HOST", On::Docker.host());
        ran(&mut command)
    }

    /// What a program in the container of a service prints.
    #[track_caller]
    fn exec(&self, service: &str, command: &[&str]) -> String {
        let arguments = [&["exec", "-T", service], command].concat();
        self.compose(&arguments).ok().stdout
    }
}

impl Drop for Exported {
    fn drop(&mut self) {
        self.compose(&["down", "--volumes", "--timeout", "1"]);
    }
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn docker_compose_goes_on_with_the_same_data_and_starts_from_nothing() {
    let project = project(On::Docker);
    project.run(&["env", "start", "dev"]).ok();
    insert(&project, "inserted");
    let variables = export(&project, "env-vars");
    let exported = Exported {
        program: program("docker-compose.sh"),
        folder: export(&project, "docker-compose"),
    };
    assert_eq!(mode(&exported.folder.join(".env")), 0o600);
    keeps_secrets(&project, &exported.folder);
    assert!(!text(&exported.folder.join("compose.yml")).contains("poststack.definition"));
    project.run(&["env", "stop", "dev", "--rm"]).ok();

    exported.compose(&["up", "--detach"]).ok();
    assert_eq!(rows(&variables), "inserted migrated seeded");
    for name in ["ODD", "ODD_SECRET"] {
        assert_eq!(
            exported.exec("app", &["printenv", name]),
            format!("{ODD}\n")
        );
    }
    assert_eq!(exported.exec("app", &["printenv", "ODD_KEY"]), "one\ntwo\n");
    assert_eq!(
        exported.exec("app", &["printenv", "WORD", "NUMBER"]),
        "yes\n0123\n"
    );
    assert_eq!(exported.exec("app", &["cat", "/page.txt"]), "a page\n");
    let command = exported.exec("app", &["cat", "/proc/1/cmdline"]);
    assert!(command.contains("sleep"), "{command}");
    let ledger = "psql \"$DATABASE_URL\" -Atc 'SELECT count(*) FROM poststack.schema_migrations'";
    assert_eq!(exported.exec("app", &["sh", "-c", ledger]), "2\n");

    // The same folder on a machine without the data.
    exported
        .compose(&["down", "--volumes", "--timeout", "1"])
        .ok();
    exported.compose(&["up", "--detach"]).ok();
    assert_eq!(rows(&variables), "migrated seeded");
    assert_eq!(exported.exec("app", &["sh", "-c", ledger]), "2\n");
}

#[test]
fn without_an_output_the_document_goes_to_stdout_and_no_secret_with_it() {
    let project = project(On::Docker);
    let shown = project
        .run(&["env", "export", "dev", "--format", "docker-compose"])
        .ok();
    assert!(
        shown.stdout.starts_with("# dev of poststack project"),
        "{}",
        shown.stdout
    );
    assert!(
        !shown.stdout.contains(&super::support::password(&project)),
        "{}",
        shown.stdout
    );
    assert!(shown.stderr.contains("--output DIR"), "{}", shown.stderr);
    assert!(!project.root().join("compose.yml").exists());
}

#[test]
fn builds_are_taken_along_without_what_they_leave_out_and_without_poststack() {
    let project = crate::project::Project::new(On::Docker, crate::export::refused::DEV);
    project.write(
        "app.yml",
        "services:\n  web: { build: { context: ., args: { PLAIN: x } } }\n",
    );
    project.write(
        "Dockerfile",
        "FROM poststack/base-debian\nCOPY page.txt /\n",
    );
    project.write(".dockerignore", "left-out\n");
    project.write("left-out/large", "x");
    project.write("page.txt", "a page\n");
    let folder = export(&project, "docker-compose");
    let context = folder.join("project");
    let dockerfile = text(&context.join("Dockerfile"));
    assert!(!dockerfile.contains("FROM poststack/"), "{dockerfile}");
    assert!(dockerfile.contains("FROM poststack-full"), "{dockerfile}");
    assert!(context.join("page.txt").is_file());
    assert!(!context.join("left-out").exists());
    assert!(!context.join(".poststack").exists());
    assert!(!context.join("out-docker-compose").exists());
    let checked = Command::new(program("docker-compose.sh"))
        .args(["config", "--quiet"])
        .current_dir(&folder)
        .output();
    assert!(checked.unwrap().status.success());
}

#[test]
fn the_image_of_the_database_is_built_from_the_files_of_the_project() {
    let project = crate::project::Project::new(On::Docker, crate::export::refused::DEV);
    project.write(
        "app.yml",
        "services: { app: { image: debian:bookworm-slim } }\n",
    );
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("containers/postgres");
    for entry in std::fs::read_dir(shipped).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        project.write(&format!("containers/postgres/{name}"), &text(&path));
    }
    // Nobody has changed them: they are those that poststack ships.
    let folder = export(&project, "docker-compose");
    let composed = text(&folder.join("compose.yml"));
    assert!(
        composed.contains("context: ./images/postgres"),
        "{composed}"
    );
    let dockerfile = text(&folder.join("images/postgres/Dockerfile"));
    assert!(!dockerfile.contains("FROM poststack/"), "{dockerfile}");
    std::fs::remove_dir_all(&folder).unwrap();

    project.write("containers/postgres/extra.conf", "# ours\n");
    let folder = export(&project, "docker-compose");
    let composed = text(&folder.join("compose.yml"));
    assert!(
        composed.contains("context: ./project/containers/postgres"),
        "{composed}"
    );
    assert!(!composed.contains("io.poststack"), "{composed}");
    assert!(
        folder
            .join("project/containers/postgres/extra.conf")
            .is_file()
    );
}

/// Compose builds what it is told of; what that is made from has to be there before.
#[test]
fn images_that_others_are_made_from_are_built_first() {
    let project = crate::project::Project::new(On::Docker, crate::export::refused::DEV);
    let name = &project.name;
    project.write("page.txt", "a page of the base\n");
    project.write(
        "containers/base/Dockerfile",
        "FROM debian:bookworm-slim\nCOPY page.txt /\n",
    );
    project.write(
        "containers/web/Dockerfile",
        &format!("FROM {name}/base\nCMD [\"sleep\", \"infinity\"]\n"),
    );
    project.write(
        "app.yml",
        "services: { web: { image: '{name}/web', init: true } }\n",
    );
    let output = project.run(&[
        "env",
        "export",
        "dev",
        "--format",
        "docker-compose",
        "--output",
        "out",
    ]);
    let warned = format!("`{name}/base`, which others are built from, is in no registry");
    assert!(output.stderr.contains(&warned), "{}", output.stderr);
    let folder = project.root().join("out");
    let read_me = text(&folder.join("README.md"));
    let first = read_me
        .lines()
        .find(|line| line.starts_with("docker build"));
    let first = first.unwrap();
    assert!(first.contains(&format!("-t {name}/base ")), "{first}");
    let mut shell = Command::new("sh");
    shell.args(["-ec", first]).current_dir(&folder);
    ran(shell.env("DOCKER_HOST", On::Docker.host())).ok();
    let exported = Exported {
        program: program("docker-compose.sh"),
        folder,
    };
    exported.compose(&["build", "--quiet", "web"]).ok();
    let show = ["run", "--rm", "--no-deps", "web", "cat", "/page.txt"];
    let web = exported.compose(&show).ok();
    assert!(web.stdout.contains("a page of the base"), "{}", web.stdout);
    for image in ["base", "web"] {
        On::Docker.cli_text(&["rmi", "--force", &format!("{name}/{image}")]);
    }
}
