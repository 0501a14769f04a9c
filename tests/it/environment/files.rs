//! Paths in files, and files that reach into containers.

use super::support::{DEV, compose, container, service, shell};
use crate::project::{On, Project, on_both_engines, ran};

on_both_engines! {
    fn paths_of_a_compose_file_start_at_it_from_any_working_directory(on: On) {
        let project = Project::new(on, &DEV.replace("app.yml", "deploy/app.yml"));
        project.write("deploy/data/word", "mounted");
        project.write("deploy/web/word", "built");
        project.write("deploy/web/Dockerfile", "FROM debian:bookworm-slim\nLABEL io.poststack.project={name}\nCOPY word /word\n");
        project.write("deploy/app.yml", &compose("  web:\n    <<: *sleep\n    image: \"{name}-web\"\n    build: ./web\n    volumes: [\"./data:/data:ro\"]\n"));
        let start = ["env", "start", "dev", "--format", "json"];
        let below = project.root().join("deploy/web");
        ran(project.command(&start).current_dir(below)).ok();
        let script = "cat /data/word; printf ' '; cat /word; touch /data/x 2> /dev/null || echo ' read-only'";
        let said = shell(&project, &container(&project, "dev-web-1"), script, &[]);
        assert_eq!(said, "mounted built read-only");
        let root = project.root();
        for named in [root.clone(), root.join(".poststack.yml")] {
            let arguments = [&["-C", named.to_str().unwrap()], start.as_slice()].concat();
            let again = ran(project.command(&arguments).current_dir("/")).ok().result();
            assert_eq!(again["changed"], false, "{again}");
        }
    }

    fn secrets_and_configs_are_files_that_the_service_reads(on: On) {
        let project = Project::new(on, DEV);
        project.write("token.txt", "from a file");
        let services = "  web:
    <<: *sleep
    user: \"1000:1000\"
    secrets:
      - token
      - { source: inline, target: /etc/inline, uid: \"1000\", gid: \"1000\", mode: 0440 }
    configs:
      - { source: settings, target: /etc/settings.ini }
secrets:
  token: { file: ./token.txt }
  inline: { environment: DB_NAME }
configs:
  settings: { content: \"database = ${DB_NAME}\" }
";
        project.write("app.yml", &compose(services));
        project.run(&["env", "start", "dev"]).ok();
        let web = container(&project, "dev-web-1");
        assert_eq!(shell(&project, &web, "cat /run/secrets/token", &[]), "from a file");
        let database = format!("{}_dev", project.name);
        assert_eq!(shell(&project, &web, "cat /etc/inline", &[]), database);
        assert_eq!(shell(&project, &web, "stat -c '%a %u:%g' /etc/inline", &[]), "440 1000:1000");
        assert_eq!(shell(&project, &web, "cat /etc/settings.ini", &[]), format!("database = {database}"));
        let before = project.container_ids();
        assert_eq!(project.result(&["env", "start", "dev"])["changed"], false);
        project.write("app.yml", &compose(&services.replace("database = ", "db = ")));
        let again = project.run(&["env", "start", "dev"]).ok();
        assert!(again.stderr.contains("/etc/settings.ini"), "{}", again.stderr);
        assert_ne!(project.container_ids()[&web], before[&web]);
    }

    fn volumes_keep_or_lose_what_they_promise(on: On) {
        let project = Project::new(on, DEV);
        let services = "  web:
    <<: *sleep
    environment: { N: \"1\" }
    volumes:
      - named:/named
      - /anonymous
    tmpfs: [\"/memory:size=1m\"]
volumes:
  named: {}
";
        project.write("app.yml", &compose(services));
        project.run(&["env", "start", "dev"]).ok();
        let web = container(&project, "dev-web-1");
        shell(&project, &web, "touch /named/x /anonymous/x /memory/x", &[]);
        assert_eq!(shell(&project, &web, "stat -f -c %T /memory", &[]), "tmpfs");
        project.run(&["env", "stop", "dev", "--rm"]).ok();
        project.run(&["env", "start", "dev"]).ok();
        assert_eq!(shell(&project, &web, "ls /anonymous /memory; ls /named", &[]), "/anonymous:\n\n/memory:\nx");
    }

    fn env_files_reach_the_service_below_its_environment(on: On) {
        let project = Project::new(on, &DEV.replace("app.yml", "deploy/app.yml"));
        project.write("deploy/a.env", "ONE=a\nTWO=a\n# a comment\nQUOTED=\"two words\"\n");
        project.write("deploy/b.env", "TWO=b\nTHREE=b\n");
        let services = "  web:\n    <<: *sleep\n    env_file: [a.env, b.env, { path: none.env, required: false }]\n    environment: { THREE: c }\n";
        project.write("deploy/app.yml", &compose(services));
        let start = project.result(&["env", "start", "dev"]);
        assert_eq!(service(&start, "web")["state"], "running");
        let web = container(&project, "dev-web-1");
        assert_eq!(shell(&project, &web, "echo $ONE $TWO $THREE \"$QUOTED\"", &[]), "a b c two words");
    }
}
