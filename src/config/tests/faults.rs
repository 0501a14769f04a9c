//! What is said of a file that is wrong: each fault with its place and what to write instead.

use super::*;

/// What is said about `text` as the body of the one environment `a`.
fn faults_in(text: &str) -> String {
    faults(&format!(
        "environments:\n  a:\n    {}",
        text.replace('\n', "\n    ")
    ))
}

#[test]
fn unknown_keys_suggest_the_nearest_one_or_where_they_belong() {
    insta::assert_snapshot!(faults(
        "enviroment: a
services: {}
port: 5433
project: { nmae: x }
defaults: { extends: a }
environments:
  a:
    posgres: {}
    compose: app.yml
    postgres: { databse: x }
    init: [ { flyway: sql } ]
    deployment: { composee: x }
"), @r#"
        1:1 error at "enviroment": Unknown key `enviroment`
          help: did you mean `environment`?
        2:1 error at "services": Unknown key `services`
          help: known keys: environment, project, settings, defaults, environments, verify
        3:1 error at "port": Unknown key `port`
          help: `port` belongs under `environments.<name>.postgres`
        4:12 error at "nmae": Unknown key `nmae` in `project`
          help: did you mean `name`?
        5:13 error at "extends": Unknown key `extends` in `defaults`
          help: `extends` belongs under `environments.<name>`
        8:5 error at "posgres": Unknown key `posgres` in `environments.<name>`
          help: did you mean `postgres`?
        9:5 error at "compose": Unknown key `compose` in `environments.<name>`
          help: `compose` belongs under `environments.<name>.deployment`
        10:17 error at "databse": Unknown key `databse` in `postgres`
          help: did you mean `database`?
        11:15 error at "flyway": Unknown key `flyway` in `init`
          help: known keys: migrations, compose, pod, liquibase
        12:19 error at "composee": Unknown key `composee` in `deployment`
          help: did you mean `compose`?
        "#);
}

#[test]
fn wrong_types_say_what_is_expected() {
    insta::assert_snapshot!(faults(
        "environment: [a]
project: shop
defaults: []
environments:
  a: text
  b:
    extends: {}
    postgres: 15
    init: { compose: x }
    deployment: app.yml
    env_file: { a: b }
    variables: [A=1]
    bind: []
"), @r#"
        1:14 error at "[a]": `environment` must be a string, this is a list
        2:10 error at "shop": `project` must be a mapping, this is a string
          help: write `project: { name: shop }`
        3:11 error at "[]": `defaults` must be a mapping, this is a list
        5:6 error at "text": `environments.<name>` must be a mapping, this is a string
        7:14 error at "{}": `extends` must be a string, this is a mapping
        8:15 error at "15": `postgres` must be a mapping, this is a number
        9:11 error at "{ compose: x }": `init` must be a list, this is a mapping
          help: write a list, for instance `- compose: deploy/init-compose.yml`
        10:17 error at "app.yml": `deployment` must be a mapping with one of `compose` and `pod`, this is a string
          help: write for instance `compose: app.yml`
        11:15 error at "{ a: b }": `env_file` must be a string, this is a mapping
        12:16 error at "[A=1]": `variables` must be a mapping, this is a list
        13:11 error at "[]": `bind` must be a string, this is a list
        "#);
}

#[test]
fn wrong_types_under_postgres_say_what_is_expected() {
    insta::assert_snapshot!(faults_in(
        "postgres:
  version: 15.4
  database: [x]
  port: http
  user: {}
  password:
  host:
  extensions: vector
  settings: [x]
  storage: temp
  initdb_args: []
  start_timeout: 60
"), @r#"
        4:16 error at "15.4": `postgres.version` must be a major version, this is `15.4`
          help: write `version: 15`
        5:17 error at "[x]": `postgres.database` must be a string, this is a list
        6:13 error at "http": `postgres.port` must be a whole number, this is a string
        7:13 error at "{}": `postgres.user` must be a string, this is a mapping
        8:15 error at "": `postgres.password` must be a string, this is null
          help: write `auto_generated`, a text, or `${NAME}`
        9:11 error at "": `postgres.host` must be a string, this is null
        10:19 error at "vector": `postgres.extensions` must be a list, this is a string
          help: write for instance `[vector, uuid-ossp]`
        11:17 error at "[x]": `postgres.settings` must be a mapping, this is a list
        12:16 error at "temp": `postgres.storage` is `temp`; it must be `volume` or `tmpfs`
        13:20 error at "[]": `postgres.initdb_args` must be a string, this is a list
        14:22 error at "60": `postgres.start_timeout`: `60` is not a duration: it has no unit; write `60s`
        "#);
}

#[test]
fn a_version_that_is_not_shipped_names_the_image_to_write() {
    insta::assert_snapshot!(faults_in("postgres: { version: 17 }\n"), @r#"
    3:26 error at "17": poststack's own image is PostgreSQL 15
      help: for another version write `image: postgres:17`
    "#);
}

#[test]
fn values_out_of_range_say_what_to_write() {
    insta::assert_snapshot!(faults_in(
        "postgres:
  version: 9
  port: 0
  database: ''
  user: pg_admin
  password: ''
  host: postgres://db
  extensions: [ '', ok, {} ]
  storage: tmpf
  start_timeout: 0s
  initdb_args: \"a\\0b\"
bind: localhost
"), @r#"
        4:16 error at "9": `postgres.version` is 9; it must lie in 10 … 99
        5:13 error at "0": `postgres.port` is 0; it must lie in 1 … 65535
        6:17 error at "''": `postgres.database` is empty
        7:13 error at "pg_admin": PostgreSQL reserves the role name `pg_admin`
          help: write another name
        8:17 error at "''": `postgres.password` is empty
          help: write `auto_generated`, a text, or `${NAME}`
        9:13 error at "postgres://db": `postgres.host` is not the name of a host: `postgres://db`
          help: write the name or the address alone, for instance `db.example.org`
        10:21 error at "''": `postgres.extensions` is empty
        10:29 error at "{}": `postgres.extensions` must be a string, this is a mapping
        11:16 error at "tmpf": `postgres.storage` is `tmpf`; it must be `volume` or `tmpfs`
          help: did you mean `tmpfs`?
        12:22 error at "0s": `postgres.start_timeout` is zero; the database needs some time to start
          help: write for instance `60s`
        13:20 error at "\"a\\0b\"": `postgres.initdb_args` holds a NUL character
        14:11 error at "localhost": `bind` is not an IP address: `localhost`
          help: write `127.0.0.1` for this machine only, or `0.0.0.0` for every network
        "#);
    insta::assert_snapshot!(faults_in("postgres: { port: 65536, image: 'a b', database: template1, user: none, version: 100 }"), @r#"
        3:23 error at "65536": `postgres.port` is 65536; it must lie in 1 … 65535
        3:30 error at "image": `postgres` has both `version` and `image`
          3:77: the version is written here
          help: keep `version` for poststack's own image, or `image` for one of your choice
        3:37 error at "'a b'": `postgres.image` is not the name of an image: `a b`
          help: write for instance `image: postgres:17`
        3:54 error at "template1": `template1` is a template of PostgreSQL itself
          help: write another name
        3:71 error at "none": PostgreSQL reserves the role name `none`
          help: write another name
        3:86 error at "100": `postgres.version` is 100; it must lie in 10 … 99
        "#);
    insta::assert_snapshot!(faults_in(&format!("postgres: {{ database: {}, user: '${{USER}}' }}", "x".repeat(64))), @r#"
        3:27 error at "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx": `postgres.database` has 64 bytes; PostgreSQL names have at most 63
          help: write a shorter name
        3:99 error at "'${USER}'": `postgres.user` cannot hold a variable: `${USER}`
          help: write the value itself; `password` and the values of `variables` may hold `${NAME}`
        "#);
}

#[test]
fn settings_of_poststack_itself_are_refused() {
    insta::assert_snapshot!(faults_in("postgres: { settings: { Port: 1, 'a b': 1, work_mem: , listen_addresses: '*' } }"), @r#"
        3:29 error at "Port": The setting `port` is poststack's own
          help: write the published port as `postgres.port`
        3:38 error at "'a b'": `a b` is not the name of a server setting
          help: write for instance `shared_buffers: 256MB`
        3:48 error at "work_mem": `postgres.settings.work_mem` has no value
          help: write `work_mem: ""` for an empty one
        3:60 error at "listen_addresses": The setting `listen_addresses` is poststack's own
          help: write the address as `bind`
        "#);
}

#[test]
fn version_and_image_exclude_each_other() {
    insta::assert_snapshot!(faults_in("postgres: { version: 15, image: postgres }"), @r#"
        3:30 error at "image": `postgres` has both `version` and `image`
          3:17: the version is written here
          help: keep `version` for poststack's own image, or `image` for one of your choice
        "#);
}

#[test]
fn init_entries_have_exactly_one_kind() {
    insta::assert_snapshot!(faults_in(
        "init:
  - { migrations: m, compose: c.yml }
  - {}
  - deploy/init.yml
  -
  - compose: ''
  - compose: []
"), @r#"
        4:26 error at "compose": `init` has both `migrations` and `compose`
          4:11: `migrations` is written here
          help: write two entries, in the order in which they shall run
        5:9 error at "{}": `init` has none of `migrations`, `compose`, `pod` and `liquibase`
          help: write one of `migrations: <path>`, `compose: <path>`, `pod: <path>`, `liquibase: <path>`
        6:9 error at "deploy/init.yml": `init` must be a mapping with one of `migrations`, `compose`, `pod` and `liquibase`, this is a string
          help: write for instance `compose: deploy/init.yml`
        7:8 error at "": `init` must be a mapping with one of `migrations`, `compose`, `pod` and `liquibase`, this is null
          help: write for instance `compose: <path>`
        8:18 error at "''": `init.compose` is empty
        9:18 error at "[]": `init.compose` is an empty list
          help: name a Compose file
        "#);
}

#[test]
fn a_deployment_has_exactly_one_kind() {
    insta::assert_snapshot!(faults_in("deployment: { pod: p.yaml, compose: c.yml }"), @r#"
        3:19 error at "pod": `deployment` has both `compose` and `pod`
          3:32: `compose` is written here
          help: keep one of the two
        "#);
    insta::assert_snapshot!(faults_in("deployment: {}"), @r#"
        3:17 error at "{}": `deployment` has none of `compose` and `pod`
          help: write one of `compose: <path>`, `pod: <path>`
        "#);
    insta::assert_snapshot!(faults_in("deployment: { compose: 'deploy/${X}.yml' }"), @r#"
        3:28 error at "'deploy/${X}.yml'": `deployment.compose` cannot hold a variable: `deploy/${X}.yml`
          help: write the value itself; `password` and the values of `variables` may hold `${NAME}`
        "#);
}

#[test]
fn variables_have_names_and_texts() {
    insta::assert_snapshot!(faults_in(
        "variables:
  1A: x
  A-B: x
  '': x
  NULL_: null
  NOTHING:
  MAP: { a: b }
  LIST: [a]
  DB_HOST: elsewhere
  POSTSTACK_DATABASE_URL: x
"), @r#"
        4:7 error at "1A": `1A` is not a variable name
          help: use letters, digits and `_`, not a digit first
        5:7 error at "A-B": `A-B` is not a variable name
          help: use letters, digits and `_`, not a digit first
        6:7 error at "''": `` is not a variable name
          help: use letters, digits and `_`, not a digit first
        7:7 error at "NULL_": `variables.NULL_` has no value
          help: write `NULL_: ""` for an empty one
        8:7 error at "NOTHING": `variables.NOTHING` has no value
          help: write `NOTHING: ""` for an empty one
        9:12 error at "{ a: b }": `variables.MAP` must be a string, this is a mapping
        10:13 error at "[a]": `variables.LIST` must be a string, this is a list
        11:7 error at "DB_HOST": `DB_HOST` is set by poststack and cannot be redefined
          help: choose another name
        12:7 error at "POSTSTACK_DATABASE_URL": `POSTSTACK_DATABASE_URL` is set by poststack and cannot be redefined
          help: choose another name
        "#);
}

#[test]
fn bad_names_come_with_the_nearest_good_one() {
    insta::assert_snapshot!(faults(
        "environment: Dev One
project: { name: My Shop! }
environments:
  Dev One:
  -x: { extends: Dev One }
  '': {}
"), @r#"
        2:18 error at "My Shop!": Project name `My Shop!` holds `M`; use lower-case letters, digits, `_` and `-`
          help: write `name: my-shop`
        4:3 error at "Dev One": Environment name `Dev One` holds `D`; use lower-case letters, digits, `_` and `-`
          help: write `dev-one:`
        5:3 error at "-x": Environment name `-x` starts with `-`; start with a letter or a digit
          help: write `x:`
        6:3 error at "''": Environment name `` is empty
          help: write `app:`
        "#);
}

#[test]
fn an_external_database_needs_a_password_and_nothing_to_make_it() {
    insta::assert_snapshot!(faults_in("postgres: { host: db.example.org, version: 15, storage: tmpfs, port: 5432 }"), @r#"
        3:23 error at "db.example.org": The external database at `db.example.org` needs its own password
          help: write `password: ${NAME}` and give the variable in an env file
        3:39 warning at "version": `version` has no effect: the database at `db.example.org` is external
          help: poststack uses an external database as it is; remove the key
        3:52 warning at "storage": `storage` has no effect: the database at `db.example.org` is external
          help: poststack uses an external database as it is; remove the key
        "#);
}

#[test]
fn a_default_environment_that_is_not_there_is_reported() {
    insta::assert_snapshot!(faults("environment: devel\nenvironments: { dev: , prod: }"), @r#"
        1:14 error at "devel": There is no environment `devel`
          help: environments: dev, prod
        "#);
}

#[test]
fn a_file_without_environments_is_told_what_to_hold() {
    insta::assert_snapshot!(faults("project: { name: x }\n"), @r#"
        1:1 error at "": The file has no `environments`
          help: write for instance:
        environments:
          dev:
            deployment:
              compose: docker-compose.yml
        "#);
    assert!(
        faults("environments:\n").contains("`environments` is empty\n  help: write for instance")
    );
    assert!(
        faults("environments: {}\n")
            .contains("`environments` is empty\n  help: write for instance")
    );
    assert!(faults("").contains("The file is empty\n  help: write for instance"));
    assert!(faults("# nothing\n").contains("The file is empty"));
    insta::assert_snapshot!(faults("- a\n"), @r#"
        1:1 error at "- a": `.poststack.yml` must be a mapping, this is a list
          help: write for instance:
        environments:
          dev:
            deployment:
              compose: docker-compose.yml
        "#);
}

#[test]
fn duplicate_keys_do_not_hide_other_faults() {
    insta::assert_snapshot!(faults("environments:\n  a: { bind: x, bind: y }\n  a:\nenviroment: a\n"), @r#"
        2:14 error at "x": `bind` is not an IP address: `x`
          help: write `127.0.0.1` for this machine only, or `0.0.0.0` for every network
        2:17 error at "bind": Duplicate key `bind`
          2:8: first written here
          help: keep one of the two
        3:3 error at "a": Duplicate key `a`
          2:3: first written here
          help: keep one of the two
        4:1 error at "enviroment": Unknown key `enviroment`
          help: did you mean `environment`?
        "#);
}

#[test]
fn a_second_document_is_reported() {
    insta::assert_snapshot!(faults("environments: { a: }\n---\nb: 1\n"), @r#"
        3:1 error at "b: 1\n": A configuration is one YAML document, this is a second one
          help: remove the line `---` before it
        "#);
}

#[test]
fn a_mistyped_environments_is_one_fault() {
    insta::assert_snapshot!(faults("enviroments: { a: }"), @r#"
        1:1 error at "enviroments": Unknown key `enviroments`
          help: did you mean `environments`?
        "#);
}

#[test]
fn an_alias_without_its_anchor_is_one_fault_and_hides_none() {
    insta::assert_snapshot!(faults_in("bind: *nothing\n<<: *none\npostgres: *nothing\ninit: [ *nothing ]\nx: 1\n"), @r#"
    3:11 error at "*nothing": There is no anchor `nothing` before this alias
      help: write `&nothing` before the value that it names
    4:9 error at "*none": There is no anchor `none` before this alias
      help: write `&none` before the value that it names
    5:15 error at "*nothing": There is no anchor `nothing` before this alias
      help: write `&nothing` before the value that it names
    6:13 error at "*nothing": There is no anchor `nothing` before this alias
      help: write `&nothing` before the value that it names
    7:5 error at "x": Unknown key `x` in `environments.<name>`
      help: known keys: extends, postgres, init, deployment, env_file, variables, volumes, bind, migrations_path, migrations, protected
    "#);
}

#[test]
fn a_database_has_one_folder_of_migrations() {
    insta::assert_snapshot!(faults("environments:\n  dev:\n    init:\n      - migrations: one\n      - migrations: two\n      - migrations: ./one\n    migrations_path: three\n"), @r#"
    4:21 error at "one": A database has one folder of migrations: `three` and `one` are two
      7:22: the first one is named here
      help: put all files into one folder; it is applied in one order
    5:21 error at "two": A database has one folder of migrations: `three` and `two` are two
      7:22: the first one is named here
      help: put all files into one folder; it is applied in one order
    6:21 error at "./one": A database has one folder of migrations: `three` and `./one` are two
      7:22: the first one is named here
      help: put all files into one folder; it is applied in one order
    "#);
}

#[test]
fn settings_of_migrations_are_checked() {
    insta::assert_snapshot!(faults("environments:\n  a: { migrations: sql }\n  b: { migrations: { lock_timeout: 3, rehearse: requird, lock_tmeout: 1s }, protected: 1 }\n  c: { lock_wait: 3s }\n"), @r#"
    2:20 error at "sql": `migrations` must be a mapping, this is a string
      help: for the folder write `migrations_path: sql`
    3:36 error at "3": `migrations.lock_timeout`: `3` is not a duration: it has no unit; write `3s`
    3:49 error at "requird": `migrations.rehearse` is `requird`; it must be `required` or `optional`
      help: did you mean `required`?
    3:58 error at "lock_tmeout": Unknown key `lock_tmeout` in `migrations`
      help: did you mean `lock_timeout`?
    3:88 error at "1": `protected` must be `true` or `false`, this is a number
    4:8 error at "lock_wait": Unknown key `lock_wait` in `environments.<name>`
      help: `lock_wait` belongs under `environments.<name>.migrations`
    "#);
}

#[test]
fn tls_is_for_external_databases() {
    insta::assert_snapshot!(faults("environments:\n  a: { postgres: { sslmode: require, sslrootcert: a.pem } }\n  b: { postgres: { host: db, password: x, sslmode: verify } }\n"), @r#"
    2:29 error at "require": `postgres.sslmode` is for an external database, this is none
      help: name its host as `postgres.host`, or remove the key
    2:51 error at "a.pem": `postgres.sslrootcert` is for an external database, this is none
      help: name its host as `postgres.host`, or remove the key
    3:52 error at "verify": `postgres.sslmode` is `verify`, which is no mode of TLS
      help: did you mean `verify-ca`?
    "#);
}
