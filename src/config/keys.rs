//! Every key of `.poststack.yml`, listed once. Knows nothing of what stands under a key.

/// Keys at the top of the file.
pub const TOP: &[&str] = &[
    "environment",
    "project",
    "settings",
    "defaults",
    "environments",
    "verify",
];

/// Keys under `project`.
pub const PROJECT: &[&str] = &["name", "description"];

/// Keys under `settings`, in the order of [`super::settings::Setting::ALL`].
pub const SETTINGS: &[&str] = &[
    "database_url",
    "log_level",
    "log_dir",
    "container_runtime",
    "postgres_container_name",
    "postgres_host_port",
    "migrations_path",
    "project_containers_path",
    "project_container_prefix",
    "project_container_network",
    "project_container_restart_policy",
];

/// Keys of an environment.
pub const ENVIRONMENT: &[&str] = &[
    "extends",
    "postgres",
    "init",
    "deployment",
    "env_file",
    "variables",
    "volumes",
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
    "volume",
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
    "volume",
    "initdb_args",
];

/// Keys under `migrations`.
pub const MIGRATIONS: &[&str] = &["lock_timeout", "statement_timeout", "lock_wait", "rehearse"];

/// Kinds of an entry under `init`.
pub const INIT: &[&str] = &["migrations", "compose", "pod", "liquibase"];

/// Keys of an entry `liquibase` under `init` that is more than a path.
pub const LIQUIBASE: &[&str] = &["changelog", "contexts", "labels", "image"];

/// Kinds of a `deployment`.
pub const DEPLOYMENT: &[&str] = &["compose", "pod"];

/// Keys of a service under `verify`.
pub const VERIFY: &[&str] = &["ports", "files", "processes", "http", "tcp", "sql"];

/// Keys of a file under `verify.<service>.files`.
pub const VERIFY_FILE: &[&str] = &["path", "contains"];

/// Keys of an answer under `verify.<service>.http`.
pub const VERIFY_HTTP: &[&str] = &["path", "url", "port", "status", "contains"];

/// Keys of a query under `verify.<service>.sql`.
pub const VERIFY_SQL: &[&str] = &["query", "expect"];

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
    ("environments.<name>.init.liquibase", LIQUIBASE),
    ("environments.<name>.migrations", MIGRATIONS),
    ("verify.<service>", VERIFY),
    ("verify.<service>.files", VERIFY_FILE),
    ("verify.<service>.http", VERIFY_HTTP),
    ("verify.<service>.sql", VERIFY_SQL),
    ("settings", SETTINGS),
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
