//! Every key of `.poststack.yml`, listed once. Knows nothing of what stands under a key.

/// Keys at the top of the file.
pub const TOP: &[&str] = &["environment", "project", "defaults", "environments"];

/// Keys under `project`.
pub const PROJECT: &[&str] = &["name", "description"];

/// Keys of an environment.
pub const ENVIRONMENT: &[&str] = &[
    "extends",
    "postgres",
    "init",
    "deployment",
    "env_file",
    "variables",
    "bind",
    "migrations_path",
    "migrations",
    "protected",
];

/// Keys under `defaults`: those of an environment except `extends`.
pub const DEFAULTS: &[&str] = &[
    "postgres",
    "init",
    "deployment",
    "env_file",
    "variables",
    "bind",
    "migrations_path",
    "migrations",
    "protected",
];

/// Keys under `postgres`.
pub const POSTGRES: &[&str] = &[
    "version",
    "image",
    "database",
    "port",
    "user",
    "password",
    "host",
    "extensions",
    "settings",
    "storage",
    "initdb_args",
    "start_timeout",
    "sslmode",
    "sslrootcert",
];

/// Keys under `postgres` that say how poststack makes the database; an external one has no use for
/// them.
pub const PROVISIONING: &[&str] = &[
    "version",
    "image",
    "extensions",
    "settings",
    "storage",
    "initdb_args",
];

/// Keys under `migrations`.
pub const MIGRATIONS: &[&str] = &["lock_timeout", "statement_timeout", "lock_wait", "rehearse"];

/// Kinds of an entry under `init`.
pub const INIT: &[&str] = &["migrations", "compose", "pod"];

/// Kinds of a `deployment`.
pub const DEPLOYMENT: &[&str] = &["compose", "pod"];

/// Every section with its keys. Where two sections know a key, a misplaced one belongs under the
/// first of them.
pub const SECTIONS: &[(&str, &[&str])] = &[
    ("", TOP),
    ("project", PROJECT),
    ("defaults", DEFAULTS),
    ("environments.<name>", ENVIRONMENT),
    ("environments.<name>.postgres", POSTGRES),
    ("environments.<name>.deployment", DEPLOYMENT),
    ("environments.<name>.init", INIT),
    ("environments.<name>.migrations", MIGRATIONS),
];

/// Variables that poststack sets itself; `variables` may not redefine them.
pub const BUILT_IN_VARIABLES: &[&str] = &[
    "POSTSTACK_DATABASE_URL",
    "POSTSTACK_HOST_DATABASE_URL",
    "POSTSTACK_ENVIRONMENT",
    "POSTSTACK_PROJECT",
    "DB_HOST",
    "DB_PORT",
    "DB_NAME",
    "DB_USER",
    "DB_PASSWORD",
    "DB_PASS",
];

/// Server settings that poststack gives itself, with what to write instead.
pub const RESERVED_SETTINGS: &[(&str, &str)] = &[
    ("port", "write the published port as `postgres.port`"),
    ("listen_addresses", "write the address as `bind`"),
    ("data_directory", "the data lies where the image puts it"),
    (
        "config_file",
        "write each setting under `postgres.settings`",
    ),
    ("hba_file", "remove it; logins need the password"),
];
