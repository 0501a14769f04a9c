//! `.poststack/` in a bad state.

use std::os::unix::fs::PermissionsExt;

use super::{CONFIG, SLEEPER, project, says};
use crate::project::{On, on_both_engines};

#[test]
fn a_corrupt_secrets_file_is_named_and_kept() {
    let project = project(On::Docker, SLEEPER);
    project.write(".poststack/secrets/dev.json", "{ \"postgres_password\": ");
    let ran = project.run(&["env", "start", "dev"]);
    assert!(ran.code == 1 || ran.code == 3, "{ran:?}");
    says(&ran.stderr, ".poststack/secrets/dev.json");
    says(&ran.stderr, "hint: ");
    assert_eq!(
        project.read(".poststack/secrets/dev.json"),
        "{ \"postgres_password\": "
    );
    assert_eq!(project.container_ids().len(), 0);
}

#[test]
fn loose_modes_are_tightened() {
    let project = project(On::Docker, SLEEPER);
    project.run(&["env", "start", "dev"]).ok();
    let folder = project.root().join(".poststack");
    let secrets = folder.join("secrets/dev.json");
    let set = |path: &std::path::Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    set(&folder, 0o777);
    set(&secrets, 0o644);
    let ran = project.run(&["env", "start", "dev"]);
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    let tight = mode(&folder) == 0o700 && mode(&secrets) == 0o600;
    assert!(
        tight || ran.code != 0,
        "{:o} {:o} {ran:?}",
        mode(&folder),
        mode(&secrets)
    );
}

#[test]
fn a_file_in_the_place_of_the_folder_is_named() {
    let project = project(On::Docker, SLEEPER);
    project.write(".poststack", "");
    let ran = project.run(&["env", "start", "dev"]);
    assert!(ran.code == 1 || ran.code == 3, "{ran:?}");
    says(&ran.stderr, ".poststack");
    assert_eq!(project.container_ids().len(), 0);
}

on_both_engines! {
    fn a_lost_folder_keeps_the_data(on: On) {
        let config = CONFIG.replace(", storage: tmpfs", "");
        let project = crate::project::Project::new(on, &config);
        project.write("app.yml", SLEEPER);
        project.run(&["env", "start", "dev"]).ok();
        let database = format!("{}-dev-postgres", project.name);
        let sql = |text: &str| {
            let (user, name) = (format!("{}_dev_user", project.name), format!("{}_dev", project.name));
            let output = project.exec(&database, &["psql", "-XAtU", &user, "-d", &name, "-c", text]);
            assert!(output.status.success(), "{output:?}");
            String::from_utf8(output.stdout).unwrap()
        };
        sql("create table kept (id int)");
        std::fs::remove_dir_all(project.root().join(".poststack")).unwrap();
        project.run(&["env", "start", "dev"]).ok();
        assert_eq!(sql("select count(*) from kept").trim(), "0");
        assert_eq!(project.status("dev")["database"]["accepts_logins"], true);
    }
}
