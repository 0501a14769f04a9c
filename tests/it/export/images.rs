//! What images of an export are built from.

use super::refused::project;
use super::support::export;

#[test]
fn an_image_that_is_made_from_one_of_its_own_name_is_exported() {
    let project = project("  web: { image: x-self, build: context }\n");
    project.write("context/Dockerfile", "FROM x-self\n");
    for format in ["docker-compose", "podman-pod"] {
        let read_me = export(&project, format).join("README.md");
        let read_me = std::fs::read_to_string(read_me).unwrap();
        let builds = read_me.matches("build -t x-self").count();
        assert_eq!(builds, usize::from(format == "podman-pod"), "{read_me}");
    }
}

#[test]
fn images_that_are_made_from_each_other_end_the_search() {
    let project = project("  a: { image: x-a, build: a }\n  b: { image: x-b, build: b }\n");
    project.write("a/Dockerfile", "FROM x-b\n");
    project.write("b/Dockerfile", "FROM x-a\n");
    export(&project, "docker-compose");
}

#[test]
fn a_dockerfile_in_the_compose_file_needs_none_in_the_context() {
    let project = project(
        "  web:\n    image: x-inline\n    build:\n      context: context\n      \
         dockerfile_inline: |\n        FROM debian:bookworm-slim\n        COPY page /page\n",
    );
    project.write("context/page", "a page");
    let compose = export(&project, "docker-compose").join("compose.yml");
    let compose = std::fs::read_to_string(compose).unwrap();
    assert!(compose.contains("COPY page /page"), "{compose}");
    let folder = export(&project, "quadlet");
    let unit = std::fs::read_to_string(folder.join("x-inline.build")).unwrap();
    let file = "../../images/x-inline.Dockerfile";
    assert!(unit.contains(&format!("File={file}\n")), "{unit}");
    let made = folder.join("project/context").join(file);
    let made = std::fs::read_to_string(made).unwrap();
    assert_eq!(made, "FROM debian:bookworm-slim\nCOPY page /page\n");
}

#[test]
fn the_configuration_stays_behind_where_the_project_is_the_context() {
    let project = project("  web: { build: . }\n");
    project.write("Dockerfile", "FROM debian:bookworm-slim\n");
    project.write("inner/.poststack.yml", "another");
    let folder = export(&project, "docker-compose").join("project");
    assert!(folder.join("Dockerfile").is_file());
    assert!(folder.join("inner/.poststack.yml").is_file());
    assert!(!folder.join(".poststack.yml").exists());
}
