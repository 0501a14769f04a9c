//! What the container commands refuse, and what they never touch.

use super::{folders, settings};
use crate::project::{On, Project, free_port, ran};

#[test]
fn what_contradicts_itself_is_refused_before_anything_is_made() {
    let project = Project::bare(On::Docker);
    project.run(&["container", "stop", "--all"]).ok();
    project
        .run(&["container", "stop-project", "--all-project"])
        .ok();
    assert!(!project.root().join(".poststack").exists());
    let none = project.run(&["container", "start-project"]).exits(1);
    assert!(
        none.stderr.contains("containers/*/Dockerfile"),
        "{}",
        none.stderr
    );
    let named = ["container", "start-project", "--container", "web"];
    let none = project.run(&named).exits(2).stderr;
    assert!(none.contains("hint: each folder with"), "{none}");
    folders(&project);
    settings(&project, "");
    let start = ["container", "start-project"];
    let refused = |more: &[&str], code: i32, wanted: &str| {
        let ran = project.run(&[&start[..], more].concat()).exits(code);
        assert!(ran.stderr.contains(wanted), "{wanted}\n{}", ran.stderr);
    };
    refused(&["--port", "9000"], 2, "--container web --port 9000");
    refused(&["--container", "wbe"], 2, "did you mean `web`?");
    refused(&["--volume", "data"], 2, "is no volume");
    refused(&["--env-file", "missing.env"], 3, "missing.env");
    refused(
        &["--container", "worker", "--port", "9000"],
        3,
        "its image exposes no port",
    );
    project.write(".env", "POSTSTACK_WEB_PORT=eighty\n");
    refused(&[], 3, ".env:1:");
    project.write(".env", "POSTSTACK_PROJECT_CONTAINERS_PATH=nowhere\n");
    refused(
        &[],
        3,
        "`nowhere` cannot be read (POSTSTACK_PROJECT_CONTAINERS_PATH in .env:1:",
    );
    project.write(".env", "POSTSTACK_WEB_CONTAINER_NAME=a/b\n");
    refused(&[], 3, "The name of container `web`");
    let worker = format!("{}-worker", project.name);
    let same = format!("POSTSTACK_WEB_CONTAINER_NAME={worker}\n");
    project.write(".env", &same);
    refused(
        &[],
        3,
        "hint: set another `POSTSTACK_WEB_CONTAINER_NAME` at .env:1:1",
    );
    project.write(".env", "POSTSTACK_PROJECT_CONTAINER_NETWORK=nosuchnet\n");
    refused(
        &["--container", "worker"],
        1,
        "set another `POSTSTACK_PROJECT_CONTAINER_NETWORK` at .env:1:1",
    );
    for arguments in [
        &["container", "stop"][..],
        &["container", "remove"],
        &["container", "stop-project"],
    ] {
        project.run(arguments).exits(2);
    }
    assert!(project.container_ids().is_empty());
    project.write(
        ".poststack.yml",
        "environments: { containers: { postgres: { port: 5999 } } }\n",
    );
    let taken = project.run(&["container", "status"]).exits(3);
    assert!(taken.stderr.contains("another name"), "{}", taken.stderr);
}

#[test]
fn what_is_foreign_is_never_touched() {
    let project = Project::bare(On::Docker);
    folders(&project);
    settings(&project, "");
    On::Docker.build_shipped_images();
    let name = format!("{}-web", project.name);
    let label = format!("io.poststack.project={}", project.name);
    let run = ["run", "--detach", "--name", &name, "--label", &label];
    let sleep = ["poststack/base-debian:core", "sleep", "infinity"];
    let id = On::Docker.cli_text(&[&run[..], &sleep].concat());
    let ran = project
        .run(&["container", "start-project", "--container", "web"])
        .exits(1);
    assert!(ran.stderr.contains("never touches"), "{}", ran.stderr);
    for arguments in [
        &["container", "stop", &name][..],
        &["container", "remove", "--force", &name],
    ] {
        let ran = project.run(arguments).exits(2);
        assert!(ran.stderr.contains("no container"), "{}", ran.stderr);
    }
    project.run(&["container", "clean", "--yes"]).ok();
    let found = On::Docker.cli_text(&["inspect", "--format", "{{.Id}} {{.State.Running}}", &name]);
    assert_eq!(found, format!("{id} true"));
}

#[test]
fn a_folder_of_the_same_name_does_not_touch_what_runs_of_another_one() {
    let project = Project::bare(On::Docker);
    let name = project.name.clone();
    let run = |folder: &str, arguments: &[&str]| {
        let folder = project.root().join(folder).join(&name);
        std::fs::create_dir_all(folder.join("containers/worker")).unwrap();
        let dockerfile = "FROM poststack/base-debian:core\nSTOPSIGNAL SIGKILL\n\
                          CMD [\"sleep\", \"infinity\"]\n";
        std::fs::write(folder.join("containers/worker/Dockerfile"), dockerfile).unwrap();
        ran(project.command(arguments).current_dir(folder))
    };
    let start = ["container", "start-project", "--container", "worker"];
    run("a", &start).ok();
    let runs = || {
        let worker = format!("{name}-worker");
        On::Docker.cli_text(&["inspect", "--format", "{{.State.Running}}", &worker])
    };
    let refused = run("b", &start).exits(1);
    assert!(refused.stderr.contains("/a/"), "{}", refused.stderr);
    assert!(
        refused.stderr.contains("rename this folder"),
        "{}",
        refused.stderr
    );
    run("b", &["container", "clean", "--yes"]).ok();
    assert_eq!(runs(), "true");
    // Moved, it is the same project; and what runs is not unused.
    std::fs::rename(project.root().join("a"), project.root().join("c")).unwrap();
    run("c", &["container", "clean", "--yes"]).ok();
    assert_eq!(runs(), "true");
    run("c", &["container", "stop", "worker"]).ok();
    run("c", &["container", "clean", "--yes"]).ok();
    let filter = format!("label=io.poststack.project={name}");
    assert_eq!(On::Docker.cli_text(&["ps", "-aq", "--filter", &filter]), "");
    assert_eq!(
        On::Docker.cli_text(&["network", "ls", "-q", "--filter", &filter]),
        ""
    );
}

#[test]
fn a_busy_port_of_the_host_is_told_with_its_holder() {
    let project = Project::bare(On::Docker);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    assert_ne!(port, free_port());
    let port = port.to_string();
    let refused = |arguments: &[&str], another: &str| {
        let told = project.run(arguments).exits(1).stderr;
        let busy = format!("Port {port} on 127.0.0.1 (wanted by `");
        assert!(told.contains(&busy) && told.contains(another), "{told}");
    };
    refused(
        &["container", "start", "--postgres-port", &port],
        "or give another `--postgres-port`;",
    );
    project.write(".env", &format!("POSTSTACK_POSTGRES_HOST_PORT={port}\n"));
    refused(
        &["container", "start"],
        "or set another `POSTSTACK_POSTGRES_HOST_PORT` at .env:1:1;",
    );
    folders(&project);
    project.write(".env", &format!("POSTSTACK_WEB_PORT={port}\n"));
    let web = ["container", "start-project", "--container", "web"];
    refused(&web, "or set another `POSTSTACK_WEB_PORT` at .env:1:1;");
    refused(
        &[&web[..], &["--port", &port]].concat(),
        "or give another `--port`;",
    );
    assert!(project.container_ids().is_empty());
}
