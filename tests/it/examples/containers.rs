//! A project's own containers, in a folder without a configuration.

use super::stage::{Example, example, story};

const FILES: &[(&str, &str)] = &[
    (
        ".env",
        "POSTSTACK_POSTGRES_HOST_PORT={port}\nPOSTSTACK_WEB_PORT={port}\n",
    ),
    ("public/index.html", "Hello shop\n"),
    (
        "containers/web/Dockerfile",
        "FROM poststack/base-debian:latest\nEXPOSE 80\nSTOPSIGNAL SIGKILL\nRUN mkdir -p /var/www/html\n\
         CMD [\"python3\", \"-u\", \"-m\", \"http.server\", \"80\", \"--directory\", \"/var/www/html\"]\n",
    ),
    // Its own image of the database, since that of poststack is used by others meanwhile.
    (
        "containers/postgres/Dockerfile",
        "FROM poststack/postgres:15\nRUN echo ours > /note\n",
    ),
    ("migrations/001_users.sql", "CREATE TABLE users (id int);\n"),
];

pub const LINES: &[Example] = &[
    example("poststack build web").then("docker image inspect {name}/web"),
    example("poststack container build-project --container web")
        .after("docker rmi {name}/web")
        .then("docker image inspect {name}/web"),
    example("poststack build postgres --no-cache").then("docker image inspect {name}/postgres:15"),
    example("poststack build").after("docker rmi {name}/web").then("docker image inspect {name}/web"),
    example("poststack container build --image postgres").after("docker rmi {name}/postgres:15").then("docker image inspect {name}/postgres:15"),
    example("poststack container start").then("poststack container health postgres"),
    example("poststack db migrate --database-url \"$(poststack container url)\"")
        .then("poststack db query --database-url \"$(poststack container url)\" 'TABLE users'"),
    example("poststack container start --postgres-port 5433")
        .then("poststack db test-connection --database-url \"$(poststack container url)\""),
    example("poststack container start-project").then("docker top {name}-web"),
    example(
        "poststack container start-project --container web --port 9090 --volume ./public:/var/www/html --wait",
    )
    .then("docker exec {name}-web grep Hello /var/www/html/index.html"),
    example("poststack container start-project --wait").then("docker top {name}-web"),
    example("poststack container status --format json").prints("\"running\""),
    example("poststack container health web").prints("web"),
    example("poststack container list --format json").prints("{name}/web"),
    example("poststack container logs web -f").prints("Serving HTTP").endless(),
    example("poststack container logs postgres --tail 20").prints("ready to accept connections"),
    example("poststack container verify").prints("is healthy"),
    example("poststack container stop-project --container web")
        .then("docker inspect --format '{{.State.Status}}' {name}-web | grep exited"),
    example("poststack container stop-project --all-project")
        .after("poststack container start-project")
        .then("docker inspect --format '{{.State.Status}}' {name}-web | grep exited"),
    example("poststack container remove myapp-web").then("! docker inspect {name}-web"),
    example("poststack container stop postgres")
        .then("docker inspect --format '{{.State.Status}}' {name}-postgres | grep exited"),
    example("poststack container stop --all")
        .after("poststack container start && poststack container start-project")
        .then("docker inspect --format '{{.State.Status}}' {name}-web {name}-postgres | grep -c exited | grep 2"),
    example("poststack container clean --yes")
        .then("! docker inspect {name}-postgres && ! docker image inspect {name}/web"),
];

#[test]
fn the_examples_of_containers_work() {
    story(FILES, LINES);
}
