//! Layers → values: every definition that counts, resolved for both readers.
//!
//! A text may refer to any variable; to its own name it sees the layers below. What is missing in
//! a text is kept with the value and becomes a fault where the value is used.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::evaluate::{Evaluated, MAX_TEXT_BYTES, Outcome};
use super::grammar::is_name;
use super::value::{Missing, Value};
use super::written::Written;
use super::{Layer, Layers, Reader, Variable, built_in, dotenv};
use crate::diagnostic::{Diagnostic, Place};

/// Longest chain of variables that refer to each other.
const MAX_CHAIN: usize = 100;
/// Most bytes that all resolved values have together.
const MAX_TOTAL_BYTES: usize = 4 * MAX_TEXT_BYTES;
/// How many missing variables are reported of one value.
const MAX_MISSING: usize = 50;

/// One definition of a variable.
struct Definition {
    layer: Layer,
    place: Option<Place>,
    /// Position among the entries of all env files.
    order: usize,
    text: Text,
}

enum Text {
    BuiltIn {
        network: Arc<Value>,
        host: Arc<Value>,
    },
    Literal(String),
    Written(Written),
}

impl Definition {
    fn new(layer: Layer, text: Text) -> Self {
        Self {
            layer,
            place: None,
            order: 0,
            text,
        }
    }
}

/// The definitions of every name, the one that counts first.
type Definitions = BTreeMap<String, Vec<Definition>>;

pub(super) fn resolve(layers: &Layers) -> (BTreeMap<String, Variable>, Vec<Diagnostic>) {
    let (definitions, mut diagnostics) = definitions(layers);
    let [network, host] = [Reader::Network, Reader::Host].map(|reader| {
        let mut resolver = Resolver::new(&definitions, reader);
        let values: BTreeMap<_, _> = definitions
            .keys()
            .filter_map(|name| Some((name.clone(), resolver.value(name, 0)?)))
            .collect();
        for diagnostic in resolver.diagnostics {
            if !diagnostics.contains(&diagnostic) {
                diagnostics.push(diagnostic);
            }
        }
        values
    });
    let mut variables = BTreeMap::new();
    for (name, definitions) in &definitions {
        let values = (definitions.first(), network.get(name), host.get(name));
        if let (Some(definition), Some(network), Some(host)) = values {
            let variable = Variable {
                name: name.clone(),
                layer: definition.layer,
                place: definition.place.clone(),
                secret: network.secret || host.secret,
                network: network.clone(),
                host: host.clone(),
            };
            variables.insert(name.clone(), variable);
        }
    }
    (variables, diagnostics)
}

fn definitions(layers: &Layers) -> (Definitions, Vec<Diagnostic>) {
    let mut collector = Collector {
        built_in: layers.built_in.iter().map(|it| it.name).collect(),
        definitions: BTreeMap::new(),
        diagnostics: Vec::new(),
    };
    collector.built_in(layers);
    collector.set(layers);
    collector.variables(layers);
    collector.env_files(layers);
    collector.process(layers);
    (collector.definitions, collector.diagnostics)
}

/// Gathers definitions, from the highest layer down.
struct Collector {
    built_in: BTreeSet<&'static str>,
    definitions: Definitions,
    diagnostics: Vec<Diagnostic>,
}

impl Collector {
    fn add(&mut self, name: &str, definition: Definition) {
        let definitions = self.definitions.entry(name.to_owned()).or_default();
        definitions.push(definition);
    }

    /// Whether a user may define `name`; a fault otherwise.
    fn may_define(&mut self, name: &str, place: Option<&Place>) -> bool {
        if !self.built_in.contains(name) && !built_in::NAMES.contains(&name) {
            return true;
        }
        let mut diagnostic = Diagnostic::error(format!("`{name}` is built in"))
            .help("poststack sets it itself; choose another name");
        match place {
            Some(place) => diagnostic = diagnostic.at(&place.source, place.span),
            None => diagnostic.message = format!("`--set {name}`: `{name}` is built in"),
        }
        self.diagnostics.push(diagnostic);
        false
    }

