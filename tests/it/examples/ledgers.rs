//! Databases whose ledger does not say what is true: other tools, changes by hand, runs that ended
//! half-way.

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
  production: { protected: true, postgres: { port: {port}, storage: tmpfs } }
",
    ),
    (
        "migrations/V001__users.sql",
        "CREATE TABLE users (id int PRIMARY KEY);\n",
    ),
    (
        "migrations/V002__orders.sql",
        "CREATE TABLE orders (id int PRIMARY KEY);\n",
    ),
    (
        "flyway.sql",
        "\
CREATE TABLE users (id int PRIMARY KEY);
CREATE TABLE orders (id int PRIMARY KEY);
CREATE TABLE flyway_schema_history (installed_rank int PRIMARY KEY, version varchar(50),
    description varchar(200) NOT NULL, type varchar(20) NOT NULL, script varchar(1000) NOT NULL,
    checksum int, installed_by varchar(100) NOT NULL, installed_on timestamp NOT NULL DEFAULT now(),
    execution_time int NOT NULL, success boolean NOT NULL);
INSERT INTO flyway_schema_history VALUES
    (1, '001', 'users', 'SQL', 'V001__users.sql', 1, 'anna', '2024-01-02', 12, true),
    (2, '002', 'orders', 'SQL', 'V002__orders.sql', 2, 'anna', '2024-01-03', 12, true);
",
    ),
    (
        "003_items.sql",
        "CREATE TABLE items (id int PRIMARY KEY);\n",
    ),
    (
        "004_more.sql",
        "-- poststack: no-transaction\nCREATE TABLE one (id int);\nCREATE TABLE two (id int);\n\
         CREATE TABLE three (id missing);\n",
    ),
];

/// A session that has the lock of migrations, and sleeps.
const HOLDS_THE_LOCK: &str = r#"
poststack db shell -c "SELECT pg_advisory_lock(x'706f737473746163'::int8), pg_sleep(600)" dev > held 2>&1 &
for second in $(seq 60); do
    poststack db status dev --format json | grep -q '"locked_by": null' || break
    sleep 1
done"#;

/// The first two migrations were applied, the third was done by hand.
const DONE_BY_HAND: &str = "\
poststack env start dev
poststack db migrate dev --target-version 002
poststack db query - dev < 003_items.sql";

pub const LINES: &[Example] = &[
    example("poststack db adopt --from flyway --rename --dry-run").prints("001_users.sql"),
    example("poststack db adopt --from flyway --rename").then("test -f migrations/001_users.sql"),
    example("poststack db adopt --from flyway staging")
        .after("poststack env start staging && poststack db query - staging < flyway.sql")
        .asked("type yes:", "yes")
        .then("poststack db status staging | grep 002 | grep applied"),
    example("poststack db baseline 002 production")
        .after("poststack env start production && poststack db query - production < flyway.sql")
        .asked("type production:", "production")
        .then("poststack db status production | grep 002 | grep applied"),
    example("poststack db repair checksum 003 staging")
        .after("cp 003_items.sql migrations && poststack db migrate staging && echo '-- why' >> migrations/003_items.sql")
        .asked("type yes:", "yes")
        .then("poststack db verify staging"),
    example("poststack db repair mark-applied 003")
        .after(DONE_BY_HAND)
        .asked("type yes:", "yes")
        .then("poststack db status | grep 003 | grep applied"),
    example("poststack db repair mark-reverted 003")
        .after("poststack db query 'DROP TABLE items'")
        .asked("type yes:", "yes")
        .then("poststack db status | grep 003 | grep pending"),
    example("poststack db repair dirty 004")
        .after("cp 004_more.sql migrations && ! poststack db migrate")
        .exits(2)
        .then("poststack db status | grep 004"),
    example("poststack db repair dirty 004 --resume-from 3")
        .after("sed -i 's/missing/int/' migrations/004_more.sql")
        .asked("type yes:", "yes")
        .then("poststack db migrate && poststack db query 'TABLE three'"),
    example("poststack db squash --to 003 --dry-run").prints("003"),
    example("poststack db squash --to 003")
        .asked("type yes:", "yes")
        .then("test -f migrations/003_squashed.sql && poststack db verify"),
    example("poststack db unlock dev")
        .after(HOLDS_THE_LOCK)
        .asked("type yes:", "yes")
        .prints("ended"),
];

#[test]
fn the_examples_of_ledgers_work() {
    story(FILES, LINES);
}
