//! Pod files in formats of pods.

use super::refused::{DEV, project};
use crate::project::{On, Project};

const POD: &str = "\
apiVersion: v1
kind: Pod
metadata: { name: shop }
spec:
  hostAliases: [{ ip: 10.0.0.9, hostnames: [other] }]
  containers:
    - name: web
      image: debian:bookworm-slim
      ports: [{ containerPort: 8080, hostPort: 8083 }]
      readinessProbe: { httpGet: { path: /, port: 8080 } }
";
const MIGRATE: &str = "\
apiVersion: v1
kind: Pod
metadata: { name: migrate }
spec:
  restartPolicy: Never
  containers: [{ name: run, image: debian:bookworm-slim, command: [\"true\"] }]
";

fn shown(project: &Project, format: &str) -> (String, String) {
    let told = project.run(&["env", "export", "dev", "--format", format]);
    let told = told.ok();
    (told.stdout, told.stderr)
}

#[test]
fn a_pod_keeps_its_name_its_ports_and_its_hosts() {
    let config = DEV.replace(
        "deployment: { compose: app.yml }",
        "init: [pod: migrate.yaml]\n    deployment: { pod: pod.yaml }",
    );
    let project = Project::new(On::Docker, &config);
    project.write("pod.yaml", POD);
    project.write("migrate.yaml", MIGRATE);
    let (objects, told) = shown(&project, "kubernetes");
    for object in ["Deployment", "Service"] {
        let object = format!("kind: {object}\nmetadata:\n  name: shop\n");
        assert_eq!(objects.matches(&object).count(), 1, "{objects}");
    }
    let (pod, other) = shown(&project, "podman-pod");
    for text in [&objects, &pod] {
        assert!(
            !text.contains("name: shop-infra") && !text.contains("containers: []"),
            "{text}"
        );
        assert!(text.contains("ip: \"10.0.0.9\""), "{text}");
    }
    assert!(pod.contains("hostPort: 8083"), "{pod}");
    assert!(pod.contains("        - shop\n"), "{pod}");
    for told in [told, other] {
        assert!(
            told.contains("`readinessProbe` is not in the export"),
            "{told}"
        );
        for wrong in ["`ipc`", "`uts`", "`depends_on`"] {
            assert!(!told.contains(wrong), "{told}");
        }
    }
}

#[test]
fn a_service_may_have_the_image_that_pods_are_held_with() {
    let project = project("  app: { image: \"poststack/base-debian:core\" }\n");
    for format in ["kubernetes", "podman-pod"] {
        let (objects, _) = shown(&project, format);
        assert!(objects.contains("- name: app\n"), "{objects}");
    }
}
