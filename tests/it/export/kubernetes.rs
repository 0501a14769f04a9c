//! The published schemas accept the result.

use std::process::Command;

use super::support::{export, keeps_secrets, program, project};
use crate::project::{On, ran};

#[test]
fn every_object_is_valid_by_the_published_schemas() {
    let project = project(On::Docker);
    let folder = export(&project, "kubernetes");
    keeps_secrets(&project, &folder);
    let mut command = Command::new(program("kubernetes-validate.sh"));
    command.args(["--strict", "kubernetes.yaml", "secrets.yaml"]);
    let judged = ran(command.current_dir(&folder)).ok();
    let said = format!("{}{}", judged.stdout, judged.stderr);
    let kinds = [
        "namespace/",
        "persistentvolumeclaim/",
        "configmap/",
        "secret/",
        "statefulset/",
        "service/",
        "job/init-",
        "deployment/app",
    ];
    for kind in kinds {
        assert!(
            said.contains(&format!("passed for resource {kind}")),
            "{kind}: {said}"
        );
    }
}

#[test]
fn the_judge_refuses_what_no_schema_knows() {
    let folder = tempfile::tempdir().unwrap();
    let wrong = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: x }\ndatum: {}\n";
    std::fs::write(folder.path().join("wrong.yaml"), wrong).unwrap();
    let mut command = Command::new(program("kubernetes-validate.sh"));
    command
        .args(["--strict", "wrong.yaml"])
        .current_dir(folder.path());
    assert_ne!(ran(&mut command).code, 0);
}
