//! poststack: Postgres + your apps, zero config, multiple environments.
//!
//! # The way of a value
//!
//! `env start dev`, each arrow one function; no value goes back:
//!
//! ```text
//! argv ─ cli → command and flags
//! .poststack.yml ─ config → Config       every fault of the file in one run, each with its place
//!        ─ settings → Settings            flag > POSTSTACK_* > .env > file > default, each with origin
//!                   → the environment     argument > POSTSTACK_ENV > switched > file > only one
//!        ─ state → the password           generated once, 0600
//!        ─ variables → Variables          layers, every value with its origin
//! each file ─ yaml, template → Expanded   by the tree: a value cannot change the structure
//!        ─ workload::compose → one tree    include, extends, merge; a span knows its file
//!        ─ workload → Workload            engine-neutral; what is not supported is a diagnostic
//!        ─ plan::desired → Desired        names, labels, definition hashes
//!                                         — until here nothing has touched the engine
//! engine ─ observe → Observed             lists by label
//!        ─ plan::start → Plan             steps, each one engine call with a cause
//!        ─ environment::execute → done    every step as soon as those it waits for have ended;
//!                                         a failed deploy is undone by plan::undo
//!        ─ ui → bytes and exit code
//! ```
//!
//! `db migrate`, and `- migrations:` of the init phase from the folder on:
//!
//! ```text
//! argv ─ database::target → Target        an environment or a URL: address, folder, settings;
//!                                         no engine is asked, no Compose file read
//! folder ─ migration::files → Folder      names, texts, checksums; every fault at once
//!        ─ rehearsal, lint                where the environment demands them
//! database ─ read_ledger → Ledger         under the advisory lock
//!        ─ assess, plan_migrate → steps   what files and ledger say together: pure
//!        ─ migrate → Done                 each file one transaction with its ledger row
//!        ─ ui → bytes and exit code
//! ```
//!
//! `adopt`, whose second half any start goes on with:
//!
//! ```text
//! engine ─ adopt::find → Found             the containers of the Compose project in full
//!        ─ adopt::plan → Planned           which of ours take their places, on which volumes
//! Planned ─ adopt::decide                  `.poststack/adoptions/`, password, `.poststack.yml`
//!        ─ start ─ adoption::carry_out     stop, start ours, remove; or undo
//! ```
//!
//! # Modules
//!
//! A module imports only from rows above its own; `tests/it/tidy.rs` reads this table and enforces
//! it.
//!
//! | row | module | its one job |
//! |---|---|---|
//! | 0 | `text` `names` `secret` `units` `shell` | source texts and spans in them; validated names; the redacting `Secret`; durations and byte sizes; words as a shell takes them |
//! | 1 | `diagnostic` `event` | faults with spans; what happened, for whoever listens |
//! | 2 | `yaml` | YAML text → nodes with spans, within bounds |
//! | 3 | `config` | `.poststack.yml` → `Config`: merging, validation |
//! | 4 | `variables` | the `${}` grammar; layered variables with origin; env files, and those beside a file that lie under all layers |
//! | 5 | `template` | expansion inside YAML scalars |
//! | 6 | `workload` | Compose and Pod files, changelogs of Liquibase → services, networks, volumes, in start order |
//! | 7 | `plan` | desired × observed → steps: pure |
//! | 8 | `settings` `state` `assets` `engine` | where values come from; `.poststack/` (passwords, locks); embedded files; the only importer of bollard and hyper: connect, observe, do one step, exec, logs, build |
//! | 9 | `logs` | what poststack did, as files of the project |
//! | 9 | `postgres` | login, TLS, readiness, password recovery, extensions, databases of a server |
//! | 10 | `schema` | the catalogue of a database as objects: fingerprint, comparison, DDL |
//! | 11 | `migration` | migration files, ledger, what is pending, applying it, rolling it back |
//! | 12 | `lint` `rehearsal` | dangerous DDL at its line; pending files tried step by step on a clone |
//! | 13 | `environment` | the verbs of environments: start, stop, restart, plan, diff, watch, status, logs, dry run; build |
//! | 14 | `database` | the verbs of databases: which one is meant, migrate, roll back, look, branch |
//! | 14 | `container` | the verbs of a project's own containers, and whether containers keep what they promise |
//! | 14 | `doctor` | what is wrong with engine, machine and project, each fault with its repair |
//! | 14 | `scaffold` | answers and a template → the files of a new project |
//! | 14 | `export` | standard files out: Compose, pod, Kubernetes, Quadlet, variables |
//! | 15 | `ui` | events, outcomes, diagnostics → text or JSON; the only module that prints |
//! | 16 | `cli` | clap types (doc comments are the help), one thin handler per command |
//!
//! There is no `trait Engine` and no `trait Database`: Docker or Podman is an enum inside `engine`.
//! The seam for tests is the engine's socket.

pub mod assets;
pub mod cli;
pub mod config;
pub mod container;
pub mod database;
pub mod diagnostic;
pub mod doctor;
pub mod engine;
pub mod environment;
pub mod event;
pub mod export;
pub mod lint;
pub mod logs;
pub mod migration;
pub mod names;
pub mod plan;
pub mod postgres;
pub mod rehearsal;
pub mod scaffold;
pub mod schema;
pub mod secret;
pub mod settings;
pub mod shell;
pub mod state;
pub mod template;
pub mod text;
pub mod ui;
pub mod units;
pub mod variables;
pub mod workload;
pub mod yaml;
