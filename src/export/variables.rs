//! `env-vars`: the variables of the environment, as programs on this machine see them, for a shell
//! (<https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_02>).

use std::fmt::Write as _;

use super::Made;
use super::files::{File, Files};
use crate::diagnostic::Diagnostic;
use crate::environment::Prepared;
use crate::shell;
use crate::variables::Reader;
use crate::variables::grammar::is_name;

pub fn export(prepared: &Prepared, files: &mut Files<'_>) -> Made {
    let name = format!("{}.env", prepared.identity.environment);
    let mut text = format!(
        "# {} of poststack project {}, as programs on this machine see it.\n\
         # For a shell: set -a; . ./{name}; set +a\n",
        prepared.identity.environment, prepared.identity.project
    );
    for variable in prepared.variables.iter() {
        let value = variable.value(Reader::Host);
        if !is_name(&variable.name) {
            let message = format!(
                "`{}` is not in the export: no shell takes such a name",
                variable.name
            );
            let warning = Diagnostic::warning(message);
            files.diagnostics.push(match &variable.place {
                Some(place) => warning.at_place(place.clone()),
                None => warning,
            });
            continue;
        }
        let _ = writeln!(text, "{}={}", variable.name, shell::quoted(value));
    }
    Made {
        builds: Vec::new(),
        run: vec![format!("set -a; . ./{name}; set +a")],
        documents: vec![File::private(name, text)],
    }
}
