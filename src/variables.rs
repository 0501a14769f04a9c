//! Layered variables: every value knows its layer and where it was written.
//!
//! Highest first: built-in (not to be redefined), `--set`, `variables:`, env files, the process
//! environment, and for a Compose file alone the `.env` beside it. A database has two addresses; a value resolves for the [`Reader`] that asks.

mod beneath;
pub mod built_in;
pub mod dotenv;
pub mod evaluate;
pub mod grammar;
mod resolve;
pub mod value;
pub mod written;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::config::model::ConfigVariable;
use crate::diagnostic::{Diagnostic, Place, nearest};
use crate::secret::Secret;
use crate::text::Source;
use evaluate::{MAX_TEXT_BYTES, Mention, Outcome, required};
use value::{Masks, Missing, Value};
use written::Written;

pub use built_in::{DatabaseAddress, built_ins};
pub use evaluate::{ExpandError, expand_text};

/// Who reads a value: something inside the environment's network, or something on the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reader {
    Network,
    Host,
}

/// Where a value comes from; the first one wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layer {
    BuiltIn,
    Set,
    Variables,
    EnvFile,
    Process,
    /// The `.env` beside a Compose file, for that file alone.
    DotEnv,
}

/// A variable poststack itself defines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuiltIn {
    pub name: &'static str,
    pub network: Secret,
    pub host: Secret,
    /// Whether its value is masked in output.
    pub secret: bool,
}

/// What variables are made of.
#[derive(Debug, Clone, Default)]
pub struct Layers {
    pub built_in: Vec<BuiltIn>,
    pub set: Vec<(String, String)>,
    pub variables: BTreeMap<String, ConfigVariable>,
    /// Later files win.
    pub env_files: Vec<Source>,
    pub process: BTreeMap<String, String>,
}

/// A resolved variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    pub name: String,
    pub layer: Layer,
    /// Where it is defined; nothing for built-in ones, `--set` and the process environment.
    pub place: Option<Place>,
    /// Whether output shows `***` instead of the value.
    pub secret: bool,
    network: Arc<Value>,
    host: Arc<Value>,
}

impl Variable {
    #[must_use]
    pub fn value(&self, reader: Reader) -> &str {
        self.resolved(reader).text.expose()
    }

    /// The value as output may show it: secrets as `***`, of a URL only the password.
    #[must_use]
    pub fn shown(&self, reader: Reader) -> String {
        self.resolved(reader).shown.clone()
    }

    /// What the text of the variable refers to and is not set; a fault where the variable is used.
    #[must_use]
    pub fn missing(&self, reader: Reader) -> &[Missing] {
        &self.resolved(reader).missing
    }

    fn resolved(&self, reader: Reader) -> &Arc<Value> {
        match reader {
            Reader::Network => &self.network,
            Reader::Host => &self.host,
        }
    }
}

/// Resolved variables by name.
#[derive(Debug, Clone, Default)]
pub struct Variables {
    by_name: BTreeMap<String, Variable>,
    /// Those of the process environment that no other layer defines: found by name, never listed.
    process: BTreeMap<String, Variable>,
    masks: Masks,
}

impl Variables {
    /// Resolves the layers; the diagnostics tell of redefined built-ins, bad env files, bad
    /// templates and cycles. What is merely undefined is not among them.
    #[must_use]
    pub fn resolve(layers: &Layers) -> (Self, Vec<Diagnostic>) {
        let (variables, diagnostics) = resolve::resolve(layers);
        let values = variables
            .values()
            .flat_map(|variable| [&*variable.network, &*variable.host]);
        let masks = Masks::new(values);
        let (process, by_name) = variables
            .into_iter()
            .partition(|(_, variable)| variable.layer == Layer::Process);
        let variables = Self {
            by_name,
            process,
            masks,
        };
        (variables, diagnostics)
    }

    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Variable> {
        self.by_name.get(name).or_else(|| self.process.get(name))
    }

    /// The variable, where it is one that only the files beside the text define.
    #[must_use]
    pub fn local(&self, name: &str) -> Option<Variable> {
        let found = self.by_name.get(name);
        found.filter(|one| one.layer == Layer::DotEnv).cloned()
    }

