//! Answers → the places that a template leaves open: `@project@` and the like.
//!
//! A value can never change what a file means: names of projects and environments hold letters,
//! digits, `_` and `-` alone and stand for themselves; everything else, and whatever stands alone
//! as a YAML scalar, is taken as `@….yaml@`, quoted where YAML needs it.

use super::answers::Answers;
use crate::config::SHIPPED_VERSION;
use crate::template::scalar;

/// Where poststack itself can be installed from.
const REPOSITORY: &str = env!("CARGO_PKG_REPOSITORY");

/// The project of poststack's own images.
const SHIPPED: &str = "poststack";

/// The open places of templates with what comes there.
pub(super) struct Values(Vec<(&'static str, String)>);

impl Values {
    /// `has_database_image`: whether the project makes the image of its database itself.
    pub fn new(answers: &Answers, has_database_image: bool) -> Self {
        let project = answers.project.as_str();
        let environment = answers.environment.as_str();
        let images = if has_database_image { project } else { SHIPPED };
        let database_image = format!("{images}/postgres:{SHIPPED_VERSION}");
        let web_port = answers.web_port();
        let mut others = (answers.port..=u16::MAX)
            .chain((1..answers.port).rev())
            .skip(1);
        let next_port = others.find(|port| *port != web_port).unwrap_or_default();
        Self(vec![
            ("@project@", project.to_owned()),
            ("@project.yaml@", scalar(project)),
            ("@description.yaml@", scalar(&answers.description)),
            ("@environment@", environment.to_owned()),
            ("@environment.yaml@", scalar(environment)),
            ("@database_image@", database_image),
            ("@database.yaml@", scalar(&answers.database)),
            ("@user.yaml@", scalar(&answers.user)),
            ("@port@", answers.port.to_string()),
            ("@next_port@", next_port.to_string()),
            ("@web_port@", web_port.to_string()),
            ("@repository@", REPOSITORY.to_owned()),
            ("@version@", env!("CARGO_PKG_VERSION").to_owned()),
        ])
    }

    /// `text` with every open place filled, in one pass: what comes from an answer is not looked at
    /// again.
    pub fn fill(&self, text: &str) -> String {
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, from)) = rest.split_once('@') {
            filled.push_str(before);
            let place = self.0.iter().find_map(|(place, value)| {
                let after = from.strip_prefix(place.strip_prefix('@')?)?;
                Some((value, after))
            });
            match place {
                Some((value, after)) => {
                    filled.push_str(value);
                    rest = after;
                }
                None => {
                    filled.push('@');
                    rest = from;
                }
            }
        }
        filled.push_str(rest);
        filled
    }
}
