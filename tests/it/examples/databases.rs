//! Migrations and databases of one project: apply, look, take back, copy, begin again.

use super::stage::{Example, example, story};

const FILES: &[(&str, &str)] = &[
    (
        ".poststack.yml",
        "\
project: { name: {name} }
environment: dev
environments:
  dev: { postgres: { port: {port}, storage: tmpfs } }
  staging: { postgres: { port: {port}, storage: tmpfs } }
",
    ),
    (
        "migrations/001_users.sql",
        "CREATE TABLE users (id int PRIMARY KEY, name text);\n",
    ),
    ("migrations/001_users.rollback.sql", "DROP TABLE users;\n"),
    (
        "migrations/002_orders.sql",
        "CREATE TABLE orders (id int PRIMARY KEY);\n",
    ),
    ("migrations/002_orders.rollback.sql", "DROP TABLE orders;\n"),
    (
        "migrations/003_items.sql",
        "CREATE TABLE items (id int PRIMARY KEY);\n",
    ),
    (
        "migrations/004_total.sql",
        "ALTER TABLE orders ADD COLUMN total int;\n",
    ),
    (
        "migrations/004_total.rollback.sql",
        "ALTER TABLE orders DROP COLUMN total;\n",
    ),
    (
        "seeds.sql",
        "INSERT INTO users VALUES (1, 'Ada') ON CONFLICT DO NOTHING;\n",
    ),
    (
        "fixtures/orders.sql",
        "INSERT INTO orders (id) VALUES (1);\n",
    ),
    (
        "report.sql",
        "SELECT count(*) AS tables FROM pg_tables WHERE schemaname = 'public';\n",
    ),
];

pub const LINES: &[Example] = &[
    example("poststack db create-rollback 003")
        .then("grep 'DROP TABLE' migrations/003_items.rollback.sql"),
    example("poststack db validate-rollbacks").prints("004_total has a way back"),
    example("poststack db lint --rules").prints("index-without-concurrently"),
    example("poststack db lint --all").prints("4 files"),
    example("poststack db migrate --target-version 003")
        .after("poststack env start dev && poststack env start staging")
        .then("poststack db status | grep 004 | grep pending"),
    example("poststack db lint dev").prints("1 file"),
    example("poststack db migrate dev").then("poststack db query 'SELECT total FROM orders' dev"),
    example("poststack db migrate staging --dry-run").prints("004_total"),
    example("poststack db migrate staging --rehearse")
        .prints("004_total   0.")
        .then("poststack db migrate staging"),
    example("poststack db status dev").prints("004"),
    example("poststack db migration-status --format json").prints("\"applied\""),
    example("poststack db migration-info 003 staging").prints("003"),
    example("poststack db verify staging"),
    example("poststack db rollback --steps 3 --dry-run").prints("002_orders"),
    example("poststack db rollback dev")
        .asked("type yes:", "yes")
        .then("! poststack db query 'SELECT total FROM orders' dev"),
    example("poststack db redo dev --yes")
        .after("poststack db query 'INSERT INTO items VALUES (1)' dev")
        .then("poststack db query 'SELECT count(*) FROM items' dev | grep 0"),
    example("poststack db rollback --target-version 001 --yes")
        .then("! poststack db query 'TABLE orders'"),
    example("poststack db seed dev").then("poststack db query 'TABLE users' | grep Ada"),
    example("poststack db seed --file fixtures/orders.sql")
        .after("poststack db migrate")
        .then("poststack db query 'SELECT count(*) FROM orders' | grep 1"),
    example("poststack db query 'SELECT count(*) FROM users' dev").prints("1"),
    example("poststack db query --format json 'TABLE users' > users.json")
        .then("grep Ada users.json"),
    example("poststack db query - staging < report.sql").prints("tables"),
    example("poststack db diff --exit-code"),
    example("poststack db diff --sql > by-hand.sql")
        .after("poststack db query 'CREATE TABLE by_hand (id int)'")
        .then("grep by_hand by-hand.sql && poststack db query 'DROP TABLE by_hand'"),
    example("poststack db diff staging")
        .after("poststack db query 'CREATE TABLE ours (id int)' staging")
        .prints("ours"),
    example("psql \"$(poststack db url)\"").asked("=#", "\\q"),
    example("poststack db url staging --container").prints("{name}-staging-postgres"),
    example("poststack db shell dev").asked("=#", "\\q"),
    example("poststack db shell -c '\\dt'").prints("orders"),
    example("poststack db shell -f report.sql staging").prints("tables"),
    example("poststack db test-connection staging").prints("ms"),
    example("poststack db show-schema dev").prints("users"),
    example("poststack db show-schema --only public.users").prints("users"),
    example("poststack db show-schema --sql > schema.sql").then("grep 'CREATE TABLE' schema.sql"),
    example("poststack db stats staging --format json").prints("\"v\": 1"),
    example("poststack db create-schema reporting dev")
        .then("poststack db query 'CREATE TABLE reporting.days (id int)' dev"),
    example("poststack db drop-schema reporting dev --yes")
        .then("! poststack db query 'TABLE reporting.days' dev"),
    example("poststack db branch feature/login").then("poststack db branch | grep feature/login"),
    example("poststack db switch feature/login").then("poststack db url | grep login"),
    example("poststack db switch --main dev").then("! poststack db url | grep login"),
    example("poststack db branch clean --fresh").then("poststack db branch | grep clean"),
    example("poststack db branch --delete clean")
        .asked("type yes:", "yes")
        .then("! poststack db branch | grep clean"),
    example("poststack db branch --env staging"),
    example("poststack db reset dev")
        .asked("type yes:", "yes")
        .then("poststack db query 'SELECT count(*) FROM users' | grep 0"),
    example("poststack db reset dev --seed --yes")
        .then("poststack db query 'TABLE users' | grep Ada"),
    example("poststack db new add_users").then("test -f migrations/005_add_users.sql"),
    example("$EDITOR $(poststack db new 'add users')")
        .prints("edited migrations/006_add_users.sql"),
];

#[test]
fn the_examples_of_databases_work() {
    story(FILES, LINES);
}
