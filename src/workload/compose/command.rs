//! `command` and `entrypoint`.

use super::file::File;
use super::shell;
use crate::yaml::{Node, Value};

/// The words of a command: null keeps the image's, an empty string or list clears it.
pub(super) fn read(file: &mut File<'_>, node: &Node, path: &str) -> Option<Vec<String>> {
    match &node.value {
        Value::Sequence(items) => Some(
            items
                .iter()
                .filter_map(|item| file.decoder.string(item, path))
                .collect(),
        ),
        Value::Scalar(_) => from_string(file, node, path),
        Value::Mapping(_) => {
            let what = "a string or a list of strings";
            file.decoder.wrong_type(node, path, what);
            None
        }
    }
}

fn from_string(file: &mut File<'_>, node: &Node, path: &str) -> Option<Vec<String>> {
    let text = file.decoder.string(node, path)?;
    let words = match shell::split(&text) {
        Ok(words) => words,
        Err(reason) => {
            let message = format!("`{path}` does not split into words: {reason}");
            file.fault(
                node.span,
                message,
                "write a list of words: [program, argument, …]",
            );
            return None;
        }
    };
    if let Some(operator) = words.operator {
        let message = format!("`{operator}` in `{path}` is an ordinary word: no shell reads it");
        let help = "write [sh, -c, \"…\"] for a shell; quote the character to keep it as it is";
        file.decoder.warning(node.span, message).help = Some(help.to_owned());
    }
    Some(words.words)
}

#[cfg(test)]
mod tests;
