//! Changelogs of Liquibase as steps of the init phase.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::support::{DEV, address, compose, container, select};
use crate::cluster::{ask, cluster};
use crate::project::{On, Project, on_both_engines};

/// Held while a first start may build the image: two at once would build it twice.
pub fn building(on: On) -> MutexGuard<'static, ()> {
    static DOCKER: Mutex<()> = Mutex::new(());
    static PODMAN: Mutex<()> = Mutex::new(());
    let mutex = match on {
        On::Docker => &DOCKER,
        On::Podman => &PODMAN,
    };
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

const XML: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<databaseChangeLog xmlns="http://www.liquibase.org/xml/ns/dbchangelog"
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
    xsi:schemaLocation="http://www.liquibase.org/xml/ns/dbchangelog
        http://www.liquibase.org/xml/ns/dbchangelog/dbchangelog-latest.xsd">
  <changeSet id="1" author="ada">
    <createTable tableName="people">
      <column name="name" type="text"/>
    </createTable>
  </changeSet>
  <include file="db/more.yaml"/>
  <include file="last.sql" relativeToChangelogFile="true"/>
</databaseChangeLog>
"#;

const YAML: &str = "\
databaseChangeLog:
  - changeSet:
      id: 2
      author: ada
      changes:
        - sql: insert into people values ('Ada')
  - changeSet:
      id: slow
      author: ada
      context: slow
      changes:
        - sql: insert into people values ('nobody')
";

const SQL: &str = "\
--liquibase formatted sql
--changeset grace:3
insert into people values ('Grace');
";

/// A statement that fails, longer than the end of a log that is shown.
fn failing() -> String {
    let lines = "1,\n".repeat(40);
    format!("{SQL}--changeset grace:4\nselect {lines} missing;\n")
}

const APPLIED: &str =
    "select string_agg(filename || ':' || id, ' ' order by orderexecuted) from databasechangelog";

on_both_engines! {
    fn changelogs_of_every_format_are_applied_once_and_a_failing_one_deploys_nothing(on: On) {
        let entry = "    init: [ { liquibase: { changelog: db/changelog.xml, contexts: dev } } ]\n    deployment:";
        let project = Project::new(on, &DEV.replace("    deployment:", entry));
        project.write("app.yml", &compose("  app: *sleep\n"));
        project.write("db/changelog.xml", XML);
        project.write("db/more.yaml", YAML);
        project.write("db/last.sql", SQL);
        let missing = project.root().join("db/more.yaml");
        std::fs::rename(&missing, project.root().join("aside.yaml")).unwrap();
        let first = building(on);
        let refused = project.run(&["env", "start"]).exits(4);
        drop(first);
        assert!(refused.stderr.contains("exited with code 1: The file db/more.yaml was not found"), "{}", refused.stderr);
        assert!(!project.container_ids().contains_key(&container(&project, "dev-app-1")), "nothing is deployed");

        std::fs::rename(project.root().join("aside.yaml"), missing).unwrap();
        project.run(&["env", "start"]).ok();
        let database = address(&project, "dev");
        assert_eq!(select(&database, APPLIED), "db/changelog.xml:1 db/more.yaml:2 db/last.sql:3");
        let ids = project.container_ids();
        assert_eq!(project.result(&["env", "start"])["changed"], false);
        assert_eq!(project.container_ids(), ids);

        let name = container(&project, "dev-liquibase-1");
        let inspect = |what: &str| on.cli_text(&["container", "inspect", "--format", what, &name]);
        let password = database.password.expose();
        assert!(inspect("{{json .Config.Env}}").contains(password), "the password is in the environment");
        let arguments = inspect("{{json .Path}} {{json .Args}} {{json .Config.Cmd}} {{json .Config.Entrypoint}}");
        assert!(!arguments.contains(password), "{arguments}");
        assert_eq!(inspect("{{.Config.User}}"), "certuser");

        project.write("db/last.sql", &failing());
        let failed = project.run(&["env", "start"]).exits(4);
        let reason = "exited with code 1: Migration failed for changeset db/last.sql::4::grace: ERROR: column \"missing\" does not exist";
        assert!(failed.stderr.contains(reason), "{}", failed.stderr);
        assert!(failed.stderr.contains("hint: View logs: poststack env logs dev liquibase"), "{}", failed.stderr);
        project.write("db/last.sql", &format!("{SQL}--changeset grace:4\nselect 1;\n"));
        project.run(&["env", "start"]).ok();
        assert!(select(&database, APPLIED).ends_with(" db/last.sql:4"));
        assert_eq!(project.container_ids()[&container(&project, "dev-app-1")], ids[&container(&project, "dev-app-1")]);
    }

    fn a_changelog_beside_the_configuration_is_applied_to_a_database_elsewhere(on: On) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let outside = runtime.block_on(cluster().database());
        // `127.0.0.1` would be the environment's own database; this is the same address.
        let config = format!(
            "project: {{ name: {{name}} }}\nenvironments:\n  dev:\n    postgres: {{ host: \"127.1\", port: {}, user: {}, password: \"{}\", database: {} }}\n    init:\n      - liquibase: one.sql\n      - liquibase: two.json\n",
            outside.port, outside.user, outside.password.expose(), outside.database,
        );
        let project = Project::new(on, &config);
        // The folder of a project is open to others, that of a test is not.
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(project.root(), mode).unwrap();
        project.write("one.sql", "--liquibase formatted sql\n--changeset ada:1\ncreate table word as select 'outside' as word;\n");
        project.write("two.json", r#"{ "databaseChangeLog": [{ "changeSet": { "id": "2", "author": "ada", "changes": [{ "sql": "update word set word = 'changed'" }] } }] }"#);
        let first = building(on);
        project.run(&["env", "start"]).ok();
        drop(first);
        assert_eq!(runtime.block_on(ask(&outside, "select word from word")), "changed");
        assert_eq!(runtime.block_on(ask(&outside, APPLIED)), "one.sql:1 two.json:2");
        let names: Vec<String> = project.container_ids().into_keys().collect();
        assert_eq!(names, [container(&project, "dev-liquibase-1"), container(&project, "dev-liquibase-2-1")]);
        assert_eq!(project.result(&["env", "start"])["changed"], false);
    }
}
