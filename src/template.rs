//! Variables inside YAML scalars. A value never changes the structure of the file.

use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Place};
use crate::text::Source;
use crate::variables::{Reader, Variables};
use crate::yaml::Node;

/// One step from the root of a document to a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    Key(Arc<str>),
    Index(usize),
}

/// What an expansion may look up, and who reads at which path.
pub struct Scope<'a> {
    pub variables: &'a Variables,
    /// The reader at a path; two services of one file may read different addresses.
    pub reader: &'a dyn Fn(&[Segment]) -> Reader,
}

/// One mention of a variable in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    pub name: String,
    /// Where the expression stands.
    pub place: Place,
    /// Dotted path of the scalar, for instance `services.web.environment.URL`.
    pub path: String,
    pub reader: Reader,
    pub outcome: Outcome,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The variable's own value.
    Value,
    /// It is not set (or empty) and the file gives a default or an alternative.
    Default,
    /// It is not set and the file gives no default: `UNDEFINED`; expanded to nothing.
    Undefined,
    /// `${NAME:?message}` of an unset variable; a diagnostic tells of it too.
    Required,
}

/// A document with its scalars expanded. Spans still lie in `source`, the file as written.
#[derive(Debug, Clone)]
pub struct Expanded {
    pub source: Source,
    pub root: Node,
    pub uses: Vec<Use>,
    /// Bad templates and required variables that are missing; not the undefined ones.
    pub diagnostics: Vec<Diagnostic>,
}

impl Expanded {
    /// An error for every undefined variable, at each of its places.
    #[must_use]
    pub fn undefined(&self) -> Vec<Diagnostic> {
        Vec::new()
    }
}

/// Expands every scalar value of `root` (never keys). Undefined variables become empty.
#[must_use]
pub fn expand(source: &Source, root: &Node, scope: &Scope<'_>) -> Expanded {
    let _ = scope;
    Expanded {
        source: source.clone(),
        root: root.clone(),
        uses: Vec::new(),
        diagnostics: Vec::new(),
    }
}
