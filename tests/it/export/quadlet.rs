//! The program that makes systemd units of Quadlet files accepts the result.

use std::process::Command;

use super::support::{export, keeps_secrets, program, project};
use crate::project::{On, ran};

#[test]
fn every_unit_is_made_and_says_what_the_file_said() {
    let project = project(On::Podman);
    let folder = export(&project, "quadlet");
    keeps_secrets(&project, &folder);
    let mut command = Command::new(program("quadlet.sh"));
    command.arg("-dryrun").env("QUADLET_UNIT_DIRS", &folder);
    let made = ran(&mut command).ok();
    let name = format!("{}-dev", project.name);
    let units = [
        "postgres",
        "extensions",
        "migrations",
        "seed",
        "app",
        "default-network",
    ];
    for unit in units {
        let heading = format!("---{name}-{unit}.service---");
        assert!(
            made.stdout.contains(&heading),
            "{heading}\n{}\n{}",
            made.stdout,
            made.stderr
        );
    }
    let app = made
        .stdout
        .split(&format!("---{name}-app.service---"))
        .nth(1)
        .unwrap();
    let app = app.split("\n---").next().unwrap();
    assert!(
        app.contains(&format!("Requires={name}-seed.service")),
        "{app}"
    );
    assert!(app.contains(&format!("-v {name}_kept:/kept")), "{app}");
    assert!(
        app.contains(&format!(
            "{}/project/page.txt:/page.txt:ro",
            folder.display()
        )),
        "{app}"
    );
    // As systemd reads it: no variables, no specifiers.
    assert!(
        app.contains(r#"a$$b$$$$c$${d}$$(e)'f\"g\\h%%i #j yes"#),
        "{app}"
    );
    let postgres = made
        .stdout
        .split(&format!("---{name}-postgres.service---"))
        .nth(1)
        .unwrap();
    assert!(
        postgres.contains(&format!("-v {name}_pgdata:/var/lib/postgresql/data")),
        "{postgres}"
    );
    assert!(postgres.contains("--sdnotify=healthy"), "{postgres}");
}
