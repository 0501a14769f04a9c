//! `podman kube play` runs the result.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::support::{ODD, export, insert, keeps_secrets, mode, project, rows};
use crate::project::{On, ran};

/// An exported folder; what Podman made of it goes with this.
struct Played {
    folder: PathBuf,
    volumes: Vec<String>,
}

impl Drop for Played {
    fn drop(&mut self) {
        podman(&self.folder, &["kube", "down", "pod.yaml"]);
        for volume in &self.volumes {
            podman(&self.folder, &["volume", "rm", "--force", volume]);
        }
    }
}

fn podman(folder: &Path, arguments: &[&str]) -> crate::project::Ran {
    ran(Command::new("podman").args(arguments).current_dir(folder))
}

#[test]
fn podman_kube_play_goes_on_with_the_same_data() {
    let project = project(On::Podman);
    project.run(&["env", "start", "dev"]).ok();
    insert(&project, "inserted");
    let variables = export(&project, "env-vars");
    let folder = export(&project, "podman-pod");
    let name = format!("{}-dev", project.name);
    assert_eq!(mode(&folder.join("secrets.yaml")), 0o600);
    project.run(&["env", "stop", "dev", "--rm"]).ok();
    let played = Played {
        volumes: vec![format!("{name}_pgdata"), format!("{name}_kept")],
        folder,
    };
    keeps_secrets(&project, &played.folder);

    let play = ["kube", "play", "--configmap", "secrets.yaml", "pod.yaml"];
    podman(&played.folder, &play).ok();
    assert_eq!(rows(&variables), "inserted migrated seeded");
    let app = format!("{name}-app");
    let exec = |command: &[&str]| {
        let arguments = [&["exec", &app], command].concat();
        podman(&played.folder, &arguments).ok().stdout
    };
    for name in ["ODD", "ODD_SECRET"] {
        assert_eq!(exec(&["printenv", name]), format!("{ODD}\n"));
    }
    assert_eq!(exec(&["printenv", "ODD_KEY"]), "one\ntwo\n");
    assert_eq!(exec(&["printenv", "WORD", "NUMBER"]), "yes\n0123\n");
    assert_eq!(exec(&["cat", "/page.txt"]), "a page\n");
    // The init containers have ended, and stay so.
    let restart = ["pod", "inspect", "--format", "{{.State}}", &name];
    assert_eq!(podman(&played.folder, &restart).ok().stdout, "Running\n");
    let ask = "psql \"$DATABASE_URL\" -Atc 'SELECT count(*) FROM poststack.schema_migrations'";
    assert_eq!(exec(&["sh", "-c", ask]), "2\n");
    assert_eq!(
        exec(&["sh", "-c", "getent hosts app | cut -d' ' -f1"]),
        "127.0.0.1\n"
    );
}
