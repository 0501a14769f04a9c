//! The database of an environment: its data, image, settings and extensions.

use super::support::{
    DEV, DEV_ON_A_VOLUME, address, compose, container, execute, log_in, psql, select,
};
use crate::cluster::{ask, cluster};
use crate::project::{On, Project, on_both_engines};

/// One environment with only a database.
fn database(keys: &str) -> String {
    format!(
        "project: {{ name: {{name}} }}\nenvironments:\n  dev:\n    postgres: {{ port: {{port}}{keys} }}\n"
    )
}

/// Writes the configuration anew with other keys and the same port.
fn rewrite(project: &Project, keys: &str) {
    let port = address(project, "dev").port.to_string();
    project.write(".poststack.yml", &database(keys).replace("{port}", &port));
}

/// An image under another name for as long as a test needs it.
struct Tagged(On, String);

impl Drop for Tagged {
    fn drop(&mut self) {
        self.0.cli(&["rmi", &self.1]);
    }
}

on_both_engines! {
    fn losing_the_state_folder_does_not_lose_the_database(on: On) {
        let project = Project::new(on, DEV_ON_A_VOLUME);
        project.write("app.yml", &compose("  client: *client\n"));
        project.run(&["env", "start", "dev"]).ok();
        let before = address(&project, "dev");
        execute(&before, "create table kept (word text); insert into kept values ('still here')");
        for stopped in [&["env", "stop", "dev"][..], &["env", "stop", "dev", "--rm"], &["env", "list"]] {
            project.run(stopped).ok();
            std::fs::remove_dir_all(project.root().join(".poststack")).unwrap();
            project.run(&["env", "start", "dev"]).ok();
            let after = address(&project, "dev");
            assert_eq!(select(&after, "select word from kept"), "still here");
            assert_ne!(after.password.expose(), before.password.expose());
            assert!(log_in(&before).is_err());
            let client = container(&project, "dev-client-1");
            assert_eq!(psql(&project, &client, "select word from kept"), "still here");
        }
    }

    fn another_literal_password_is_set_without_a_new_database(on: On) {
        let project = Project::new(on, &database(", password: first, storage: tmpfs"));
        project.run(&["env", "start"]).ok();
        let ids = project.container_ids();
        let port = project.status("dev")["database"]["port"].as_u64().unwrap();
        let config = database(", password: \"s'e%c:o/n@d$$\", storage: tmpfs");
        project.write(".poststack.yml", &config.replace("{port}", &port.to_string()));
        project.run(&["env", "start"]).ok();
        assert_eq!(project.container_ids(), ids);
        assert_eq!(project.status("dev")["database"]["accepts_logins"], true);
    }

    fn data_in_memory_has_no_volume_and_ends_with_its_container(on: On) {
        let project = Project::new(on, DEV);
        project.write("app.yml", &compose("  one: *sleep\n"));
        project.run(&["env", "start", "dev"]).ok();
        let filter = format!("label=io.poststack.project={}", project.name);
        assert_eq!(on.cli_text(&["volume", "ls", "--quiet", "--filter", &filter]), "");
        execute(&address(&project, "dev"), "create table lost ()");
        assert_eq!(select(&address(&project, "dev"), "current_setting('fsync')"), "off");
        project.run(&["env", "restart", "dev"]).ok();
        assert_eq!(select(&address(&project, "dev"), "to_regclass('lost') is null"), "true");
    }

    fn settings_are_in_force_and_a_changed_one_keeps_the_data(on: On) {
        let project = Project::new(on, &database(", settings: { work_mem: 7MB, log_min_duration_statement: 250 }"));
        project.run(&["env", "start"]).ok();
        let asked = "current_setting('work_mem') || ' ' || current_setting('log_min_duration_statement')";
        assert_eq!(select(&address(&project, "dev"), asked), "7MB 250ms");
        execute(&address(&project, "dev"), "create table kept ()");
        rewrite(&project, ", settings: { work_mem: 9MB }");
        project.run(&["env", "start"]).ok();
        let asked = "current_setting('work_mem') || ' ' || (to_regclass('kept') is not null)::text";
        assert_eq!(select(&address(&project, "dev"), asked), "9MB true");
    }

    fn extensions_are_made_and_a_missing_one_is_named(on: On) {
        let project = Project::new(on, &database(", storage: tmpfs, extensions: [pg_trgm, uuid-ossp]"));
        project.run(&["env", "start"]).ok();
        let names = "select string_agg(extname, ' ' order by extname) from pg_extension where extname <> 'plpgsql'";
        assert_eq!(select(&address(&project, "dev"), names), "pg_trgm uuid-ossp");
        rewrite(&project, ", storage: tmpfs, extensions: [pg_trgm, pg_trgn, vektor]");
        let refused = project.run(&["env", "start"]);
        assert_ne!(refused.code, 0);
        for word in ["pg_trgn", "vektor", "pg_trgm", "postgres.image"] {
            assert!(refused.stderr.contains(word), "{word}: {}", refused.stderr);
        }
    }

    fn another_image_with_the_same_contract_serves_as_well(on: On) {
        let project = Project::new(on, &database(", storage: tmpfs, image: \"{name}-pg:1\", initdb_args: --data-checksums"));
        let image = format!("{}-pg:1", project.name);
        on.build_shipped_images();
        on.cli_text(&["tag", "poststack/postgres:15", &image]);
        let _tagged = Tagged(on, image.clone());
        project.run(&["env", "start"]).ok();
        assert_eq!(select(&address(&project, "dev"), "current_setting('data_checksums')"), "on");
        let database = container(&project, "dev-postgres");
        let used = on.cli_text(&["container", "inspect", "--format", "{{.Config.Image}}", &database]);
        assert!(used.ends_with(&image), "{used}");
        assert_eq!(project.result(&["env", "start"])["changed"], false);
    }

    fn an_external_database_is_used_and_left_alone(on: On) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let outside = runtime.block_on(cluster().database());
        // `127.0.0.1` would be the environment's own database; this is the same address.
        let config = format!(
            "project: {{ name: {{name}} }}\nenvironments:\n  dev:\n    postgres: {{ host: \"127.1\", port: {}, user: {}, password: \"{}\", database: {} }}\n    init: [ {{ migrations: migrations }} ]\n    deployment: {{ compose: app.yml }}\n",
            outside.port, outside.user, outside.password.expose(), outside.database,
        );
        let project = Project::new(on, &config);
        project.write("migrations/001_word.sql", "create table word as select 'outside' as word;\n");
        project.write("app.yml", &compose("  client: { <<: *client, network_mode: host }\n"));
        project.run(&["env", "start"]).ok();
        assert_eq!(runtime.block_on(ask(&outside, "select word from word")), "outside");
        let names: Vec<String> = project.container_ids().into_keys().collect();
        assert_eq!(names, [container(&project, "dev-client-1")]);
        assert_eq!(psql(&project, &names[0], "select word from word"), "outside");
        assert_eq!(project.result(&["env", "start"])["changed"], false);
        project.run(&["env", "stop", "--rm"]).ok();
        assert_eq!(runtime.block_on(ask(&outside, "select word from word")), "outside");
    }
}
