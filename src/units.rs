//! Durations and byte sizes as Compose files write them; knows nothing of which key holds one.
//!
//! Durations follow [Go's grammar](https://pkg.go.dev/time#ParseDuration), sizes follow
//! [`RAMInBytes`](https://pkg.go.dev/github.com/docker/go-units#RAMInBytes), as Compose does.

use std::time::Duration;

#[cfg(test)]
mod tests;

const NANOSECOND: u64 = 1;
const MICROSECOND: u64 = 1_000 * NANOSECOND;
const MILLISECOND: u64 = 1_000 * MICROSECOND;
const SECOND: u64 = 1_000 * MILLISECOND;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;

/// A duration such as `60s`, `1m30s`, `1.5h` or `0`: units `ns us ms s m h`.
///
/// # Errors
/// A sentence that says what is wrong and what to write, for instance
/// "`10` is not a duration: it has no unit; write `10s`".
pub fn duration(text: &str) -> Result<Duration, String> {
    let fault = |why: &str| Err(format!("`{text}` is not a duration: {why}"));
    if text.starts_with('-') {
        return fault("it is negative");
    }
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest == "0" {
        return Ok(Duration::ZERO);
    }
    if rest.is_empty() {
        return fault("it is empty; write for instance `60s`");
    }
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let (number, after) = split_at_first(rest, |c| !is_numeric(c));
        let (unit, after) = split_at_first(after, is_numeric);
        let Some(number) = Decimal::parse(number) else {
            return fault("write for instance `60s` or `1m30s`");
        };
        if unit.is_empty() {
            return fault(&format!("it has no unit; write `{text}s`"));
        }
        let Some(nanoseconds) = nanoseconds_of(unit) else {
            return fault(&format!(
                "unknown unit `{unit}`; units: ns, us, ms, s, m, h"
            ));
        };
        let sum = number
            .times(nanoseconds)
            .and_then(|part| total.checked_add(Duration::from_nanos(part)))
            .filter(|sum| sum.as_nanos() <= i64::MAX as u128);
        let Some(sum) = sum else {
            return fault("it is longer than 292 years");
        };
        total = sum;
        rest = after;
    }
    Ok(total)
}

/// A size in bytes such as `512`, `64m`, `1.5g`, `256MB`, `512Mi` or `1 GiB`; units are powers of 1024.
///
/// # Errors
/// A sentence that says what is wrong and what to write.
pub fn bytes(text: &str) -> Result<i64, String> {
    let fault = |why: &str| Err(format!("`{text}` is not a size in bytes: {why}"));
    let (number, suffix) = split_at_first(text, |c| !is_numeric(c));
    let suffix = suffix.strip_prefix(' ').unwrap_or(suffix);
    let Some(number) = Decimal::parse(number) else {
        return fault("write for instance `64m` or `1.5g`");
    };
    let Some(unit) = bytes_of(suffix) else {
        return fault(&format!("unknown unit `{suffix}`; units: b, k, m, g, t, p"));
    };
    match number.times(unit).map(i64::try_from) {
        Some(Ok(bytes)) => Ok(bytes),
        _ => fault("it is too large"),
    }
}

fn nanoseconds_of(unit: &str) -> Option<u64> {
    Some(match unit {
        "ns" => NANOSECOND,
        // The two signs for micro that Go takes: U+00B5 and U+03BC.
        "us" | "µs" | "μs" => MICROSECOND,
        "ms" => MILLISECOND,
        "s" => SECOND,
        "m" => MINUTE,
        "h" => HOUR,
        _ => return None,
    })
}

/// `count` bytes with a binary unit, for people: `1.5 GiB`.
#[must_use]
pub fn bytes_text(count: u64) -> String {
    let units = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if count < 1024 {
        return format!("{count} bytes");
    }
    let (mut tenths, mut unit) = (u128::from(count) * 10, "bytes");
    for next in units {
        if tenths < 10 * 1024 {
            break;
        }
        tenths /= 1024;
        unit = next;
    }
    format!("{}.{} {unit}", tenths / 10, tenths % 10)
}

fn bytes_of(suffix: &str) -> Option<u64> {
    let suffix = suffix.to_ascii_lowercase();
    let power = match suffix.as_str() {
        "" | "b" => 0,
        "k" | "kb" | "ki" | "kib" => 1,
        "m" | "mb" | "mi" | "mib" => 2,
        "g" | "gb" | "gi" | "gib" => 3,
        "t" | "tb" | "ti" | "tib" => 4,
        "p" | "pb" | "pi" | "pib" => 5,
        _ => return None,
    };
    Some(1024_u64.pow(power))
}

fn is_numeric(c: char) -> bool {
    c.is_ascii_digit() || c == '.'
}

fn split_at_first(text: &str, is_end: impl Fn(char) -> bool) -> (&str, &str) {
    let at = text.find(is_end).unwrap_or(text.len());
    text.split_at_checked(at).unwrap_or((text, ""))
}

/// Digits with an optional fraction, kept exactly: `0.1` of a gigabyte is not a matter of floats.
struct Decimal {
    whole: u64,
    fraction: u64,
    /// 10 to the number of digits in `fraction`.
    scale: u64,
}

impl Decimal {
    /// Digits of a fraction that are kept; further ones are below a billionth of the unit.
    const FRACTION_DIGITS: usize = 18;

    fn parse(text: &str) -> Option<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if !is_digits(whole) || !is_digits(fraction) || (whole.len() + fraction.len()) == 0 {
            return None;
        }
        let digits = |part: &str| match part {
            "" => 0,
            // More digits than a number holds count as the largest one, which is too large later.
            _ => part.parse().unwrap_or(u64::MAX),
        };
        let kept: String = fraction.chars().take(Self::FRACTION_DIGITS).collect();
        Some(Self {
            whole: digits(whole),
            fraction: digits(&kept),
            scale: kept.bytes().fold(1, |scale, _| scale * 10),
        })
    }

    /// The product with `unit`, rounded down; `None` when it does not fit.
    fn times(&self, unit: u64) -> Option<u64> {
        let fraction = u128::from(self.fraction) * u128::from(unit) / u128::from(self.scale);
        let product = u128::from(self.whole) * u128::from(unit) + fraction;
        u64::try_from(product).ok()
    }
}
