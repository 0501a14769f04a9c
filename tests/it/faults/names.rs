//! Names that objects of others have.

use super::{SLEEPER, project, running, says};
use crate::project::{On, on_both_engines};

/// Removes a foreign object at the end of its test.
struct Foreign {
    on: On,
    remove: Vec<String>,
}

impl Foreign {
    fn make(on: On, make: &[&str], remove: &[&str]) -> Self {
        on.cli_text(make);
        let remove = remove.iter().map(|word| (*word).to_owned()).collect();
        Self { on, remove }
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        let words: Vec<&str> = self.remove.iter().map(String::as_str).collect();
        self.on.cli(&words);
    }
}

on_both_engines! {
    fn a_container_of_another_tool_is_named_and_left_alone(on: On) {
        let project = project(on, SLEEPER);
        let name = format!("{}-dev-app-1", project.name);
        let label = "com.docker.compose.project=other";
        let make = ["create", "--name", &name, "--label", label, "debian:bookworm-slim", "true"];
        let _foreign = Foreign::make(on, &make, &["rm", "--force", &name]);
        let id = on.cli_text(&["inspect", "--format", "{{.Id}}", &name]);
        let ran = project.run(&["env", "start", "dev"]).exits(1);
        says(&ran.stderr, &format!("Container `{name}` belongs to"));
        says(&ran.stderr, "other");
        says(&ran.stderr, "poststack adopt dev --from other");
        says(&ran.stderr, "docker compose --project-name other down");
        assert_eq!(ran.stderr.matches("hint: ").count(), 1, "{}", ran.stderr);
        assert_eq!(on.cli_text(&["inspect", "--format", "{{.Id}}", &name]), id);
        assert_eq!(project.container_ids().len(), 0);
    }

    fn a_network_of_somebody_else_is_named_and_left_alone(on: On) {
        let project = project(on, SLEEPER);
        let name = format!("{}-dev_default", project.name);
        let _foreign = Foreign::make(on, &["network", "create", &name], &["network", "rm", &name]);
        let ran = project.run(&["env", "start", "dev"]).exits(1);
        says(&ran.stderr, &format!("Network `{name}` belongs to"));
        on.cli_text(&["network", "inspect", &name]);
        assert_eq!(project.container_ids().len(), 0);
    }

    fn a_volume_of_somebody_else_is_named_and_left_alone(on: On) {
        let app = "services:\n  app:\n    image: debian:bookworm-slim\n    volumes: ['data:/data']\nvolumes: { data: {} }\n";
        let project = project(on, app);
        let name = format!("{}-dev_data", project.name);
        let _foreign = Foreign::make(on, &["volume", "create", &name], &["volume", "rm", &name]);
        let ran = project.run(&["env", "start", "dev"]).exits(1);
        says(&ran.stderr, &format!("Volume `{name}` belongs to"));
        on.cli_text(&["volume", "inspect", &name]);
        assert_eq!(project.container_ids().len(), 0);
    }

    fn the_same_project_in_another_folder_is_a_stranger(on: On) {
        let first = project(on, SLEEPER);
        first.run(&["env", "start", "dev"]).ok();
        let before = first.container_ids();
        let copy = project(on, SLEEPER);
        let config = copy.read(".poststack.yml").replace(&copy.name, &first.name);
        copy.write(".poststack.yml", &config);
        let ran = copy.run(&["env", "start", "dev"]).exits(1);
        says(&ran.stderr, &first.root().display().to_string());
        copy.run(&["env", "stop", "dev", "--rm"]);
        assert_eq!(first.container_ids(), before);
        assert_eq!(running(&first).len(), 2);
    }
}
