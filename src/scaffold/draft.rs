//! Answers as they come in: each is checked at once, and what is missing has a default that follows
//! from those before it.

use std::collections::BTreeMap;
use std::path::Path;

use super::answers::Answers;
use crate::config;
use crate::diagnostic::Diagnostic;
use crate::names::{self, EnvironmentName, ProjectName};
use crate::template::scalar;
use crate::text::SourceFile;

/// Longest name in PostgreSQL, in bytes.
/// <https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS>
const MAX_IDENTIFIER: usize = 63;
const ENVIRONMENT: &str = "dev";
const PORT: &str = "5433";
/// The project that poststack's own images belong to.
const RESERVED_PROJECT: &str = "poststack";

/// One thing to know of a new project, in the order in which it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Question {
    Project,
    Description,
    Environment,
    Database,
    Port,
    User,
}

impl Question {
    pub const ALL: [Self; 6] = [
        Self::Project,
        Self::Description,
        Self::Environment,
        Self::Database,
        Self::Port,
        Self::User,
    ];

    /// As it is asked on a terminal.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Project => "Name of the project",
            Self::Description => "Description",
            Self::Environment => "First environment",
            Self::Database => "Name of its database",
            Self::Port => "Port of the database on this machine",
            Self::User => "User of the database",
        }
    }

    /// The option that answers it.
    #[must_use]
    pub fn flag(self) -> &'static str {
        match self {
            Self::Project => "--project-name",
            Self::Description => "--description",
            Self::Environment => "--env-name",
            Self::Database => "--db-name",
            Self::Port => "--db-port",
            Self::User => "--db-user",
        }
    }
}

/// Why a text is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    pub question: Question,
    /// Sentence case.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
}

/// Some answers, and what the others come to.
#[derive(Debug, Clone)]
pub struct Draft {
    folder: String,
    /// Those of a configuration that will be replaced.
    former: Option<Answers>,
    given: BTreeMap<Question, String>,
}

impl Draft {
    /// No answer yet, of a project in a folder of this name. `former` gives the defaults where a
    /// configuration is replaced.
    #[must_use]
    pub fn new(folder: &str, former: Option<Answers>) -> Self {
        Self {
            folder: folder.to_owned(),
            former,
            given: BTreeMap::new(),
        }
    }

    #[must_use]
    pub fn is_answered(&self, question: Question) -> bool {
        self.given.contains_key(&question)
    }

    /// Takes an answer.
    ///
    /// # Errors
    /// Why it cannot be one.
    pub fn answer(&mut self, question: Question, text: &str) -> Result<(), Refusal> {
        check(question, text)?;
        self.given.insert(question, text.to_owned());
        Ok(())
    }

    /// The answer, or what it is when nobody gives one.
    #[must_use]
    pub fn value(&self, question: Question) -> String {
        let given = self.given.get(&question).cloned();
        given.unwrap_or_else(|| self.default(question))
    }

    fn default(&self, question: Question) -> String {
        if let Some(former) = &self.former {
            return former_value(former, question);
        }
        let project = || self.value(Question::Project);
        match question {
            Question::Project => default_project(&self.folder),
            Question::Description => format!("{} and its database", project()),
            Question::Environment => ENVIRONMENT.to_owned(),
            Question::Database => {
                let environment = self.value(Question::Environment);
                unquoted(&format!("{}__{environment}", project()), "")
            }
            Question::Port => PORT.to_owned(),
            Question::User => unquoted(&project(), "_user"),
        }
    }

    /// All answers, defaults among them.
    ///
    /// # Errors
    /// A default that cannot be used, which only a replaced configuration can give.
    pub fn finish(&self) -> Result<Answers, Refusal> {
        let checked = |question| {
            let value = self.value(question);
            as_configuration(question, &value).map(|()| value)
        };
        Ok(Answers {
            project: project(&self.value(Question::Project))?,
            description: checked(Question::Description)?,
            environment: environment(&self.value(Question::Environment))?,
            database: checked(Question::Database)?,
            port: port(&self.value(Question::Port))?,
            user: checked(Question::User)?,
        })
    }
}

fn former_value(former: &Answers, question: Question) -> String {
    match question {
        Question::Project => former.project.to_string(),
        Question::Description => former.description.clone(),
        Question::Environment => former.environment.to_string(),
        Question::Database => former.database.clone(),
        Question::Port => former.port.to_string(),
        Question::User => former.user.clone(),
    }
}

