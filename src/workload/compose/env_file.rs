//! `env_file`: files of `NAME=value` for the container alone; the Compose file never sees them
//! (<https://github.com/compose-spec/compose-spec/blob/main/05-services.md#env_file>).

use std::path::PathBuf;

use super::casts;
use super::file::{File, Section};
use super::keys::Keys;
use super::paths;
use crate::diagnostic::{Diagnostic, Severity};
use crate::secret::Secret;
use crate::text::{self, ReadError, Source, Span};
use crate::variables::dotenv;
use crate::yaml::{Node, Value};

const LONG: Keys = Keys::only(&["path", "required", "format"]);

/// One env file as the Compose file names it.
pub(super) struct EnvFile {
    path: PathBuf,
    /// As messages show it: as written, beside the Compose file.
    shown: PathBuf,
    span: Span,
    required: bool,
    /// Without quotes and expansion.
    raw: bool,
}

/// A variable of an env file; a bare name that nothing defines has no value.
pub(super) type Assigned = (String, Option<Secret>);

pub(super) fn entry(file: &mut File<'_>, node: &Node, path: &str) -> Option<EnvFile> {
    let (required, raw, written) = match &node.value {
        Value::Mapping(_) => {
            let section = Section::open(file, node, path, &LONG)?;
            let required = section.read(file, "required", casts::boolean);
            let raw = section.read(file, "format", format);
            let entry = section.required(file, node, "path", "a file beside this one")?;
            (required.unwrap_or(true), raw, &entry.value)
        }
        _ => (true, false, node),
    };
    let text = file.decoder.string(written, path)?;
    if text.is_empty() {
        file.fault(
            written.span,
            format!("`{path}` is empty"),
            "name a file or drop the line",
        );
        return None;
    }
    Some(EnvFile {
        path: paths::resolve(file, written.span, &text)?,
        shown: paths::shown(file.shown_folder(written.span), &text),
        span: written.span,
        required,
        raw,
    })
}

/// Whether the format is `raw`.
fn format(file: &mut File<'_>, node: &Node, path: &str) -> bool {
    let text = casts::string(file, node, path);
    match text.as_deref() {
        Some("raw") => true,
        None => false,
        Some(other) => {
            let message = format!("`{path}` is `{other}`");
            file.fault(node.span, message, "write `raw` or drop the line");
            false
        }
    }
}

/// The variables of the file, which may refer to `earlier` ones and to poststack's own.
pub(super) fn read(file: &mut File<'_>, named: &EnvFile, earlier: &[Assigned]) -> Vec<Assigned> {
    if !file.current.active {
        return Vec::new();
    }
    let source = match text::read(&named.path, &named.shown) {
        Ok(source) => source,
        Err(ReadError::Missing(_)) if !named.required => return Vec::new(),
        Err(error) => {
            let missing = matches!(error, ReadError::Missing(_));
            let mut diagnostic = Diagnostic::from(error).at_place(file.decoder.place(named.span));
            if missing {
                let help = "create it, or write {path: …, required: false} when it may be missing";
                diagnostic = diagnostic.help(help);
            }
            file.decoder.diagnostics.push(diagnostic);
            return Vec::new();
        }
    };
    let reader = file.current.reader;
    let variables = file.variables(named.span);
    let lookup = |name: &str| {
        let own = variables.get(name).map(|one| one.value(reader).to_owned());
        own.or_else(|| {
            let found = earlier.iter().rev().find(|(key, _)| key == name);
            found.and_then(|(_, value)| Some(value.as_ref()?.expose().to_owned()))
        })
    };
    if named.raw {
        return raw(&source, &lookup);
    }
    let (entries, diagnostics) = dotenv::parse(&source, &lookup);
    let name = file.decoder.place(named.span);
    for mut diagnostic in diagnostics {
        if diagnostic.severity == Severity::Error {
            let label = "read because of this line".to_owned();
            diagnostic.related.push((name.clone(), label));
        }
        file.decoder.diagnostics.push(diagnostic);
    }
    entries
        .into_iter()
        .filter_map(|entry| Some((entry.key, Some(Secret::new(entry.value?)))))
        .collect()
}

/// Lines of `NAME=value`, each value as it stands; a bare name is looked up.
fn raw(source: &Source, lookup: &dyn Fn(&str) -> Option<String>) -> Vec<Assigned> {
    source
        .text
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'))
        .filter_map(|line| match line.split_once('=') {
            Some((key, value)) => Some((key.trim().to_owned(), Some(Secret::new(value)))),
            None => {
                let key = line.trim().to_owned();
                let value = Secret::new(lookup(&key)?);
                Some((key, Some(value)))
            }
        })
        .collect()
}