    /// Every variable but those of the process environment, which only [`Variables::get`] finds.
    pub fn iter(&self) -> impl Iterator<Item = &Variable> {
        self.by_name.values()
    }

    /// Every name that [`Variables::get`] knows.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let names = self.by_name.keys().chain(self.process.keys());
        names.map(String::as_str)
    }

    /// Adds values that no output may show, though no variable has them.
    pub fn hide<'s>(&mut self, secrets: impl IntoIterator<Item = &'s Secret>) {
        let secrets: Vec<Value> = secrets
            .into_iter()
            .map(|secret| Value::hidden(secret.clone()))
            .collect();
        self.masks.add(Masks::new(secrets.iter()));
    }

    /// `text` with every secret of at least four characters, also percent-encoded, as `***`.
    #[must_use]
    pub fn mask(&self, text: &str) -> String {
        self.masks.apply(text)
    }

    /// The value to insert for `name`.
    #[must_use]
    pub fn value(&self, name: &str, reader: Reader) -> Option<Arc<Value>> {
        self.get(name)
            .map(|variable| variable.resolved(reader).clone())
    }

    /// The fault of a variable that is not set, without its place.
    #[must_use]
    pub fn undefined(&self, name: &str) -> Diagnostic {
        let define =
            "define it under `variables:` of the environment, in the env file, or pass `--set";
        let help = match nearest(name, self.names()) {
            Some(near) => format!("did you mean `{near}`? Otherwise {define} {name}=value`"),
            None => format!("{define} {name}=value`"),
        };
        Diagnostic::error(format!("Undefined variable `{name}`")).help(help)
    }

    /// Expands one text that stands at `place`, for instance a password of the configuration.
    ///
    /// # Errors
    /// Every fault of it; an undefined variable is one.
    pub fn expand(
        &self,
        text: &str,
        place: &Place,
        reader: Reader,
    ) -> Result<Secret, Vec<Diagnostic>> {
        let written = Written::parse(text, place).map_err(|fault| vec![*fault])?;
        let mut lookup = |name: &str| self.value(name, reader);
        let result = written.template.evaluate(&mut lookup, MAX_TEXT_BYTES);
        let mut faults = Vec::new();
        for mention in &result.mentions {
            let place = written.place_of(&mention.range);
            let found = self.faults(mention, &place).into_iter();
            faults.extend(found.map(|(_, fault)| fault));
        }
        if result.too_long {
            faults.push(written.too_long());
        }
        if faults.is_empty() {
            Ok(Secret::new(result.text))
        } else {
            Err(faults)
        }
    }

    /// What is wrong with a mention at `place`, each with what it comes from: the variable is
    /// undefined, or required and missing, or its own text refers to such variables.
    #[must_use]
    pub fn faults(&self, mention: &Mention, place: &Place) -> Vec<(Outcome, Diagnostic)> {
        let required_message = Some(mention.message.as_str());
        let own = match mention.outcome {
            Outcome::Value | Outcome::Default => None,
            Outcome::Undefined => Some(self.fault(&mention.name, None)),
            Outcome::Required => Some(self.fault(&mention.name, required_message)),
        };
        let own = own.map(|(outcome, fault)| (outcome, fault.at(&place.source, place.span)));
        let missing = mention.value.iter().flat_map(|value| &value.missing);
        let inner = missing.map(|missing| {
            let (outcome, fault) = self.fault(&missing.name, missing.required.as_deref());
            let label = format!("needed for `{}`", mention.name);
            let fault = match &missing.place {
                Some(inner) => {
                    fault
                        .at(&inner.source, inner.span)
                        .related(&place.source, place.span, label)
                }
                None => fault.at(&place.source, place.span).label(label),
            };
            (outcome, fault)
        });
        own.into_iter().chain(inner).collect()
    }

    fn fault(&self, name: &str, required_message: Option<&str>) -> (Outcome, Diagnostic) {
        match required_message {
            Some(message) => {
                let fault = Diagnostic::error(required(name, message));
                (Outcome::Required, fault)
            }
            None => (Outcome::Undefined, self.undefined(name)),
        }
    }
}
