//! What the scenarios share: a project with a pod, and looking into its containers.

use crate::project::{On, Project};

/// One environment, `dev`, whose deployment is `app.yaml`.
pub const DEV: &str = "\
project: { name: {name} }
environments:
  dev:
    postgres: { port: {port}, storage: tmpfs }
    deployment: { pod: app.yaml }
";

/// A project whose deployment is this Pod file.
pub fn project(on: On, text: &str) -> Project {
    let project = Project::new(on, DEV);
    project.write("app.yaml", text);
    project
}

/// A pod called `app` with these lines of its `spec`; its containers end at once when asked to.
pub fn pod(spec: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: app, labels: {{tier: web}}}}\nspec:\n  terminationGracePeriodSeconds: 1\n{spec}"
    )
}

/// The name of the container of a service of `dev`.
pub fn container(project: &Project, service: &str) -> String {
    format!("{}-dev-{service}-1", project.name)
}

/// What a script prints in a container, where it must succeed.
#[track_caller]
pub fn shell(project: &Project, service: &str, script: &str) -> String {
    let output = project.exec(&container(project, service), &["sh", "-c", script]);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{service}: {script}: {error}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// What `inspect` says of a container in this format.
#[track_caller]
pub fn inspect(project: &Project, service: &str, format: &str) -> String {
    let name = container(project, service);
    project
        .on
        .cli_text(&["inspect", "--type", "container", "--format", format, &name])
}
