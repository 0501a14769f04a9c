//! What an export refuses, and what it says of the rest.

use crate::project::{On, Project};

/// One environment, `dev`, whose deployment is `app.yml`.
pub const DEV: &str = "\
project: { name: {name} }
environments:
  dev:
    postgres: { port: {port} }
    deployment: { compose: app.yml }
";

pub fn project(services: &str) -> Project {
    let project = Project::new(On::Docker, DEV);
    project.write("app.yml", &format!("services:\n{services}"));
    project
}

const APP: &str = "  app: { image: debian:bookworm-slim }\n";

#[test]
fn a_folder_that_is_not_empty_is_left_alone_unless_it_is_forced() {
    let project = project(APP);
    project.write("out/mine.txt", "mine");
    let arguments = [
        "env",
        "export",
        "dev",
        "--format",
        "docker-compose",
        "-o",
        "out",
    ];
    let refused = project.run(&arguments).exits(2);
    assert!(refused.stderr.contains("--force"), "{}", refused.stderr);
    assert!(!project.root().join("out/compose.yml").exists());
    project.run(&[&arguments[..], &["--force"]].concat()).ok();
    assert!(project.root().join("out/compose.yml").is_file());
    assert_eq!(project.read("out/mine.txt"), "mine");
}

#[test]
fn what_an_export_is_made_from_is_not_written_over_even_with_force() {
    let project = project(APP);
    let mut config = project.read(".poststack.yml");
    config = config.replace("app.yml", "sub/compose.yml");
    std::fs::create_dir(project.root().join("sub")).unwrap();
    std::fs::rename(
        project.root().join("app.yml"),
        project.root().join("sub/compose.yml"),
    )
    .unwrap();
    project.write(".poststack.yml", &config);
    project.write(".env", "A=mine\n");
    let source = project.read("sub/compose.yml");
    let source = format!("include: [../included/compose.yml]\n{source}");
    project.write("sub/compose.yml", &source);
    let included = format!("services:\n{}", APP.replace("app", "other"));
    project.write("included/compose.yml", &included);
    let export = ["env", "export", "dev", "--format", "docker-compose"];
    let render = ["env", "render", "dev"];
    for (command, output) in [
        (&export[..], "."),
        (&export, "sub"),
        (&export, "included"),
        (&render, "."),
        (&render, "sub/.."),
    ] {
        let arguments = [command, &["--force", "-o", output]].concat();
        let refused = project.run(&arguments).exits(2);
        assert!(
            refused.stderr.contains("nothing was written"),
            "{}",
            refused.stderr
        );
    }
    assert_eq!(project.read("sub/compose.yml"), source);
    assert_eq!(project.read("included/compose.yml"), included);
    assert_eq!(project.read(".env"), "A=mine\n");
    assert!(!project.root().join("README.md").exists());
}

#[test]
fn a_document_with_a_secret_in_clear_is_its_owners_alone() {
    let project = project(
        "  app:\n    image: debian:bookworm-slim\n    labels: { key: \"${DB_PASSWORD}\" }\n    \
         healthcheck: { test: [CMD, login, \"${DB_PASSWORD}\"] }\n",
    );
    for format in ["kubernetes", "quadlet", "podman-pod", "docker-compose"] {
        let out = format!("out-{format}");
        let told = project
            .run(&["env", "export", "dev", "--format", format, "-o", &out])
            .ok();
        let folder = project.root().join(&out);
        super::support::keeps_secrets(&project, &folder);
        assert!(told.stderr.contains("holds a secret in clear") || format == "docker-compose");
    }
}

#[test]
fn a_format_must_be_named_and_known() {
    let project = project(APP);
    let missing = project.run(&["env", "export", "dev"]).exits(2);
    assert!(missing.stderr.contains("--format"), "{}", missing.stderr);
    let unknown = project
        .run(&["env", "export", "dev", "--format", "json"])
        .exits(2);
    assert!(
        unknown.stderr.contains("docker-compose"),
        "{}",
        unknown.stderr
    );
    // Elsewhere the option is the one of every command.
    project
        .run(&["env", "list", "--format", "json"])
        .ok()
        .json();
    project
        .run(&["env", "list", "--format", "docker-compose"])
        .exits(2);
}

#[test]
fn an_undefined_variable_stops_the_export() {
    let project = project("  app: { image: \"debian:${NOWHERE}\" }\n");
    let arguments = [
        "env",
        "export",
        "dev",
        "--format",
        "kubernetes",
        "-o",
        "out",
    ];
    let refused = project.run(&arguments).exits(3);
    assert!(refused.stderr.contains("app.yml:2:"), "{}", refused.stderr);
    assert!(!project.root().join("out").exists());
}

#[test]
fn a_faulty_migration_stops_the_export() {
    let config = DEV.replace(
        "    deployment",
        "    init: [migrations: migrations]\n    deployment",
    );
    let project = Project::new(On::Docker, &config);
    project.write("app.yml", &format!("services:\n{APP}"));
    project.write("migrations/001_open.sql", "SELECT 'never closed;\n");
    let arguments = ["env", "export", "dev", "--format", "docker-compose"];
    let refused = project.run(&arguments).exits(3);
    assert!(
        refused.stderr.contains("migrations/001_open.sql:1:"),
        "{}",
        refused.stderr
    );
}

#[test]
fn one_port_for_two_containers_of_a_pod_is_a_fault() {
    let services = "  one: { image: debian:bookworm-slim, ports: [\"80\"] }\n  \
                    two: { image: debian:bookworm-slim, expose: [80] }\n";
    let project = project(services);
    let arguments = ["env", "export", "dev", "--format", "podman-pod"];
    let refused = project.run(&arguments).exits(3);
    assert!(
        refused.stderr.contains("both listen on port 80"),
        "{}",
        refused.stderr
    );
    project
        .run(&["env", "export", "dev", "--format", "quadlet"])
        .ok();
}

#[test]
fn what_a_format_cannot_say_is_told_with_service_and_key() {
    let services = "  app:\n    image: debian:bookworm-slim\n    ulimits: { nofile: 10 }\n    \
                    scale: 2\n    post_start: [{ command: [\"true\"] }]\n    volumes: [\"./data:/data\"]\n";
    let project = project(services);
    project.write("data/kept", "x");
    let said = |format: &str| {
        let arguments = ["env", "export", "dev", "--format", format];
        project.run(&arguments).ok().stderr
    };
    let pod = said("podman-pod");
    assert!(
        pod.contains("`app`: `ulimits` is not in the export"),
        "{pod}"
    );
    assert!(pod.contains("`app`: `scale` is not in the export"), "{pod}");
    assert!(pod.contains("app.yml:2:3"), "{pod}");
    let units = said("quadlet");
    assert!(
        units.contains("`app`: `post_start` is not in the export"),
        "{units}"
    );
    let compose = said("docker-compose");
    assert!(!compose.contains("ulimits"), "{compose}");
    assert!(compose.contains("`app` may write to `data`"), "{compose}");
}
