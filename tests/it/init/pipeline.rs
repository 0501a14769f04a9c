//! The pipelines of `init --ci`.

use poststack::text::SourceFile;
use poststack::yaml::{self, Node};

use crate::project::{On, Project, free_port, on_both_engines};

/// Every scalar below `node`.
fn scalars(node: &Node, found: &mut Vec<String>) {
    if let Some(scalar) = node.as_scalar() {
        found.push(scalar.text.to_string());
    }
    for item in node.as_sequence().into_iter().flatten() {
        scalars(item, found);
    }
    for entry in node.as_mapping().into_iter().flat_map(|it| &it.entries) {
        scalars(&entry.value, found);
    }
}

/// The lines of the pipeline at `path` that run poststack, in order.
fn commands(project: &Project, path: &str) -> Vec<String> {
    let source = SourceFile::new(path, project.read(path));
    let (documents, faults) = yaml::read(&source);
    assert!(faults.is_empty(), "{faults:?}");
    let mut found = Vec::new();
    scalars(&documents[0], &mut found);
    found.retain(|text| text.starts_with("poststack "));
    found
}

on_both_engines! {
    fn what_a_pipeline_runs_starts_the_project(on: On) {
        let project = Project::new(on, "");
        let (name, port) = (project.name.clone(), free_port().to_string());
        project.run(&["init", "--force", "--template", "worker", "--project-name", &name, "--db-port", &port]).ok();
        project.run(&["init", "--ci", "github"]).ok();
        project.run(&["init", "--ci", "gitlab"]).ok();
        let github = commands(&project, ".github/workflows/poststack.yml");
        let gitlab = commands(&project, ".gitlab-ci.yml");
        let expected = ["config validate", "env plan", "env init", "db migrate", "env start"];
        assert_eq!(gitlab, expected.map(|command| format!("poststack {command}")));
        assert_eq!(github[..5], gitlab[..]);
        assert_eq!(github[5..], ["poststack env logs --tail 100"]);
        for command in github {
            let arguments: Vec<&str> = command.split(' ').skip(1).collect();
            project.run(&arguments).ok();
        }
        assert_eq!(project.status("dev")["state"], "running");
    }
}
