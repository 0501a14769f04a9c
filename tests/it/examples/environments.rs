//! One project with two environments: what is seen of it, its start, its copies, and its end.

use super::stage::{Example, example, story};

const FILES: &[(&str, &str)] = &[
    (
        ".poststack.yml",
        "\
project: { name: {name} }
environment: dev
environments:
  dev:
    postgres: { port: {port}, storage: tmpfs }
    init: [{ migrations: migrations }]
    deployment: { compose: deploy/app-compose.yml }
    variables: { LOG_LEVEL: info }
  staging:
    postgres: { port: {port} }
    deployment: { compose: deploy/app-compose.yml }
    variables: { LOG_LEVEL: warning }
",
    ),
    (
        "deploy/app-compose.yml",
        "\
services:
  web:
    image: {name}/web
    build: ../web
    command: [sh, -c, 'echo serving; exec sleep infinity']
    init: true
    stop_grace_period: 1s
    environment: { LOG_LEVEL: '${LOG_LEVEL}' }
    develop:
      watch: [{ action: sync, path: ../web, target: /web }]
  worker:
    image: debian:bookworm-slim
    command: [sleep, infinity]
    init: true
    stop_grace_period: 1s
",
    ),
    ("web/Dockerfile", "FROM debian:bookworm-slim\nCOPY . /web\n"),
    ("migrations/001_users.sql", "CREATE TABLE users (id int);\n"),
];

pub const LINES: &[Example] = &[
    example("poststack env list").prints("staging"),
    example("poststack env config dev").prints("deploy/app-compose.yml"),
    example("poststack config show").prints("staging"),
    example("poststack config show --explain").prints("log_level"),
    example("poststack config validate").prints("valid: dev, staging"),
    example("poststack config validate staging").prints("valid: staging"),
    example("poststack env dry-run staging").prints("warning"),
    example("poststack env dry-run dev --file deploy/app-compose.yml").prints("LOG_LEVEL"),
    example("poststack env render staging -o rendered").then("grep -r 'warning' rendered"),
    example("poststack env render dev | less").prints("LOG_LEVEL: 'info'"),
    example("poststack env plan dev").prints("web"),
    example("poststack env plan dev --set LOG_LEVEL=debug -v").prints("CAUSE"),
    example("poststack env start dev --set LOG_LEVEL=debug")
        .then("docker exec {name}-dev-web-1 printenv LOG_LEVEL | grep debug"),
    example("poststack env start dev")
        .then("docker exec {name}-dev-web-1 printenv LOG_LEVEL | grep info"),
    example("poststack env plan --exit-code --format json").prints("\"changes\": []"),
    example("poststack env diff dev --exit-code").prints("as the last start left it"),
    example("poststack env status dev --format json").prints("\"running\""),
    example("poststack env status dev --watch")
        .prints("running")
        .endless(),
    example("poststack env logs dev web -f")
        .prints("web | serving")
        .endless(),
    example("poststack env logs --tail 20 --since 10m").prints("web | serving"),
    example("poststack restart web --env dev")
        .then("docker logs {name}-dev-web-1 | grep -c serving | grep 2"),
    example("poststack container verify web --env dev --format json").prints("\"ok\": true"),
    example("poststack env init dev").then("poststack db query 'TABLE users' dev"),
    example("poststack env restart dev").then("docker top {name}-dev-web-1"),
    example("poststack env deploy dev")
        .after("docker rm --force {name}-dev-web-1")
        .then("docker top {name}-dev-web-1"),
    example("poststack env watch dev")
        .prints("Watching")
        .endless(),
    example("poststack env watch dev web --build")
        .prints("Watching")
        .endless(),
    example("poststack env export dev --format docker-compose -o ../without-poststack")
        .then("grep -r 'sleep infinity' ../without-poststack"),
    example("eval \"$(poststack env export dev --format env-vars)\"")
        .then("test \"$DB_HOST\" = 127.0.0.1"),
    example("poststack logs list").prints("poststack.log"),
    example("poststack logs list --category container").prints("web.log"),
    example("poststack logs size").prints("files"),
    example("poststack logs clean --days 30")
        .after("touch -d '40 days ago' logs/containers/web.log")
        .then("! test -f logs/containers/web.log"),
    example("poststack env switch staging")
        .then("poststack env switch | grep staging && poststack env switch dev"),
    example("poststack env copy staging qa").then("poststack env list | grep qa"),
    example("poststack env remove qa")
        .asked("type yes:", "yes")
        .then("! grep qa: .poststack.yml"),
    example("poststack env remove qa --volumes --yes")
        .after("poststack env copy staging qa && poststack env start qa && docker volume inspect {name}-qa_pgdata")
        .then("! grep qa: .poststack.yml && ! docker volume inspect {name}-qa_pgdata"),
    example("poststack env stop dev --rm").then("! docker inspect {name}-dev-web-1"),
];

#[test]
fn the_examples_of_environments_work() {
    story(FILES, LINES);
}
