//! Layered variables: every value knows its layer and where it was written.
//!
//! Highest first: built-in (not to be redefined), `--set`, `variables:`, env files, the process
//! environment. A database has two addresses; a value resolves for the [`Reader`] that asks.

use std::collections::BTreeMap;

use crate::config::model::ConfigVariable;
use crate::diagnostic::{Diagnostic, Place};
use crate::secret::Secret;
use crate::text::Source;

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

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    pub name: String,
    pub layer: Layer,
    pub place: Option<Place>,
    /// Whether output shows `***` instead of the value.
    pub secret: bool,
    network: Secret,
    host: Secret,
}

impl Variable {
    #[must_use]
    pub fn value(&self, reader: Reader) -> &str {
        match reader {
            Reader::Network => self.network.expose(),
            Reader::Host => self.host.expose(),
        }
    }
}

/// Resolved variables by name.
#[derive(Debug, Clone, Default)]
pub struct Variables {
    by_name: BTreeMap<String, Variable>,
}

impl Variables {
    /// Resolves the layers; the diagnostics tell of redefined built-ins, bad env files and cycles.
    #[must_use]
    pub fn resolve(layers: &Layers) -> (Self, Vec<Diagnostic>) {
        let _ = layers;
        (Self::default(), Vec::new())
    }

    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Variable> {
        self.by_name.get(name)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Variable> {
        self.by_name.values()
    }
}
