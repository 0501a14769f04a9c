//! What the first words of a statement say about how it has to be sent.

use crate::text::Span;

/// Words kept of a statement: enough to see `COPY … FROM STDIN` and `CONCURRENTLY`.
pub(super) const KEPT_WORDS: usize = 24;

/// What can be created without running anything of the user's.
const HARMLESS: [&str; 11] = [
    "domain",
    "function",
    "index",
    "policy",
    "procedure",
    "role",
    "sequence",
    "trigger",
    "type",
    "unique",
    "view",
];

/// One statement, without its semicolon and the comments around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    pub span: Span,
    /// Its first words outside parentheses and strings: in lower case, quoted names as written.
    pub words: Vec<String>,
}

impl Statement {
    /// Whether it begins or ends a transaction. Savepoints do not.
    #[must_use]
    pub fn is_transaction_control(&self) -> bool {
        match self.first_words() {
            ("begin" | "commit" | "end" | "abort", _) => true,
            ("start" | "prepare", "transaction") => true,
            ("rollback", _) => !self.has("to"),
            _ => false,
        }
    }

    /// Whether a transaction of the file's own is open after it; `is_open` says so of before.
    #[must_use]
    pub fn leaves_open(&self, is_open: bool) -> bool {
        match self.first_words() {
            ("begin", _) | ("start", "transaction") => true,
            // The server refuses these in a transaction.
            ("commit" | "rollback", "prepared") => is_open,
            ("prepare", "transaction") => false,
            _ if self.is_transaction_control() => is_open && self.has("chain") && !self.has("no"),
            _ => is_open,
        }
    }

    /// Whether it is a `BEGIN` without options.
    #[must_use]
    pub fn is_plain_begin(&self) -> bool {
        match self.first_words() {
            ("begin", "") => true,
            ("begin", "work" | "transaction") | ("start", "transaction") => self.words.len() == 2,
            _ => false,
        }
    }

    /// Whether it is a `COMMIT` without options.
    #[must_use]
    pub fn is_plain_commit(&self) -> bool {
        match self.first_words() {
            ("commit" | "end", "") => true,
            ("commit" | "end", "work" | "transaction") => self.words.len() == 2,
            _ => false,
        }
    }

    /// Whether it expects rows after it, as files of `pg_dump` do.
    #[must_use]
    pub fn is_copy_from_stdin(&self) -> bool {
        self.first_words().0 == "copy" && self.has_pair("from", "stdin")
    }

    /// Whether it sends rows to the client.
    #[must_use]
    pub fn is_copy_to_stdout(&self) -> bool {
        self.first_words().0 == "copy" && self.has_pair("to", "stdout")
    }

    /// Whether the server runs it outside transactions only.
    ///
    /// See the notes of each command in
    /// <https://www.postgresql.org/docs/current/sql-commands.html>.
    #[must_use]
    pub fn refuses_transaction(&self) -> bool {
        match self.first_words() {
            ("vacuum", _) | ("alter", "system") | ("discard", "all") => true,
            ("create" | "drop", "database" | "tablespace" | "subscription") => true,
            ("create" | "drop", "index" | "unique") => self.has("concurrently"),
            ("alter", "database") => self.has("tablespace"),
            ("alter", "subscription") => self.has("refresh") || self.has("publication"),
            ("alter", "table") => self.has("detach") && self.has("concurrently"),
            ("reindex", _) => ["concurrently", "database", "system", "schema"]
                .into_iter()
                .any(|word| self.has(word)),
            // Without a table it walks through all of them, each in a transaction.
            ("cluster", "" | "verbose") => self.words.len() <= 2,
            _ => false,
        }
    }

    /// Whether it waits for other transactions by design, so that no lock timeout may end it.
    #[must_use]
    pub fn is_concurrent(&self) -> bool {
        self.refuses_transaction() && self.has("concurrently")
    }

    /// Whether it may share a transaction with its record. Others may end it (`CALL`, `DO`) or
    /// refuse one in a case that cannot be seen from here.
    #[must_use]
    pub fn can_join(&self) -> bool {
        const WORDS: [&str; 21] = [
            "alter", "analyze", "comment", "copy", "create", "delete", "drop", "explain", "grant",
            "import", "insert", "lock", "merge", "refresh", "revoke", "security", "select",
            "table", "truncate", "update", "with",
        ];
        WORDS.contains(&self.first_words().0) && !self.refuses_transaction()
    }

    /// Whether it may be sent again when nobody heard how it ended, outside of transactions: what
    /// [`Statement::can_join`] was undone with its record, and a second `VACUUM` or build of an
    /// index does no harm. What a `CALL` or `DO` has committed would be done twice.
    #[must_use]
    pub fn may_repeat(&self) -> bool {
        const WORDS: [&str; 17] = [
            "abort",
            "alter",
            "begin",
            "checkpoint",
            "cluster",
            "commit",
            "create",
            "discard",
            "drop",
            "end",
            "load",
            "reindex",
            "reset",
            "rollback",
            "set",
            "show",
            "vacuum",
        ];
        self.can_join() || WORDS.contains(&self.first_words().0)
    }

    /// Whether nothing it does can outlast it in the session: no setting, no role, no temporary
    /// table. Statements that may call functions of the user are not among these, but building
    /// an index is: the server takes back what a function sets meanwhile. Triggers on events are
    /// for the caller to consider.
    #[must_use]
    pub fn leaves_no_trace(&self) -> bool {
        let words: Vec<&str> = self.words.iter().map(String::as_str).collect();
        if words.iter().any(|word| is_temporary(word)) {
            return false;
        }
        match words.as_slice() {
            ["create", "or", "replace", kind, ..] | ["create", kind, ..] => match *kind {
                "table" => !self.has("as") && self.words.len() < KEPT_WORDS,
                kind => HARMLESS.contains(&kind),
            },
            [first, ..] => ["comment", "drop", "grant", "revoke"].contains(first),
            [] => false,
        }
    }

    pub(super) fn has_pair(&self, first: &str, second: &str) -> bool {
        let mut pairs = self.words.iter().zip(self.words.iter().skip(1));
        pairs.any(|(a, b)| a == first && b == second)
    }

    pub(super) fn has(&self, word: &str) -> bool {
        self.words.iter().any(|other| other == word)
    }

    /// The first two words, empty where there are fewer.
    pub(super) fn first_words(&self) -> (&str, &str) {
        let mut words = self.words.iter().map(String::as_str);
        (
            words.next().unwrap_or_default(),
            words.next().unwrap_or_default(),
        )
    }
}

/// Whether it names the schema of temporary tables, which last as long as the session.
fn is_temporary(word: &str) -> bool {
    word.trim_matches('"').starts_with("pg_temp")
}
