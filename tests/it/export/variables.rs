//! A shell reads the result.

use super::support::{ODD, export, mode, password, project, shell};
use crate::project::{On, Project};

#[test]
fn a_shell_gets_every_value_as_it_was() {
    let project = project(On::Docker);
    let folder = export(&project, "env-vars");
    assert_eq!(mode(&folder.join("dev.env")), 0o600);
    assert_eq!(shell(&folder, "printenv ODD"), ODD);
    assert_eq!(shell(&folder, "printenv ODD_KEY"), "one\ntwo");
    assert_eq!(shell(&folder, "printenv DB_HOST"), "127.0.0.1");
    assert_eq!(shell(&folder, "printenv DB_PASSWORD"), password(&project));
    let shown = project
        .run(&["env", "export", "dev", "--format", "env-vars"])
        .ok();
    let written = std::fs::read_to_string(folder.join("dev.env")).unwrap();
    assert_eq!(shown.stdout.trim_end(), written.trim_end());
}

#[test]
fn a_name_that_no_shell_takes_is_told() {
    let config = format!("{}    env_file: a.env\n", super::refused::DEV);
    let project = Project::new(On::Docker, &config);
    project.write("a.env", "a.b=c\nGOOD=d\n");
    project.write(
        "app.yml",
        "services: { app: { image: debian:bookworm-slim } }\n",
    );
    let shown = project
        .run(&["env", "export", "dev", "--format", "env-vars"])
        .ok();
    assert!(shown.stdout.contains("GOOD='d'"), "{}", shown.stdout);
    assert!(
        shown.stderr.contains("`a.b` is not in the export"),
        "{}",
        shown.stderr
    );
    assert!(shown.stderr.contains("a.env:1:1"), "{}", shown.stderr);
}
