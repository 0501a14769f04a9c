//! `env render`: the files with their variables replaced.

use super::refused::DEV;
use super::support::{export, mode, password};
use crate::project::{On, Project};

const APP: &str = "\
# a comment with ${NOTHING}
services:
  web:   # stays where it is
    image: 'debian:${TAG:-bookworm-slim}'
    environment: [ \"URL=${POSTSTACK_DATABASE_URL}\", 'PRICE=5$$' ]
  local:
    image: debian:bookworm-slim
    network_mode: host
    environment: [ \"HOST=${DB_HOST}\" ]
    extends: { file: sub/base.yml, service: base }
";

fn project() -> Project {
    let project = Project::new(On::Docker, DEV);
    project.write("app.yml", APP);
    project.write(
        "sub/base.yml",
        "services:\n  base: { labels: { tag: \"${TAG:-none}\" } }\n",
    );
    project
}

#[test]
fn the_files_lie_at_their_places_with_every_other_byte_as_it_was() {
    let project = project();
    let arguments = ["env", "render", "dev", "-o", "out", "--set", "TAG=7"];
    let told = project.run(&arguments).ok();
    let name = &project.name;
    let url = format!(
        "postgresql://{name}_dev_user:{}@{name}-dev-postgres:5432/{name}_dev",
        password(&project)
    );
    let expected = APP
        .replace("${TAG:-bookworm-slim}", "7")
        .replace("${POSTSTACK_DATABASE_URL}", &url)
        .replace("5$$", "5$")
        .replace("${DB_HOST}", "127.0.0.1");
    assert_eq!(project.read("out/app.yml"), expected);
    assert!(project.read("out/sub/base.yml").contains("tag: \"7\""));
    assert_eq!(mode(&project.root().join("out/app.yml")), 0o600);
    assert!(
        told.stderr.contains("app.yml  (0600: it holds secrets)"),
        "{}",
        told.stderr
    );
    project.run(&arguments).exits(2);
}

#[test]
fn stdout_has_the_texts_as_one_document_with_json() {
    let project = project();
    let shown = project
        .run(&["env", "render", "dev", "--format", "json"])
        .ok()
        .json();
    assert_eq!(shown["files"][0]["path"], "app.yml");
    let text = shown["files"][1]["text"].as_str().unwrap();
    assert!(text.contains("tag: \"none\""), "{text}");
}

#[test]
fn a_pod_keeps_its_documents() {
    let project = Project::new(
        On::Docker,
        &DEV.replace("compose: app.yml", "pod: pod.yaml"),
    );
    let pod = |name: &str, host: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{ name: {name} }}\nspec:\n  hostNetwork: {host}\n  \
             containers:\n    - name: c\n      image: debian:bookworm-slim\n      \
             env: [{{ name: HOST, value: \"${{DB_HOST}}\" }}, {{ name: OWN, value: \"$(HOST)\" }}]\n"
        )
    };
    let text = format!("{}---\n# second\n{}", pod("a", "false"), pod("b", "true"));
    project.write("pod.yaml", &text);
    project.run(&["env", "render", "dev", "-o", "out"]).ok();
    let rendered = project.read("out/pod.yaml");
    let network = format!("{}-dev-postgres", project.name);
    let expected = text
        .replacen("${DB_HOST}", &network, 1)
        .replacen("${DB_HOST}", "127.0.0.1", 1);
    assert_eq!(rendered, expected);
}

#[test]
fn a_secret_that_the_files_quote_is_hidden_all_the_same() {
    let config = DEV.replace(
        "    deployment",
        "    variables: { API_TOKEN: 'pl\"ain\\to$$ken' }\n    deployment",
    );
    let project = Project::new(On::Docker, &config);
    let app = "services:\n  app:\n    image: debian:bookworm-slim\n    \
               labels: { token: \"${API_TOKEN}\" }\n";
    project.write("app.yml", app);
    project
        .run(&["env", "render", "dev", "-o", "rendered"])
        .ok();
    assert_eq!(mode(&project.root().join("rendered/app.yml")), 0o600);
    let unit = format!("{}-dev-app.container", project.name);
    assert_eq!(mode(&export(&project, "quadlet").join(unit)), 0o600);
}
