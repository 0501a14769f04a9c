//! What Compose makes of an unquoted value where it wants text. poststack keeps the text as it is
//! written; where Compose does not, a warning says so.
//!
//! Compose decodes YAML with Go's yaml.v3 and prints the result, so `0755` becomes `493`.

/// What Compose would pass on for the plain scalar `text`, when that is not `text` itself.
pub(super) fn changed_by_compose(text: &str) -> Option<String> {
    let changed = boolean(text)
        .or_else(|| integer(text))
        .or_else(|| float(text))
        .or_else(|| timestamp(text))?;
    (changed != text).then_some(changed)
}

fn boolean(text: &str) -> Option<String> {
    matches!(text, "True" | "TRUE" | "False" | "FALSE").then(|| text.to_lowercase())
}

fn integer(text: &str) -> Option<String> {
    let plain = text.replace('_', "");
    let (negative, digits) = match plain.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, plain.strip_prefix('+').unwrap_or(&plain)),
    };
    let first = text.trim_start_matches(['-', '+']).chars().next()?;
    if !first.is_ascii_digit() {
        return None;
    }
    let bases = [
        ("0x", 16),
        ("0X", 16),
        ("0o", 8),
        ("0O", 8),
        ("0b", 2),
        ("0B", 2),
    ];
    let prefixed = bases
        .into_iter()
        .find_map(|(prefix, base)| Some((digits.strip_prefix(prefix)?, base)));
    let (digits, base) = match prefixed {
        Some(found) => found,
        None if digits.len() > 1 && digits.starts_with('0') => (digits, 8),
        None => (digits, 10),
    };
    if digits.starts_with(['+', '-']) {
        return None;
    }
    let number = i128::from(u64::from_str_radix(digits, base).ok()?);
    Some(if negative { -number } else { number }.to_string())
}

fn float(text: &str) -> Option<String> {
    let plain = text.replace('_', "");
    let unsigned = plain.trim_start_matches(['-', '+']);
    let number_like = text
        .starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.'))
        && unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && unsigned.contains(|c: char| c.is_ascii_digit())
        && unsigned
            .chars()
            .all(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-'));
    if !number_like {
        return None;
    }
    plain.parse::<f64>().ok().map(as_go_prints)
}

/// Go's `%v` of a float: the shortest digits, with an exponent below 1e-4 and from 1e+06 on.
fn as_go_prints(number: f64) -> String {
    let scientific = format!("{number:e}");
    let Some((mantissa, exponent)) = scientific.split_once('e') else {
        return scientific;
    };
    let Ok(power) = exponent.parse::<i32>() else {
        return scientific;
    };
    if (-4..6).contains(&power) {
        return number.to_string();
    }
    let sign = if power < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", power.abs())
}

/// `2024-01-01`, with or without a time of day.
fn timestamp(text: &str) -> Option<String> {
    let (date, time) = match text.split_once(['T', 't', ' ']) {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let mut parts = date.split('-');
    let mut number = |digits: std::ops::RangeInclusive<usize>| {
        let part = parts.next()?;
        let fits = digits.contains(&part.len()) && part.chars().all(|c| c.is_ascii_digit());
        fits.then_some(())
    };
    number(4..=4)?;
    number(1..=2)?;
    number(1..=2)?;
    if parts.next().is_some() {
        return None;
    }
    match time {
        None => Some(format!("{date} 00:00:00 +0000 UTC")),
        Some(time) if time.starts_with(|c: char| c.is_ascii_digit()) && time.contains(':') => {
            Some(format!("{date} {} +0000 UTC", time.trim_end_matches('Z')))
        }
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::changed_by_compose;

    #[test]
    fn what_compose_changes_is_known() {
        for (text, changed) in [
            ("True", "true"),
            ("0755", "493"),
            ("007", "7"),
            ("08", "8"),
            ("0o17", "15"),
            ("0x1F", "31"),
            ("0b11", "3"),
            ("1_000", "1000"),
            ("1.10", "1.1"),
            ("1.0", "1"),
            ("1e21", "1e+21"),
            ("100000000.0", "1e+08"),
            ("+5", "5"),
            ("2024-01-01", "2024-01-01 00:00:00 +0000 UTC"),
        ] {
            assert_eq!(changed_by_compose(text).as_deref(), Some(changed), "{text}");
        }
    }

    #[test]
    fn what_compose_keeps_is_left_in_peace() {
        for text in [
            "yes",
            "on",
            "off",
            "No",
            "y",
            "22:22",
            "true",
            "5",
            "-5",
            "1.5",
            "0",
            "0.0001",
            "a_b",
            "_",
            "-",
            "+",
            ".",
            "e",
            "1.2.3",
            "192.168.0.1",
            "v1",
            "é",
            "",
            "2024-01",
            "1-2-3-4",
        ] {
            assert_eq!(changed_by_compose(text), None, "{text}");
        }
    }
}
