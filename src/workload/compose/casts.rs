//! Values of one kind: Compose casts them by path, whether they are quoted or come out of a variable.

use std::time::Duration;

use super::file::File;
use super::scalars::changed_by_compose;
use crate::diagnostic::nearest;
use crate::units;
use crate::yaml::decode::is_plain;
use crate::yaml::{Node, Value};

/// `true` or `false` in any case; `yes`, `no`, `on`, `off`, `y` and `n` with a warning.
pub(super) fn boolean(file: &mut File<'_>, node: &Node, path: &str) -> Option<bool> {
    let text = node.as_scalar().map(|scalar| scalar.text.to_lowercase());
    let value = match text.as_deref() {
        Some("y" | "yes" | "on") => true,
        Some("n" | "no" | "off") => false,
        _ => return file.decoder.boolean(node, path),
    };
    let message = format!("`{path}` is a word of YAML 1.1 for `{value}`");
    file.decoder.warning(node.span, message).help = Some(format!("write `{value}`"));
    Some(value)
}

/// A flag that is off when it is absent.
pub(super) fn flag(file: &mut File<'_>, node: &Node, path: &str) -> bool {
    boolean(file, node, path).unwrap_or_default()
}

/// A string proper; an unquoted number is a fault. Empty is the same as absent.
pub(super) fn string(file: &mut File<'_>, node: &Node, path: &str) -> Option<String> {
    file.decoder
        .string(node, path)
        .filter(|text| !text.is_empty())
}

/// A list of strings; a single one is a fault, as in Compose, and so is an unquoted number.
pub(super) fn list(file: &mut File<'_>, node: &Node, path: &str) -> Vec<String> {
    let items = items(file, node, path).iter();
    items
        .filter_map(|item| file.decoder.string(item, path))
        .collect()
}

/// A list of strings and numbers, which keep their text.
pub(super) fn words(file: &mut File<'_>, node: &Node, path: &str) -> Vec<String> {
    let items = items(file, node, path).iter();
    items
        .filter_map(|item| verbatim(file, item, path))
        .collect()
}

fn items<'n>(file: &mut File<'_>, node: &'n Node, path: &str) -> &'n [Node] {
    if let Value::Sequence(items) = &node.value {
        return items;
    }
    let fault = file.decoder.wrong_type(node, path, "a list");
    if let Value::Scalar(scalar) = &node.value {
        fault.help = Some(format!("write [{}]", scalar.text));
    }
    &[]
}

/// One string or a list of strings.
pub(super) fn strings(file: &mut File<'_>, node: &Node, path: &str) -> Vec<String> {
    match &node.value {
        Value::Sequence(_) => list(file, node, path),
        _ => file.decoder.string(node, path).into_iter().collect(),
    }
}

/// A whole number from `low` on.
pub(super) fn integer(file: &mut File<'_>, node: &Node, path: &str, low: i64) -> Option<i64> {
    file.decoder.integer(node, path, low..=i64::MAX)
}

/// A size such as `64m`, in bytes; a bare number counts bytes.
pub(super) fn bytes(file: &mut File<'_>, node: &Node, path: &str) -> Option<i64> {
    parsed(file, node, path, units::bytes)
}

/// A duration such as `1m30s`; a number without a unit is a fault, as in Compose.
pub(super) fn duration(file: &mut File<'_>, node: &Node, path: &str) -> Option<Duration> {
    let duration = parsed(file, node, path, units::duration);
    if duration.is_some() && node.kind() == "a number" {
        let message = format!("`{path}` must be a string, this is a number");
        file.fault(node.span, message, "write it with a unit, such as `0s`");
    }
    duration
}

/// What `parse` makes of the text; its reason is told at the path.
pub(super) fn parsed<T>(
    file: &mut File<'_>,
    node: &Node,
    path: &str,
    parse: fn(&str) -> Result<T, String>,
) -> Option<T> {
    let text = file.decoder.text(node, path)?;
    parse(&text)
        .map_err(|reason| {
            file.decoder.error(node.span, format!("`{path}`: {reason}"));
        })
        .ok()
}

/// One of the words in `known`.
pub(super) fn one_of(
    file: &mut File<'_>,
    node: &Node,
    path: &str,
    known: &[&str],
) -> Option<String> {
    let text = string(file, node, path)?;
    if known.contains(&text.as_str()) {
        return Some(text);
    }
    let help = match nearest(&text, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("write one of: {}", known.join(", ")),
    };
    file.fault(node.span, format!("`{path}` is `{text}`"), help);
    None
}

/// A number of CPUs such as `0.5`, in billionths of a CPU.
pub(super) fn nano_cpus(file: &mut File<'_>, node: &Node, path: &str) -> Option<i64> {
    let text = file.decoder.text(node, path)?;
    let cpus: Option<f64> = text.trim().parse().ok();
    match cpus {
        Some(cpus) if cpus.is_finite() && (0.0..=1_000_000.0).contains(&cpus) =>
        {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "the range above keeps it far below the limits of i64"
            )]
            Some((cpus * 1e9).round() as i64)
        }
        _ => {
            let message = format!("`{path}` is no number of CPUs: `{text}`");
            file.fault(node.span, message, "write a number such as `0.5`");
            None
        }
    }
}

/// A file mode. Quoted it is octal; unquoted it follows YAML: octal with a leading `0` or `0o`.
pub(super) fn mode(file: &mut File<'_>, node: &Node, path: &str) -> Option<u32> {
    let text = file.decoder.text(node, path)?;
    let octal = text.strip_prefix("0o").or_else(|| text.strip_prefix('0'));
    let parsed = match octal {
        Some("") => Ok(0),
        Some(digits) => u32::from_str_radix(digits, 8),
        None if is_plain(node) => text.parse(),
        None => u32::from_str_radix(&text, 8),
    };
    let Some(mode) = parsed.ok().filter(|mode| *mode <= 0o7777) else {
        let message = format!("`{path}` is no file mode: `{text}`");
        file.fault(node.span, message, "write an octal number such as `0444`");
        return None;
    };
    if octal.is_none() && is_plain(node) && mode > 7 {
        let message = format!("`{path}` is decimal here: {text} is the mode 0{mode:o}");
        file.decoder.warning(node.span, message).help = Some(match u32::from_str_radix(&text, 8) {
            Ok(_) => format!("write `0{text}`"),
            Err(_) => format!("write `0{mode:o}`"),
        });
    }
    Some(mode)
}

/// Text to pass on as it is written, with a warning where Compose would change it.
pub(super) fn verbatim(file: &mut File<'_>, node: &Node, path: &str) -> Option<String> {
    let text = file.decoder.text(node, path)?;
    if is_plain(node)
        && let Some(changed) = changed_by_compose(&text)
    {
        let message = format!("`{path}` is passed on as `{text}`; Compose makes it `{changed}`");
        let help = format!("put it in quotes: \"{text}\"");
        file.decoder.warning(node.span, message).help = Some(help);
    }
    Some(text)
}
