//! Environments and projects beside each other.

use super::support::{DEV, address, compose, container, execute, psql, select, shell};
use crate::project::{On, Project, free_port, on_both_engines, ran};

on_both_engines! {
    fn dev_and_staging_of_one_file_do_not_meet(on: On) {
        let config = "\
project: { name: {name} }
environments:
  dev:
    postgres: { port: {port} }
    deployment: { compose: app.yml }
    variables: { WORD: development }
  staging:
    postgres: { port: {staging} }
    deployment: { compose: app.yml }
    variables: { WORD: stage }
";
        let project = Project::new(on, &config.replace("{staging}", &free_port().to_string()));
        let services = "  client:\n    <<: *client\n    labels: { word: \"${WORD}\" }\n    volumes: [\"files:/files\"]\nvolumes: { files: {} }\n";
        project.write("app.yml", &compose(services));
        for environment in ["dev", "staging"] {
            project.run(&["env", "start", environment]).ok();
            execute(&address(&project, environment), &format!("create table word as select '{environment}' as word"));
        }
        for environment in ["dev", "staging"] {
            let client = container(&project, &format!("{environment}-client-1"));
            assert_eq!(psql(&project, &client, "select word from word"), environment);
            shell(&project, &client, "echo $1 > /files/word", &[environment]);
        }
        let client = container(&project, "dev-client-1");
        assert_eq!(shell(&project, &client, "cat /files/word", &[]), "dev");
        assert_eq!(on.cli_text(&["inspect", "--format", "{{.Config.Labels.word}}", &client]), "development");
        let other = container(&project, "staging-postgres");
        let by_name = r#"getent hosts "$1" || echo unknown"#;
        assert_eq!(shell(&project, &client, by_name, &[&other]), "unknown");
        let own = container(&project, "dev-postgres");
        assert!(!shell(&project, &client, by_name, &[&own]).contains("unknown"));
        let format = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
        let by_ip = "timeout 3 bash -c \"exec 3<>/dev/tcp/$1/5432\" 2> /dev/null && echo reached || echo nothing";
        let own_ip = on.cli_text(&["inspect", "--format", format, &own]);
        assert_eq!(shell(&project, &client, by_ip, &[&own_ip]), "reached");
        let other_ip = on.cli_text(&["inspect", "--format", format, &other]);
        // Netavark 1.4 takes the rule that keeps networks apart away with any network that goes;
        // the next container that starts brings it back.
        let mut reached = shell(&project, &client, by_ip, &[&other_ip]);
        for _ in 0..5 {
            if reached == "nothing" {
                break;
            }
            project.run(&["restart", "client", "--env", "dev"]).ok();
            reached = shell(&project, &client, by_ip, &[&other_ip]);
        }
        assert_eq!(reached, "nothing");
        project.run(&["env", "stop", "dev", "--rm"]).ok();
        assert_eq!(select(&address(&project, "staging"), "select word from word"), "staging");
    }

    fn two_projects_with_equal_environments_do_not_meet(on: On) {
        let (first, second) = (Project::new(on, DEV), Project::new(on, DEV));
        for project in [&first, &second] {
            project.write("app.yml", &compose("  client: *client\n"));
            project.run(&["env", "start", "dev"]).ok();
            execute(&address(project, "dev"), &format!("create table owner as select '{}' as name", project.name));
        }
        let client = container(&first, "dev-client-1");
        assert_eq!(psql(&first, &client, "select name from owner"), first.name);
        let other = container(&second, "dev-postgres");
        assert_eq!(shell(&first, &client, r#"getent hosts "$1" || echo unknown"#, &[&other]), "unknown");
        let kept = second.container_ids();
        first.run(&["env", "stop", "dev", "--rm"]).ok();
        assert_eq!(second.container_ids(), kept);
        assert_eq!(second.status("dev")["state"], "running");
    }

    fn one_project_name_in_two_folders_is_an_error_that_names_the_owner(on: On) {
        let project = Project::new(on, DEV);
        project.write("app.yml", &compose("  one: *sleep\n"));
        project.run(&["env", "start", "dev"]).ok();
        let before = project.container_ids();
        project.write("elsewhere/app.yml", &compose("  one: *sleep\n  two: *sleep\n"));
        project.write("elsewhere/.poststack.yml", &DEV.replace("{port}", &free_port().to_string()));
        for arguments in [["env", "start", "dev"], ["env", "deploy", "dev"]] {
            let mut command = project.command(&arguments);
            let refused = ran(command.current_dir(project.root().join("elsewhere")));
            assert_ne!(refused.code, 0, "{}", refused.stderr);
            let owner = project.root().canonicalize().unwrap();
            assert!(refused.stderr.contains(owner.to_str().unwrap()), "{}", refused.stderr);
            assert!(!refused.stderr.contains("elsewhere in"), "{}", refused.stderr);
        }
        assert_eq!(project.container_ids(), before);
        let mut stop = project.command(&["env", "stop", "dev", "--rm"]);
        ran(stop.current_dir(project.root().join("elsewhere"))).ok();
        assert_eq!(project.container_ids(), before);
        assert_eq!(project.status("dev")["state"], "running");
    }
}
