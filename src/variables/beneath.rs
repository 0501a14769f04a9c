//! Env files that lie under all other layers, for the text of some files alone: the `.env` beside a
//! Compose file.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::dotenv::{self, Assignment};
use super::evaluate::MAX_TEXT_BYTES;
use super::resolve::missing;
use super::value::{Masks, Value};
use super::{Layer, Reader, Variable, Variables};
use crate::diagnostic::Diagnostic;
use crate::text::Source;

impl Variables {
    /// The same variables with those of `files` under them: a name that is known already keeps its
    /// value. A later file wins over an earlier one.
    #[must_use]
    pub fn over(&self, files: &[Source]) -> (Self, Vec<Diagnostic>) {
        let mut under = Under {
            above: self,
            found: BTreeMap::new(),
            diagnostics: Vec::new(),
        };
        for source in files {
            let (assignments, diagnostics) = dotenv::assignments(source);
            under.diagnostics.extend(diagnostics);
            for assignment in assignments {
                under.assign(assignment);
            }
        }
        let (found, diagnostics) = (under.found, under.diagnostics);
        let mut all = self.clone();
        all.masks.add(masked(found.values()));
        all.by_name.extend(found);
        (all, diagnostics)
    }

    /// Hides the secrets among `variables` in output as well.
    pub fn also_mask<'a>(&mut self, variables: impl Iterator<Item = &'a Variable>) {
        self.masks.add(masked(variables));
    }
}

fn masked<'a>(variables: impl Iterator<Item = &'a Variable>) -> Masks {
    let values = variables.flat_map(|variable| [&*variable.network, &*variable.host]);
    Masks::new(values)
}

struct Under<'a> {
    above: &'a Variables,
    found: BTreeMap<String, Variable>,
    diagnostics: Vec<Diagnostic>,
}

impl Under<'_> {
    fn assign(&mut self, assignment: Assignment) {
        let Assignment { key, place, value } = assignment;
        if let Some(above) = self.above.get(&key) {
            if above.layer == Layer::BuiltIn {
                let message = format!("`{key}` is not taken from here: poststack sets it itself");
                let note = Diagnostic::note(message).at_place(place);
                self.diagnostics.push(note);
            }
            return;
        }
        // A name alone stands for the variable of the process environment, which is above.
        let Some(written) = value else { return };
        let resolve = |reader| {
            let mut lookup = |name: &str| self.value(name, reader);
            let result = written.template.evaluate(&mut lookup, MAX_TEXT_BYTES);
            let too_long = result.too_long;
            let missing = missing(&result, &written);
            (Arc::new(Value::named(&key, result, missing)), too_long)
        };
        let (network, too_long) = resolve(Reader::Network);
        let (host, _) = resolve(Reader::Host);
        if too_long {
            self.diagnostics.push(written.too_long());
        }
        let variable = Variable {
            name: key.clone(),
            layer: Layer::DotEnv,
            place: Some(place),
            secret: network.secret || host.secret,
            network,
            host,
        };
        self.found.insert(key, variable);
    }

    fn value(&self, name: &str, reader: Reader) -> Option<Arc<Value>> {
        let own = || self.found.get(name).map(|one| one.resolved(reader).clone());
        self.above.value(name, reader).or_else(own)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::SourceFile;
    use crate::variables::{BuiltIn, Layers};

    fn over(text: &str) -> (Variables, Vec<Diagnostic>) {
        let set = vec![("TOP".to_owned(), "top".to_owned())];
        let built_in = vec![BuiltIn {
            name: "DB_HOST",
            network: "postgres".into(),
            host: "127.0.0.1".into(),
            secret: false,
        }];
        let (variables, _) = Variables::resolve(&Layers {
            set,
            built_in,
            ..Layers::default()
        });
        variables.over(&[SourceFile::new(".env", text)])
    }

    #[test]
    fn a_name_that_is_known_keeps_its_value() {
        let (variables, faults) = over("TOP=low\nOWN=own\nOWN=${OWN}er\nBARE\n");
        assert_eq!(faults, []);
        let value = |name: &str| variables.get(name).map(|one| one.value(Reader::Network));
        assert_eq!(value("TOP"), Some("top"));
        assert_eq!(value("OWN"), Some("owner"));
        assert_eq!(value("BARE"), None);
        let own = variables.get("OWN").unwrap();
        assert_eq!(own.layer, Layer::DotEnv);
        assert_eq!(own.place.as_ref().unwrap().to_string(), ".env:3:1");
    }

    #[test]
    fn a_value_may_refer_to_what_is_above_and_differs_for_the_host() {
        let (variables, _) = over("URL=http://$DB_HOST/$TOP\n");
        let url = variables.get("URL").unwrap();
        assert_eq!(url.value(Reader::Network), "http://postgres/top");
        assert_eq!(url.value(Reader::Host), "http://127.0.0.1/top");
    }

    #[test]
    fn a_built_in_is_not_redefined_and_that_is_noted() {
        let (variables, faults) = over("DB_HOST=db\n");
        assert_eq!(
            variables.get("DB_HOST").unwrap().value(Reader::Network),
            "postgres"
        );
        let [note] = &faults[..] else {
            panic!("{faults:?}")
        };
        assert_eq!(note.severity, crate::diagnostic::Severity::Note);
    }

    #[test]
    fn secrets_are_masked_and_what_is_missing_is_told_where_it_is_used() {
        let (variables, faults) = over("API_TOKEN=abcdefgh\nX=$NOPE\n");
        assert_eq!(faults, []);
        assert_eq!(variables.mask("it is abcdefgh"), "it is ***");
        let x = variables.get("X").unwrap();
        assert_eq!(x.missing(Reader::Network)[0].name, "NOPE");
    }
}
