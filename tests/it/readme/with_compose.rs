//! Guides that call `docker compose`, which is its own program here.

use super::*;

/// Writes `docker` into `bin/` of the project, whose `compose` is the real one.
fn with_docker_compose(project: &Project) {
    let finder = root().join("scripts/docker-compose.sh");
    let compose = ran(&mut Command::new(finder)).ok().stdout;
    let docker = format!(
        "#!/bin/sh\n\
         if [ \"$1\" = compose ]; then shift; exec '{}' \"$@\"; fi\n\
         PATH=${{PATH#*:}} exec docker \"$@\"\n",
        compose.trim()
    );
    let wrapper = project.write("bin/docker", &docker);
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(wrapper, mode).unwrap();
}

fn empty() -> Project {
    On::Docker.build_shipped_images();
    let project = Project::new(On::Docker, "");
    std::fs::remove_file(project.root().join(".poststack.yml")).unwrap();
    with_docker_compose(&project);
    project
}

#[test]
fn the_guide_from_docker_compose_works() {
    let project = empty();
    // PostgreSQL's image is the one that is there already.
    let text = Ports::new(&["5433"])
        .free(&script(&document("docs/from-docker-compose.md")))
        .replace("image: postgres:15", "image: poststack/postgres:15")
        .replace("name: shop", &format!("name: {}", project.name))
        .replace("-name shop", &format!("-name {}", project.name))
        .replace("shop-dev", &format!("{}-dev", project.name));
    let script = format!(
        "trap 'docker compose --project-name {} down --volumes' EXIT\n{text}",
        project.name
    );
    let outcome = run(On::Docker, &project, &script).ok();
    assert!(outcome.stdout.contains("item\ntea\n"), "{}", outcome.stdout);
    assert_eq!(project.container_ids().len(), 0, "the guide cleans up");
}

#[test]
fn the_guide_of_taking_over_works() {
    let project = empty();
    let former = format!("{}shop", project.name);
    let text = Ports::new(&["5433"])
        .free(&script(&document("docs/adopt.md")))
        .replace("image: postgres:15", "image: poststack/postgres:15")
        .replace("mkdir shop", &format!("mkdir {former}"))
        .replace("cd shop", &format!("cd {former}"))
        .replace("shop-mail-1", &format!("{former}-mail-1"))
        .replace("myapp", &project.name);
    let script = format!(
        "trap 'docker compose --project-name {former} down; \
         docker volume rm {former}_db-data {former}_uploads' EXIT\n{text}"
    );
    let outcome = run(On::Docker, &project, &script).ok();
    let printed = outcome.stdout.replace(&former, "shop");
    let printed = printed.replace(&project.name, "myapp");
    assert_shown("docs/adopt.md", &printed);
    assert!(printed.contains("item\ntea\n"), "{printed}");
    assert!(printed.contains("a picture\n"), "{printed}");
    assert_eq!(project.container_ids().len(), 0, "the guide cleans up");
}

#[test]
fn the_guide_of_leaving_works() {
    let project = empty();
    let init = format!(
        "poststack init shop --project-name {} --db-port {} && \
         sed -i s/8080/{}/ shop/environments/dev.env",
        project.name,
        free_port(),
        free_port()
    );
    let text = script(&document("docs/export.md"))
        .replace("poststack init shop", &init)
        .replace("shop_user", &format!("{}_user", project.name))
        .replace("shop__dev", &format!("{}__dev", project.name));
    let outcome = run(On::Docker, &project, &text).ok();
    let printed = outcome.stdout.replace(&project.name, "shop");
    assert!(printed.contains("2 | Servus\n"), "{printed}");
    assert!(printed.contains("shop__dev\n"), "{printed}");
    assert!(
        printed.contains("DATABASE_URL: postgresql://shop_user:"),
        "{printed}"
    );
    assert!(printed.contains("count\n2\n"), "{printed}");
    assert_eq!(project.container_ids().len(), 0, "the guide cleans up");
}
