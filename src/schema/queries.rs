//! The questions to the catalogue, and the form they take for a version of the server.
//!
//! Each file is one statement. A line that ends in `-- since N` is for servers from major version N
//! on, one that ends in `-- until N` for those up to N.

/// In this order: what is said of objects comes after the objects.
const CATALOGUE: &[&str] = &[
    include_str!("queries/schemas.sql"),
    include_str!("queries/extensions.sql"),
    include_str!("queries/collations.sql"),
    include_str!("queries/types.sql"),
    include_str!("queries/domain_constraints.sql"),
    include_str!("queries/routines.sql"),
    include_str!("queries/operators.sql"),
    include_str!("queries/casts.sql"),
    include_str!("queries/tables.sql"),
    include_str!("queries/views.sql"),
    include_str!("queries/columns.sql"),
    include_str!("queries/sequences.sql"),
    include_str!("queries/constraints.sql"),
    include_str!("queries/indexes.sql"),
    include_str!("queries/statistics.sql"),
    include_str!("queries/rules.sql"),
    include_str!("queries/triggers.sql"),
    include_str!("queries/policies.sql"),
    include_str!("queries/event_triggers.sql"),
    include_str!("queries/publications.sql"),
    include_str!("queries/default_privileges.sql"),
    include_str!("queries/comments.sql"),
    include_str!("queries/privileges.sql"),
    include_str!("queries/dependencies.sql"),
    include_str!("queries/not_covered.sql"),
];

/// One snapshot, and one way to write names, times and numbers whatever the session is set to. Both
/// end with the transaction.
const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SET LOCAL search_path = pg_catalog, pg_temp;
SET LOCAL timezone = 'UTC';
SET LOCAL datestyle = 'ISO';
SET LOCAL intervalstyle = 'postgres';
SET LOCAL extra_float_digits = 3;
SET LOCAL bytea_output = 'hex';
SET LOCAL quote_all_identifiers = off;
SET LOCAL statement_timeout = 0;
SET LOCAL max_parallel_workers_per_gather = 0;
SET LOCAL jit = off;
";

/// Everything about the catalogue as one message for servers of `major`.
pub(super) fn catalogue(major: u32) -> String {
    let queries: String = CATALOGUE
        .iter()
        .map(|query| for_version(query, major))
        .collect();
    format!("{BEGIN}{queries}COMMIT")
}

/// The lines of `query` that servers of `major` understand.
pub(super) fn for_version(query: &str, major: u32) -> String {
    let mut text = String::with_capacity(query.len());
    for line in query.lines().filter(|line| is_for(line, major)) {
        text.push_str(line);
        text.push('\n');
    }
    text
}

fn is_for(line: &str, major: u32) -> bool {
    let bound = |mark: &str| line.rsplit_once(mark)?.1.parse::<u32>().ok();
    bound("-- since ").is_none_or(|first| major >= first)
        && bound("-- until ").is_none_or(|last| major <= last)
}
