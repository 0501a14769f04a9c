//! What the next migration is called. Pure.

use jiff::Timestamp;

use super::Version;

/// The first version of a folder without any.
const FIRST: &str = "001";
/// Most bytes of a name: version and ending have to fit into the 255 of a file name too.
const MOST_BYTES: usize = 180;

/// Why a name cannot be that of a migration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    #[error("a migration needs a name with a letter or a digit in it")]
    Empty,
    #[error("`{0}` cannot stand in the name of a migration: it takes letters, digits and `_`")]
    Character(char),
    #[error("the name has {0} bytes; at most {MOST_BYTES} fit into a file name")]
    TooLong(usize),
}

/// `name` as it stands in a file name: in lower case, spaces and dashes as `_`.
///
/// # Errors
/// A [`NameError`] when nothing is left, or it holds what has another meaning in a file name.
pub fn normalise(name: &str) -> Result<String, NameError> {
    let mut normalised = String::with_capacity(name.len());
    for character in name.chars() {
        match character {
            c if c.is_alphanumeric() => normalised.extend(c.to_lowercase()),
            c if c.is_whitespace() || matches!(c, '-' | '_') => {
                if !normalised.ends_with('_') {
                    normalised.push('_');
                }
            }
            other => return Err(NameError::Character(other)),
        }
    }
    let normalised = normalised.trim_matches('_');
    match normalised.len() {
        0 => Err(NameError::Empty),
        bytes if bytes > MOST_BYTES => Err(NameError::TooLong(bytes)),
        _ => Ok(normalised.to_owned()),
    }
}

/// The version after all of `existing`, in the style of the newest: a number with as many digits,
/// or the time `now` in UTC where the newest is a time.
pub fn next_version<'a>(existing: impl IntoIterator<Item = &'a Version>, now: Timestamp) -> String {
    let Some(newest) = existing.into_iter().max() else {
        return FIRST.to_owned();
    };
    let following = successor(newest.as_str());
    let Some(format) = time_format(newest.as_str()) else {
        return following;
    };
    let time = now.strftime(format).to_string();
    match Version::parse(&time) {
        Some(version) if version > *newest => time,
        // Two in one second, or a clock behind the one of a colleague.
        _ => following,
    }
}

/// How a version is written that is a time: of 14 digits with seconds, of 12 with minutes.
fn time_format(version: &str) -> Option<&'static str> {
    let format = match version.len() {
        14 => "%Y%m%d%H%M%S",
        12 => "%Y%m%d%H%M",
        _ => return None,
    };
    jiff::civil::DateTime::strptime(format, version).ok()?;
    let is_of_our_time = version.starts_with("19") || version.starts_with("20");
    is_of_our_time.then_some(format)
}

/// The number after a number of any length, with as many digits.
fn successor(number: &str) -> String {
    let kept = number.trim_end_matches('9');
    let nines = number.len() - kept.len();
    let zeros = "0".repeat(nines);
    let mut digits: Vec<char> = kept.chars().collect();
    match digits.pop().and_then(|digit| digit.to_digit(10)) {
        None => format!("1{zeros}"),
        Some(digit) => {
            let kept: String = digits.into_iter().collect();
            format!("{kept}{}{zeros}", digit + 1)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(existing: &[&str]) -> String {
        let versions: Vec<_> = existing.iter().filter_map(|v| Version::parse(v)).collect();
        next_version(&versions, "2026-03-04T05:06:07Z".parse().unwrap())
    }

    #[test]
    fn a_sequence_goes_on_with_as_many_digits() {
        assert_eq!(next(&[]), "001");
        assert_eq!(next(&["001", "002"]), "003");
        assert_eq!(next(&["2", "10"]), "11");
        assert_eq!(next(&["0009"]), "0010");
        assert_eq!(next(&["999"]), "1000");
        let large = "99999999999999999999999999";
        assert_eq!(next(&[large]), format!("1{}", "0".repeat(26)));
    }

    #[test]
    fn a_time_is_followed_by_a_time_that_is_later_than_it() {
        assert_eq!(next(&["001", "20250101120000"]), "20260304050607");
        assert_eq!(next(&["202501011200"]), "202603040506");
        assert_eq!(next(&["20260304050607"]), "20260304050608");
        assert_eq!(next(&["20991231235959"]), "20991231235960");
        assert_eq!(next(&["20259901120000"]), "20259901120001");
    }

    #[test]
    fn a_name_becomes_lower_case_with_underscores() {
        assert_eq!(normalise("Add users-table").unwrap(), "add_users_table");
        assert_eq!(normalise("  --Größe  ändern ").unwrap(), "größe_ändern");
        assert_eq!(normalise("v2").unwrap(), "v2");
    }

    #[test]
    fn a_name_that_cannot_be_one_is_refused() {
        assert_eq!(normalise(""), Err(NameError::Empty));
        assert_eq!(normalise(" _-"), Err(NameError::Empty));
        assert_eq!(normalise("a.sql"), Err(NameError::Character('.')));
        assert_eq!(normalise("../a"), Err(NameError::Character('.')));
        assert_eq!(normalise("a/b"), Err(NameError::Character('/')));
        assert_eq!(normalise(&"a".repeat(181)), Err(NameError::TooLong(181)));
    }
}
