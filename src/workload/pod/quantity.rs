//! Quantities such as `250m` and `64Mi`
//! (<https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/>).

/// A quantity, exact to a thousandth of a unit and rounded up beyond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Quantity {
    milli: i128,
}

/// Longest number; a longer one is beyond every unit anyway.
const MOST_DIGITS: usize = 30;

impl Quantity {
    pub const ONE: Self = Self { milli: 1000 };

    /// # Errors
    /// A sentence that says what is wrong and what to write.
    pub fn parse(text: &str) -> Result<Self, String> {
        let fault = |why: &str| Err(format!("`{text}` is not a quantity: {why}"));
        let unsigned = text.strip_prefix('+').unwrap_or(text);
        if unsigned.starts_with('-') {
            return fault("it is negative");
        }
        let end = unsigned.find(|c: char| !c.is_ascii_digit() && c != '.');
        let (number, suffix) = unsigned.split_at(end.unwrap_or(unsigned.len()));
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let digits = format!("{whole}{fraction}");
        if digits.is_empty() || fraction.contains('.') {
            return fault("write for instance `500m`, `0.5` or `64Mi`");
        }
        if digits.len() > MOST_DIGITS {
            return fault("it is too long");
        }
        let Some((factor, divisor)) = scale(suffix) else {
            let known = "m, k, M, G, T, P, E, Ki, Mi, Gi, Ti, Pi, Ei";
            return fault(&format!("unknown suffix `{suffix}`; suffixes: {known}"));
        };
        let decimals = fraction
            .bytes()
            .try_fold(1_i128, |all, _| all.checked_mul(10));
        let product = digits
            .parse::<i128>()
            .ok()
            .and_then(|number| number.checked_mul(factor));
        let divisor = decimals.and_then(|decimals| decimals.checked_mul(divisor));
        match (product, divisor) {
            (Some(product), Some(divisor)) if product / divisor <= MOST => Ok(Self {
                milli: ceiling(product, divisor),
            }),
            _ => fault("it is too large"),
        }
    }

    /// In whole units, rounded up.
    pub fn units(self) -> i64 {
        i64::try_from(ceiling(self.milli, 1000)).unwrap_or(i64::MAX)
    }

    /// In billionths of a unit.
    pub fn nano(self) -> i64 {
        i64::try_from(self.milli * 1_000_000).unwrap_or(i64::MAX)
    }

    /// How many times `divisor` it is, rounded up.
    pub fn divided(self, divisor: Self) -> i64 {
        let divisor = if divisor.milli == 0 {
            Self::ONE
        } else {
            divisor
        };
        i64::try_from(ceiling(self.milli, divisor.milli)).unwrap_or(i64::MAX)
    }
}

/// Thousandths of the largest unit that an engine takes.
const MOST: i128 = i64::MAX as i128 * 1000;

fn ceiling(number: i128, divisor: i128) -> i128 {
    number / divisor + i128::from(number % divisor > 0)
}

/// Thousandths that one of the unit is, as a fraction.
fn scale(suffix: &str) -> Option<(i128, i128)> {
    let decimal = |power: u32| Some((10_i128.pow(power + 3), 1));
    let binary = |power: u32| Some((1000 * 1024_i128.pow(power), 1));
    match suffix {
        "n" => Some((1, 1_000_000)),
        "u" => Some((1, 1000)),
        "m" => Some((1, 1)),
        "" => decimal(0),
        "k" => decimal(3),
        "M" => decimal(6),
        "G" => decimal(9),
        "T" => decimal(12),
        "P" => decimal(15),
        "E" => decimal(18),
        "Ki" => binary(1),
        "Mi" => binary(2),
        "Gi" => binary(3),
        "Ti" => binary(4),
        "Pi" => binary(5),
        "Ei" => binary(6),
        _ => exponent(suffix),
    }
}

/// `e3`, `E-2`
fn exponent(suffix: &str) -> Option<(i128, i128)> {
    let power: i32 = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
    let ten = |power: u32| 10_i128.checked_pow(power);
    match u32::try_from(power) {
        Ok(power) if power <= 18 => Some((ten(power + 3)?, 1)),
        Err(_) if power >= -18 => Some((1000, ten(power.unsigned_abs())?)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn units(text: &str) -> i64 {
        Quantity::parse(text).unwrap().units()
    }

    #[test]
    fn decimal_and_binary_suffixes_are_powers_of_ten_and_of_two() {
        assert_eq!(units("128974848"), 128_974_848);
        assert_eq!(units("129e6"), 129_000_000);
        assert_eq!(units("129M"), 129_000_000);
        assert_eq!(units("123Mi"), 128_974_848);
        assert_eq!(units("1.5Gi"), 1_610_612_736);
        assert_eq!(units("64k"), 64_000);
        assert_eq!(units("0"), 0);
    }

    #[test]
    fn parts_of_a_unit_are_exact_for_processors_and_rounded_up_for_bytes() {
        assert_eq!(Quantity::parse("250m").unwrap().nano(), 250_000_000);
        assert_eq!(Quantity::parse("0.1").unwrap().nano(), 100_000_000);
        assert_eq!(Quantity::parse(".5").unwrap().nano(), 500_000_000);
        assert_eq!(Quantity::parse("2").unwrap().nano(), 2_000_000_000);
        assert_eq!(units("100m"), 1);
    }

    #[test]
    fn a_divisor_rounds_up() {
        let of = |text: &str, divisor: &str| {
            let divisor = Quantity::parse(divisor).unwrap();
            Quantity::parse(text).unwrap().divided(divisor)
        };
        assert_eq!(of("250m", "1"), 1);
        assert_eq!(of("250m", "1m"), 250);
        assert_eq!(of("64Mi", "1Mi"), 64);
        assert_eq!(of("65Mi", "0"), 68_157_440);
    }

    #[test]
    fn a_fault_says_what_to_write() {
        let fault = |text: &str| Quantity::parse(text).unwrap_err();
        assert_eq!(
            fault("64MB"),
            "`64MB` is not a quantity: unknown suffix `MB`; suffixes: m, k, M, G, T, P, E, Ki, Mi, Gi, Ti, Pi, Ei"
        );
        assert_eq!(fault("-1"), "`-1` is not a quantity: it is negative");
        for text in ["", "Mi", "1.2.3", "one"] {
            assert!(fault(text).contains("write for instance"), "{text}");
        }
        for text in ["99999999E", "9e99", &"9".repeat(31)] {
            assert!(Quantity::parse(text).is_err(), "{text}");
        }
    }
}