    fn built_in(&mut self, layers: &Layers) {
        for built_in in &layers.built_in {
            let value = |text: &crate::secret::Secret| {
                Arc::new(if built_in.secret {
                    Value::masked(text.clone())
                } else {
                    Value::plain(text.expose())
                })
            };
            let network = value(&built_in.network);
            let host = value(&built_in.host);
            let text = Text::BuiltIn { network, host };
            self.add(built_in.name, Definition::new(Layer::BuiltIn, text));
        }
    }

    fn set(&mut self, layers: &Layers) {
        for (name, text) in layers.set.iter().rev() {
            if !is_name(name) {
                let message = format!("`--set {name}`: `{name}` is not a name");
                let help = "a name has letters, digits and `_`, and no digit first";
                self.diagnostics.push(Diagnostic::error(message).help(help));
            } else if self.may_define(name, None) {
                let text = Text::Literal(text.clone());
                self.add(name, Definition::new(Layer::Set, text));
            }
        }
    }

    fn variables(&mut self, layers: &Layers) {
        for (name, variable) in &layers.variables {
            if !self.may_define(name, Some(&variable.place)) {
                continue;
            }
            match Written::parse(&variable.text, &variable.place) {
                Ok(text) => {
                    let definition = Definition {
                        place: Some(variable.place.clone()),
                        ..Definition::new(Layer::Variables, Text::Written(text))
                    };
                    self.add(name, definition);
                }
                Err(diagnostic) => self.diagnostics.push(*diagnostic),
            }
        }
    }

    fn env_files(&mut self, layers: &Layers) {
        let mut all = Vec::new();
        for source in &layers.env_files {
            let (assignments, diagnostics) = dotenv::assignments(source);
            all.extend(assignments);
            self.diagnostics.extend(diagnostics);
        }
        for (order, assignment) in all.into_iter().enumerate().rev() {
            if let Some(text) = assignment.value
                && self.may_define(&assignment.key, Some(&assignment.place))
            {
                let definition = Definition {
                    place: Some(assignment.place),
                    order,
                    ..Definition::new(Layer::EnvFile, Text::Written(text))
                };
                self.add(&assignment.key, definition);
            }
        }
    }

    fn process(&mut self, layers: &Layers) {
        for (name, text) in &layers.process {
            let text = Text::Literal(text.clone());
            self.add(name, Definition::new(Layer::Process, text));
        }
    }
}

/// A definition: a name and how many of its definitions stand above.
type Key<'a> = (&'a str, usize);