/// The name of the folder as far as it can be one of a project and of images.
fn default_project(folder: &str) -> String {
    let nearest = names::nearest(folder);
    let mut words = nearest.split(['-', '_']).filter(|word| !word.is_empty());
    let first = words.next().unwrap_or("app").to_owned();
    // A single separator is kept as it is written.
    let is_simple = image_fault(&nearest).is_none() && !nearest.contains("--");
    match nearest.as_str() {
        RESERVED_PROJECT => format!("{RESERVED_PROJECT}-app"),
        _ if is_simple => nearest,
        _ => words.fold(first, |name, word| format!("{name}-{word}")),
    }
}

/// `name` and `suffix` as an identifier that needs no quotes in SQL, and that PostgreSQL does not
/// keep for itself, cut to what it keeps of one.
/// <https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS>
fn unquoted(name: &str, suffix: &str) -> String {
    let name = name.replace('-', "_");
    let is_reserved = format!("{name}{suffix}").starts_with("pg_");
    let needs_prefix = is_reserved || name.starts_with(|c: char| c.is_ascii_digit());
    let prefix = if needs_prefix { "_" } else { "" };
    let kept = MAX_IDENTIFIER.saturating_sub(suffix.len());
    let name = prefix.chars().chain(name.chars()).take(kept);
    name.chain(suffix.chars()).collect()
}

fn check(question: Question, text: &str) -> Result<(), Refusal> {
    match question {
        Question::Project => project(text).map(drop),
        Question::Environment => environment(text).map(drop),
        Question::Port => port(text).map(drop),
        Question::Description | Question::Database | Question::User => {
            as_configuration(question, text)
        }
    }
}

fn project(text: &str) -> Result<ProjectName, Refusal> {
    let refused = |why: &dyn std::fmt::Display| Refusal {
        question: Question::Project,
        message: format!("`{text}` {why}"),
        help: Some(format!("write `{}`", default_project(text))),
    };
    let name = ProjectName::new(text).map_err(|why| refused(&why))?;
    image_fault(text).map_or(Ok(name), |why| Err(refused(&why)))
}

fn environment(text: &str) -> Result<EnvironmentName, Refusal> {
    EnvironmentName::new(text).map_err(|why| Refusal {
        question: Question::Environment,
        message: format!("`{text}` {why}"),
        help: Some(format!("write `{}`", EnvironmentName::nearest(text))),
    })
}

fn port(text: &str) -> Result<u16, Refusal> {
    let number = text.parse().ok().filter(|port| *port > 0);
    number.ok_or_else(|| Refusal {
        question: Question::Port,
        message: format!("`{text}` is no port"),
        help: Some("write a number from 1 to 65535".to_owned()),
    })
}

/// Why `<project>/<container>` is no name of an image.
/// <https://github.com/distribution/reference/blob/main/reference.go>
fn image_fault(project: &str) -> Option<&'static str> {
    if project == RESERVED_PROJECT {
        return Some("is the name of poststack's own images");
    }
    if project.ends_with(['-', '_']) {
        return Some("cannot begin the name of an image; end with a letter or a digit");
    }
    let mut separators = project.split(|c: char| c.is_ascii_alphanumeric());
    let is_bad = separators.any(|run| {
        let is_dashes = run.chars().all(|c| c == '-');
        !(is_dashes || matches!(run, "_" | "__"))
    });
    is_bad.then_some("cannot begin the name of an image; write one `-` or `_` between words")
}

/// Refuses what the configuration would refuse.
fn as_configuration(question: Question, text: &str) -> Result<(), Refusal> {
    let value = scalar(text);
    let of_postgres = |key: &str| {
        format!("project: {{ name: a }}\nenvironments:\n  a:\n    postgres: {{ {key}: {value} }}\n")
    };
    let sample = match question {
        Question::Database => of_postgres("database"),
        Question::User => of_postgres("user"),
        _ => format!("project:\n  name: a\n  description: {value}\nenvironments: {{ a: {{}} }}\n"),
    };
    let found = config::read(&SourceFile::new("", sample), Path::new("/"));
    let faults = found.err().unwrap_or_default();
    let fault = faults.into_iter().find(Diagnostic::is_error);
    fault.map_or(Ok(()), |fault| {
        Err(Refusal {
            question,
            message: fault.message,
            help: fault.help,
        })
    })
}
