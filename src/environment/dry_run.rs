//! What a start would expand: every variable, its value, its layer and line, where it is used.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use super::failure::Failure;
use super::prepare::Prepared;
use crate::diagnostic::Diagnostic;
use crate::template::{self, Outcome, Scope, Use};
use crate::text;
use crate::variables::{Layer, Reader, Variable};
use crate::yaml;

/// One variable of a dry run.
#[derive(Debug, Clone, Serialize)]
pub struct Line {
    pub name: String,
    /// Masked where it is secret; `UNDEFINED` where nothing defines it.
    pub value: String,
    /// What a reader on the host gets, where that differs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host_value: Option<String>,
    /// `built-in`, `--set`, `variables`, `env_file`, `process`, `.env` or `default`.
    pub layer: &'static str,
    /// `file:line:column` of the definition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    pub uses: Vec<UsedAt>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct UsedAt {
    pub place: String,
    /// Dotted path in the file.
    pub path: String,
    pub outcome: &'static str,
}

/// The word for a variable that nothing defines.
pub const UNDEFINED: &str = "UNDEFINED";

/// Lists the variables of `uses`, and with `all` also those that nothing uses.
#[must_use]
pub fn lines(prepared: &Prepared, uses: &[Use], all: bool) -> Vec<Line> {
    let mut by_name: BTreeMap<(&str, Option<String>), Vec<&Use>> = BTreeMap::new();
    for one in uses {
        let defined = one.local.as_ref().and_then(|local| local.place.as_ref());
        let key = (one.name.as_str(), defined.map(ToString::to_string));
        by_name.entry(key).or_default().push(one);
    }
    if all {
        for variable in prepared.variables.iter() {
            by_name.entry((&variable.name, None)).or_default();
        }
    }
    let line = |((name, _), uses): ((&str, _), Vec<&Use>)| line(prepared, name, &uses);
    by_name.into_iter().map(line).collect()
}

fn line(prepared: &Prepared, name: &str, uses: &[&Use]) -> Line {
    let local = uses.first().and_then(|one| one.local.as_ref());
    let variable = local.or_else(|| prepared.variables.get(name));
    let mut used: Vec<UsedAt> = uses.iter().map(|one| used_at(one)).collect();
    used.sort();
    used.dedup();
    let undefined = uses
        .iter()
        .any(|one| matches!(one.outcome, Outcome::Undefined | Outcome::Required));
    let (value, host_value, layer) = match variable {
        Some(variable) => shown(variable, undefined),
        None if undefined => (UNDEFINED.to_owned(), None, "-"),
        None => (defaults(uses), None, "default"),
    };
    Line {
        name: name.to_owned(),
        value,
        host_value,
        layer,
        place: variable
            .and_then(|variable| variable.place.as_ref())
            .map(ToString::to_string),
        uses: used,
    }
}

/// The defaults that files give, each once.
fn defaults(uses: &[&Use]) -> String {
    let mut defaults: Vec<&str> = uses.iter().map(|one| one.default.as_str()).collect();
    defaults.sort_unstable();
    defaults.dedup();
    defaults.join(" | ")
}

fn shown(variable: &Variable, undefined: bool) -> (String, Option<String>, &'static str) {
    let layer = match variable.layer {
        Layer::BuiltIn => "built-in",
        Layer::Set => "--set",
        Layer::Variables => "variables",
        Layer::EnvFile => "env_file",
        Layer::Process => "process",
        Layer::DotEnv => ".env",
    };
    let network = variable.shown(Reader::Network);
    let host = variable.shown(Reader::Host);
    if undefined {
        return (UNDEFINED.to_owned(), None, layer);
    }
    let differs = host != network;
    (network, differs.then_some(host), layer)
}

fn used_at(one: &Use) -> UsedAt {
    UsedAt {
        place: one.place.to_string(),
        path: one.path.clone(),
        outcome: match one.outcome {
            Outcome::Value => "value",
            Outcome::Default => "default",
            Outcome::Undefined => "undefined",
            Outcome::Required => "required",
        },
    }
}

/// The uses in any YAML file, whether the environment names it or not.
///
/// # Errors
/// The file cannot be read or is no YAML.
pub fn uses_of_file(
    prepared: &Prepared,
    path: &Path,
    shown: &Path,
) -> Result<(Vec<Use>, Vec<Diagnostic>), Failure> {
    let source =
        text::read(path, shown).map_err(|error| Failure::configuration(vec![error.into()]))?;
    let documents = yaml::parse(&source).map_err(Failure::configuration)?;
    let scope = Scope {
        variables: &prepared.variables,
        reader: &|_| Reader::Network,
    };
    let mut uses = Vec::new();
    let mut diagnostics = Vec::new();
    for document in &documents {
        let expanded = template::expand(&source, document, &scope);
        uses.extend(expanded.uses);
        diagnostics.extend(expanded.diagnostics);
    }
    Ok((uses, diagnostics))
}
