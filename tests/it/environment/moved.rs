//! A project folder that is moved takes its environments along.

use crate::project::{On, Project, on_both_engines};

const CONFIG: &str = "\
project: { name: {name} }
environments:
  dev:
    postgres: { port: {port} }
";

on_both_engines! {
    fn a_moved_project_keeps_its_database_and_a_copy_does_not_get_it(on: On) {
        let project = Project::new(on, CONFIG);
        let config = project.read(".poststack.yml").replace("{name}", &project.name);
        project.write("old/.poststack.yml", &config);
        project.run(&["env", "start", "-C", "old"]).ok();
        let database = format!("{}-dev-postgres", project.name);
        let psql = |sql: &str| {
            let user = format!("{}_dev_user", project.name);
            let name = format!("{}_dev", project.name);
            let said = project.exec(&database, &["psql", "-At", "-U", &user, "-d", &name, "-c", sql]);
            assert!(said.status.success(), "{said:?}");
            String::from_utf8(said.stdout).unwrap().trim().to_owned()
        };
        psql("create table kept as select 42 as n");
        project.write("copy/.poststack.yml", &config);
        let refused = project.run(&["env", "start", "-C", "copy"]).exits(1);
        assert!(refused.stderr.contains("belongs to"), "{}", refused.stderr);
        std::fs::remove_dir_all(project.root().join("copy")).unwrap();
        std::fs::rename(project.root().join("old"), project.root().join("new")).unwrap();
        project.run(&["env", "start", "-C", "new"]).ok();
        assert_eq!(psql("select n from kept"), "42");
    }
}
