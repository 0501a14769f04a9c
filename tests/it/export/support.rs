//! A project with everything that an export has to carry, and the programs that judge it.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::project::{On, Project, Ran, ran};

/// A value that every format quotes in another way.
pub const ODD: &str = r#"a$b$$c${d}$(e)'f"g\h%i #j yes"#;

const CONFIG: &str = "\
project: { name: {name} }
environments:
  dev:
    postgres: { port: {port}, extensions: [pgcrypto] }
    env_file: odd.env
    init:
      - migrations: migrations
      - compose: init.yml
    deployment: { compose: app.yml }
";

const INIT: &str = "\
services:
  seed:
    image: poststack/postgres:15
    entrypoint: [psql, --no-psqlrc, --command, \"INSERT INTO rows SELECT 'seeded' WHERE NOT EXISTS (SELECT FROM rows WHERE what = 'seeded')\"]
    environment:
      PGHOST: ${DB_HOST}
      PGPORT: ${DB_PORT}
      PGUSER: ${DB_USER}
      PGPASSWORD: ${DB_PASSWORD}
      PGDATABASE: ${DB_NAME}
";

const APP: &str = "\
services:
  app:
    image: poststack/postgres:15
    entrypoint: [sh, -c, 'exec sleep infinity', '${ODD}']
    stop_grace_period: 1s
    restart: unless-stopped
    environment:
      DATABASE_URL: ${POSTSTACK_DATABASE_URL}
      ODD: ${ODD}
      ODD_SECRET: ${ODD_SECRET}
      ODD_KEY: ${ODD_KEY}
      WORD: 'yes'
      NUMBER: '0123'
    volumes: ['./page.txt:/page.txt:ro', 'kept:/kept']
    healthcheck: { test: 'test -s /page.txt' }
volumes: { kept: {} }
";

const MIGRATIONS: [(&str, &str); 3] = [
    (
        "001_rows.sql",
        "CREATE TABLE rows (what text);\nINSERT INTO rows VALUES ('migrated');\n",
    ),
    (
        "002_index.sql",
        "CREATE INDEX CONCURRENTLY rows_what ON rows (what);\n",
    ),
    (
        "R_all.sql",
        "CREATE OR REPLACE VIEW all_rows AS SELECT * FROM rows;\n",
    ),
];

/// An environment with migrations, an init step, an application, and a value for every quote.
pub fn project(on: On) -> Project {
    let project = Project::new(on, CONFIG);
    let quoted = ODD.replace('\\', "\\\\").replace('"', "\\\"");
    let quoted = quoted.replace('$', "\\$");
    let lines = format!("ODD=\"{quoted}\"\nODD_SECRET=\"{quoted}\"\nODD_KEY='one\ntwo'\n");
    project.write("odd.env", &lines);
    for (name, text) in MIGRATIONS {
        project.write(&format!("migrations/{name}"), text);
    }
    project.write("init.yml", INIT);
    project.write("app.yml", APP);
    project.write("page.txt", "a page\n");
    project
}

/// The program whose path a script prints.
pub fn program(script: &str) -> PathBuf {
    let script = format!("{}/scripts/{script}", env!("CARGO_MANIFEST_DIR"));
    let path = ran(&mut Command::new(script)).ok().stdout;
    PathBuf::from(path.trim())
}

/// Exports `dev` into a folder of the project.
#[track_caller]
pub fn export(project: &Project, format: &str) -> PathBuf {
    let output = format!("out-{format}");
    let arguments = ["env", "export", "dev", "--format", format, "-o", &output];
    project.run(&arguments).ok();
    project.root().join(output)
}

/// What a shell prints that has read the exported variables, and knows nothing else.
#[track_caller]
pub fn shell(folder: &Path, script: &str) -> String {
    let script = format!("set -eu; set -a; . ./dev.env; set +a; {script}");
    let mut command = Command::new("sh");
    command
        .args(["-c", &script])
        .current_dir(folder)
        .env_clear();
    let outcome: Ran = ran(command.env("PATH", std::env::var("PATH").unwrap())).ok();
    outcome.stdout.trim_end_matches('\n').to_owned()
}

/// The rows of the table, as a shell with `psql` finds them through the exported variables.
#[track_caller]
pub fn rows(variables: &Path) -> String {
    let question = "SELECT string_agg(what, ' ' ORDER BY what) FROM all_rows";
    let script = format!("psql \"$POSTSTACK_DATABASE_URL\" --no-psqlrc -Atc \"{question}\"");
    shell(variables, &script)
}

/// Puts a row into the table, past poststack.
pub fn insert(project: &Project, row: &str) {
    let name = format!("{}-dev-postgres", project.name);
    let database = format!("{}_dev", project.name);
    let statement = format!("INSERT INTO rows VALUES ('{row}')");
    let user = format!("{database}_user");
    let command = ["psql", "-U", &user, "-d", &database, "-c", &statement];
    let output = project.exec(&name, &command);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
}

/// The permissions of a file, as `chmod` takes them.
pub fn mode(path: &Path) -> u32 {
    let found =
        std::fs::metadata(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    found.permissions().mode() & 0o777
}

/// The password of the environment, which no public file may hold.
pub fn password(project: &Project) -> String {
    let secrets = project.read(".poststack/secrets/dev.json");
    let secrets: serde_json::Value = serde_json::from_str(&secrets).unwrap();
    secrets["postgres_password"].as_str().unwrap().to_owned()
}

/// Fails where a file that others may read holds a secret.
#[track_caller]
pub fn keeps_secrets(project: &Project, folder: &Path) {
    let password = password(project);
    let mut open = vec![folder.to_path_buf()];
    let mut found = 0;
    while let Some(path) = open.pop() {
        if path.is_dir() {
            let entries = std::fs::read_dir(&path).unwrap();
            open.extend(entries.map(|entry| entry.unwrap().path()));
            continue;
        }
        let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
        if text.contains(&password) || text.contains("a$b$$c") && !path.ends_with("odd.env") {
            found += 1;
            assert_eq!(mode(&path), 0o600, "{}", path.display());
        }
    }
    assert!(found > 0, "the secrets are somewhere");
}
