//! Numbers as JavaScript writes them (ECMA-262, Number::toString; wire/denetwork.md, section 5, rule 4).

use std::fmt::Write as _;

/// Digits of a whole number that JavaScript keeps for certain.
const EXACT_DIGITS: usize = 15;

/// Whether a JSON number is as `JSON.stringify` writes what `JSON.parse` makes of it.
pub(super) fn is_canonical(raw: &str) -> bool {
    plain(raw) || raw.parse().is_ok_and(|number| written(number) == raw)
}

/// A number as `JSON.stringify` writes it; for what is too large for JavaScript, something that JSON has not.
fn written(number: f64) -> String {
    let mut out = String::new();
    if number.is_finite() {
        write_number(number, &mut out);
    }
    out
}

/// Whole numbers that are sure to be written back as they are: nearly all that are sent.
fn plain(raw: &str) -> bool {
    let digits = raw.strip_prefix('-').unwrap_or(raw);
    digits.len() <= EXACT_DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit()) && raw != "-0"
}

fn write_number(number: f64, out: &mut String) {
    // The shortest digits that read back as the same number, as Rust and JavaScript both choose them: d.ddde-x.
    let shortest = format!("{number:e}");
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let unsigned = mantissa.strip_prefix('-').unwrap_or(mantissa);
    let digits: String = unsigned.chars().filter(char::is_ascii_digit).collect();
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if digits == "0" {
        out.push('0');
        return;
    }
    if number < 0.0 {
        out.push('-');
    }
    // The point stands behind so many digits.
    let point = exponent + 1;
    match usize::try_from(point) {
        Ok(point) if point >= digits.len() && point <= 21 => {
            out.push_str(&digits);
            out.extend(std::iter::repeat_n('0', point - digits.len()));
        }
        Ok(point @ 1..=21) => {
            let (whole, fraction) = digits.split_at_checked(point).unwrap_or((&digits, ""));
            let _ = write!(out, "{whole}.{fraction}");
        }
        _ if (-5..=0).contains(&point) => {
            out.push_str("0.");
            out.extend(std::iter::repeat_n('0', usize::try_from(-point).unwrap_or(0)));
            out.push_str(&digits);
        }
        _ => scientific(&digits, exponent, out),
    }
}

fn scientific(digits: &str, exponent: i32, out: &mut String) {
    let (first, fraction) = digits.split_at_checked(1).unwrap_or((digits, ""));
    let point = if fraction.is_empty() { "" } else { "." };
    let _ = write!(out, "{first}{point}{fraction}e{exponent:+}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(raw: &str) -> String {
        super::written(raw.parse().unwrap())
    }

    #[test]
    fn numbers_are_those_of_javascript() {
        // Each pair as a JavaScript engine gives it.
        for (raw, expected) in [
            ("0", "0"),
            ("-0", "0"),
            ("-0.0e5", "0"),
            ("1700000000000", "1700000000000"),
            ("1700000000000.0", "1700000000000"),
            ("1.7e12", "1700000000000"),
            ("-1.50", "-1.5"),
            ("1e21", "1e+21"),
            ("1E+21", "1e+21"),
            ("1e20", "100000000000000000000"),
            ("123456789012345680000", "123456789012345680000"),
            ("1234567890123456789012", "1.2345678901234568e+21"),
            ("9007199254740993", "9007199254740992"),
            ("0.000001", "0.000001"),
            ("0.0000001", "1e-7"),
            ("0.00000123", "0.00000123"),
            ("1.5e-7", "1.5e-7"),
            ("5e-324", "5e-324"),
            ("1.7976931348623157e308", "1.7976931348623157e+308"),
            ("1e400", ""),
            ("-1e400", ""),
            ("123.456", "123.456"),
            ("0.1", "0.1"),
            ("100", "100"),
            ("1e-400", "0"),
        ] {
            assert_eq!(written(raw), expected, "{raw}");
            assert_eq!(is_canonical(raw), raw == expected, "{raw}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back_the_same(number in proptest::num::f64::NORMAL) {
            let text = written(&format!("{number:e}"));
            prop_assert_eq!(text.parse::<f64>().unwrap().to_bits(), number.to_bits());
            prop_assert!(is_canonical(&text));
        }
    }
}