struct Resolver<'a> {
    definitions: &'a Definitions,
    reader: Reader,
    resolved: HashMap<Key<'a>, Arc<Value>>,
    /// What is being resolved, outermost first.
    chain: Vec<Key<'a>>,
    bytes: usize,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Resolver<'a> {
    fn new(definitions: &'a Definitions, reader: Reader) -> Self {
        Self {
            definitions,
            reader,
            resolved: HashMap::new(),
            chain: Vec::new(),
            bytes: 0,
            diagnostics: Vec::new(),
        }
    }

    fn definition(&self, (name, index): Key<'_>) -> Option<&'a Definition> {
        self.definitions.get(name)?.get(index)
    }

    fn value(&mut self, name: &'a str, index: usize) -> Option<Arc<Value>> {
        let key = (name, index);
        let definition = self.definition(key)?;
        if let Some(value) = self.resolved.get(&key) {
            return Some(value.clone());
        }
        if let Some(start) = self.chain.iter().position(|entry| *entry == key) {
            self.circle(start);
            return Some(Arc::new(Value::plain("")));
        }
        let value = match &definition.text {
            Text::BuiltIn { network, host } => match self.reader {
                Reader::Network => network.clone(),
                Reader::Host => host.clone(),
            },
            Text::Literal(text) => {
                let result = Evaluated {
                    text: text.clone(),
                    shown: text.clone(),
                    ..Evaluated::default()
                };
                Arc::new(Value::named(name, result, Vec::new()))
            }
            Text::Written(written) => {
                self.chain.push(key);
                let value = self.written(key, written);
                self.chain.pop();
                Arc::new(value)
            }
        };
        self.resolved.insert(key, value.clone());
        Some(value)
    }

    fn written(&mut self, key: Key<'a>, written: &Written) -> Value {
        let left = MAX_TOTAL_BYTES.saturating_sub(self.bytes);
        let limit = left.min(MAX_TEXT_BYTES);
        let mut lookup = |name: &str| self.referred(name, key);
        let result = written.template.evaluate(&mut lookup, limit);
        self.bytes += result.text.len();
        if result.too_long {
            self.once(written.too_long());
        }
        let missing = missing(&result, written);
        Value::named(key.0, result, missing)
    }

    /// The value of `name` as the definition `asker` sees it.
    fn referred(&mut self, name: &str, asker: Key<'a>) -> Option<Arc<Value>> {
        let (name, definitions) = self.definitions.get_key_value(name)?;
        if self.chain.len() > MAX_CHAIN {
            self.too_deep(asker);
            return Some(Arc::new(Value::plain("")));
        }
        if name == asker.0 {
            return self.value(name, asker.1 + 1);
        }
        let order = self
            .definition(asker)
            .filter(|definition| definition.layer == Layer::EnvFile)
            .map(|definition| definition.order);
        self.value(name, seen_first(definitions, order))
    }

    /// Reports the circle that starts at `start` in the chain, from its first name.
    fn circle(&mut self, start: usize) {
        let mut circle: Vec<Key<'a>> = self.chain.iter().skip(start).copied().collect();
        let first = circle.iter().min().copied();
        let first = circle.iter().position(|key| Some(*key) == first);
        circle.rotate_left(first.unwrap_or_default());
        let names: Vec<String> = circle
            .iter()
            .chain(circle.first())
            .map(|(name, _)| format!("`{name}`"))
            .collect();
        let message = format!("Variables refer to each other: {}", names.join(" → "));
        let mut diagnostic = Diagnostic::error(message).help("give one of them a value of its own");
        let places = circle.iter().filter_map(|key| self.definition(*key));
        for place in places.filter_map(|definition| definition.place.as_ref()) {
            diagnostic = match diagnostic.place {
                None => diagnostic.at(&place.source, place.span),
                Some(_) => diagnostic.related(&place.source, place.span, "and here"),
            };
        }
        self.once(diagnostic);
    }

    fn too_deep(&mut self, asker: Key<'a>) {
        let message = format!("More than {MAX_CHAIN} variables refer to one another in a row");
        let mut diagnostic = Diagnostic::error(message);
        if let Some(place) = self.definition(asker).and_then(|it| it.place.as_ref()) {
            diagnostic = diagnostic.at(&place.source, place.span);
        }
        self.once(diagnostic);
    }

    /// Reports what one message says only at the first of its places.
    fn once(&mut self, diagnostic: Diagnostic) {
        let known = |it: &Diagnostic| it.message == diagnostic.message;
        if !self.diagnostics.iter().any(known) {
            self.diagnostics.push(diagnostic);
        }
    }
}

/// Which of `definitions` an asker sees. An entry of an env file, at `order`, sees an earlier entry
/// rather than the one that counts in the end, and a later one when there is no earlier one.
fn seen_first(definitions: &[Definition], order: Option<usize>) -> usize {
    let Some(order) = order else {
        return 0;
    };
    definitions
        .iter()
        .position(|it| it.layer < Layer::EnvFile || it.layer == Layer::EnvFile && it.order < order)
        .unwrap_or_default()
}

/// What the evaluation of a text lacked.
pub(super) fn missing(result: &Evaluated, written: &Written) -> Vec<Missing> {
    let mut found: Vec<Missing> = Vec::new();
    let mut add = |missing: Missing| {
        if found.len() < MAX_MISSING && !found.contains(&missing) {
            found.push(missing);
        }
    };
    for mention in &result.mentions {
        for inner in mention.value.iter().flat_map(|value| &value.missing) {
            add(inner.clone());
        }
        let required = match mention.outcome {
            Outcome::Value | Outcome::Default => continue,
            Outcome::Undefined => None,
            Outcome::Required => Some(mention.message.clone()),
        };
        add(Missing {
            name: mention.name.clone(),
            place: Some(written.place_of(&mention.range)),
            required,
        });
    }
    found
}
