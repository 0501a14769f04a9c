//! Where a host port is decided, so that a message can name what to edit.

use super::prepare::Prepared;
use crate::diagnostic::Place;
use crate::plan::DesiredContainer;
use crate::plan::identity::Role;
use crate::settings::Decider;
use crate::shell;
use crate::template::{Outcome, Use};
use crate::variables::Layer;
use crate::workload::model::Port;

/// What decides a host port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// `postgres.port` of the environment.
    Database(Place),
    /// The database has none of its own and got one; it would be written here.
    Chosen(Place),
    /// A setting or an option.
    Setting(Decider),
    /// A number in a file of the deployment.
    File(Place),
    Variable {
        name: String,
        /// `None` where the text that uses it has a default.
        layer: Option<Layer>,
        /// Where it is set, if that is in a file.
        set: Option<Place>,
        used: Place,
    },
}

/// Where `port` of `container` comes from.
#[must_use]
pub fn origin(prepared: &Prepared, container: &DesiredContainer, port: &Port) -> Origin {
    if let Some(decider) = prepared.deciders.ports.get(&container.service) {
        return Origin::Setting(decider.clone());
    }
    if container.role == Role::Database {
        let postgres = &prepared.environment.postgres;
        return match &postgres.port_place {
            Some(place) => Origin::Database(place.clone()),
            None => Origin::Chosen(postgres.place.clone()),
        };
    }
    let mut pairs = container
        .spec
        .process
        .ports
        .iter()
        .zip(&container.port_places);
    let Some((_, place)) = pairs.find(|(one, _)| *one == port) else {
        return Origin::File(container.place.clone());
    };
    let inside = |used: &&Use| {
        used.place.source.path == place.source.path
            && place.span.start <= used.place.span.start
            && used.place.span.end <= place.span.end
    };
    let number = port.published.map_or(0, |range| range.first);
    let mut uses = prepared.uses.iter().filter(inside);
    let variable = uses.find_map(|used| variable(prepared, used, number));
    variable.unwrap_or_else(|| Origin::File(place.clone()))
}

/// The variable of `used`, where `number` comes from it.
fn variable(prepared: &Prepared, used: &Use, number: u16) -> Option<Origin> {
    let variable = used.local.as_ref();
    let variable = variable.or_else(|| prepared.variables.get(&used.name));
    let (text, layer, set) = match used.outcome {
        Outcome::Value => {
            let variable = variable.filter(|one| one.layer != Layer::BuiltIn)?;
            let text = variable.value(used.reader);
            (text, Some(variable.layer), variable.place.clone())
        }
        Outcome::Default => (used.default.as_str(), None, None),
        Outcome::Undefined | Outcome::Required => return None,
    };
    has_number(text, number).then(|| Origin::Variable {
        name: used.name.clone(),
        layer,
        set,
        used: used.place.clone(),
    })
}

fn has_number(text: &str, number: u16) -> bool {
    let mut numbers = text.split(|c: char| !c.is_ascii_digit());
    numbers.any(|one| one.parse() == Ok(number))
}

impl Origin {
    /// What gives the port of `environment` another number, in words.
    #[must_use]
    pub fn advice(&self, environment: &str) -> String {
        match self {
            Self::Database(place) => {
                format!("write another `postgres.port` for `{environment}` at {place}")
            }
            Self::Chosen(place) => {
                format!("write a `postgres.port` for `{environment}` at {place}")
            }
            Self::Setting(decider) => decider.another(),
            Self::File(place) => format!("write another port at {place}"),
            Self::Variable {
                name,
                set: Some(place),
                ..
            } => format!("set another `{name}` at {place}"),
            Self::Variable {
                name,
                layer: None,
                used,
                ..
            } => format!(
                "set `{name}` under `variables:` of `{environment}`, or write another default at {used}"
            ),
            Self::Variable {
                name,
                layer: Some(Layer::Set),
                ..
            } => format!("give another --set {name}=PORT"),
            Self::Variable { name, .. } => format!("export another `{name}`"),
        }
    }

    /// A command that makes it `new` instead of `old`; in words where there is none.
    #[must_use]
    pub fn repair(&self, environment: &str, (old, new): (u16, u16)) -> String {
        let place = match self {
            Self::Variable {
                name,
                layer: Some(Layer::Process),
                ..
            } => return format!("export {name}={new}"),
            Self::Chosen(_) | Self::Setting(_) => None,
            Self::Database(place) | Self::File(place) => Some(place),
            Self::Variable {
                set, layer, used, ..
            } => set.as_ref().or(layer.is_none().then_some(used)),
        };
        match place.filter(|place| is_first_of_line(place, old)) {
            Some(place) => {
                let line = place.source.location(place.span.start).line;
                let path = shell::word(&place.source.path.to_string_lossy());
                format!("sed -i '{line}s/\\b{old}\\b/{new}/' {path}")
            }
            None => format!("{}: {new}", self.advice(environment)),
        }
    }
}

/// Whether the first number on the line of `place` that is `number` is the one that stands there.
fn is_first_of_line(place: &Place, number: u16) -> bool {
    let text = place.source.text.as_str();
    let (before, rest) = text.split_at_checked(place.span.start).unwrap_or_default();
    let before = before.rsplit('\n').next().unwrap_or_default();
    let rest = rest.lines().next().unwrap_or_default();
    !has_number(before, number) && has_number(rest, number) && !rest.contains("target")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{SourceFile, Span};

    fn place(text: &str, at: &str) -> Place {
        place_in("app.yml", text, at)
    }

    fn place_in(path: &str, text: &str, at: &str) -> Place {
        let source = SourceFile::new(path, text);
        let start = text.find(at).unwrap();
        Place::new(&source, Span::new(start, start + at.len()))
    }

    #[test]
    fn a_number_is_changed_where_it_stands_and_nowhere_else() {
        let repair = |text, at| Origin::File(place(text, at)).repair("dev", (80, 81));
        assert_eq!(
            repair("ports:\n- \"80:80\"\n", "\"80:80\""),
            "sed -i '2s/\\b80\\b/81/' app.yml"
        );
        let other = "write another port at app.yml:1:15: 81";
        assert_eq!(
            repair("{ a: \"80:1\", b: \"80:2\" }", "80:2"),
            "write another port at app.yml:1:18: 81"
        );
        assert_eq!(
            repair("ports: [a,    {target: 80, published: 80}]", "{target"),
            other
        );
    }

    #[test]
    fn a_path_is_one_word_of_the_command() {
        let port = place_in("my app.yml", "- \"80:1\"\n", "\"80:1");
        assert_eq!(
            Origin::File(port).repair("dev", (80, 81)),
            "sed -i '1s/\\b80\\b/81/' 'my app.yml'"
        );
    }

    #[test]
    fn a_variable_is_changed_where_it_is_set() {
        let variable = |layer, set| Origin::Variable {
            name: "WEB_PORT".to_owned(),
            layer,
            set,
            used: place("- ${WEB_PORT:-80}:1", "${"),
        };
        let file = variable(Some(Layer::EnvFile), Some(place("WEB_PORT=80\n", "WEB")));
        assert_eq!(file.advice("dev"), "set another `WEB_PORT` at app.yml:1:1");
        assert_eq!(
            file.repair("dev", (80, 81)),
            "sed -i '1s/\\b80\\b/81/' app.yml"
        );
        let process = variable(Some(Layer::Process), None);
        assert_eq!(process.repair("dev", (80, 81)), "export WEB_PORT=81");
        let default = variable(None, None);
        assert!(
            default
                .advice("dev")
                .contains("another default at app.yml:1:3")
        );
    }
}
