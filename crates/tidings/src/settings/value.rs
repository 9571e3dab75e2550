//! How values are written: spans of time, sizes, addresses, networks. Each reader says what it expects.

use ipnet::IpNet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

/// What a reader gives: the value, or what was expected instead.
pub(super) type Read<T> = Result<T, String>;

const DURATION_EXPECTED: &str = "a span of time with its unit, such as 30s, 60min, 12h or 90d";
const SIZE_EXPECTED: &str = "a size such as 500MB, 128MiB, 2GiB or 0";

/// The longest span of time that a setting may have: a hundred years.
const DURATION_MAX_SECONDS: u64 = 100 * 365 * 86_400;

/// A place to listen at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listen {
    /// One address.
    At(SocketAddr),
    /// Every address of the machine: `[::]`, which takes IPv4 along, or `0.0.0.0` where there is no IPv6.
    Everywhere(u16),
}

impl std::fmt::Display for Listen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::At(address) => address.fmt(f),
            Self::Everywhere(port) => port.fmt(f),
        }
    }
}

/// `true` or `false`, and what people write for them.
pub(super) fn boolean(text: &str) -> Read<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Ok(true),
        "false" | "no" | "off" | "0" => Ok(false),
        _ => Err("true or false".to_owned()),
    }
}

/// A whole number in a range.
pub(super) fn number<T>(text: &str, min: T, max: T) -> Read<T>
where
    T: std::str::FromStr + PartialOrd + std::fmt::Display,
{
    let number = text.parse().ok().filter(|number| (&min..=&max).contains(&number));
    number.ok_or_else(|| format!("a whole number from {min} to {max}"))
}

/// A span of time: a number with at most six decimals, and `s`, `min` (or `m`), `h` or `d`.
pub(super) fn duration(text: &str) -> Read<Duration> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(end).unwrap_or((text, ""));
    let seconds_each = match unit.trim_start() {
        "s" => 1,
        "m" | "min" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return Err(DURATION_EXPECTED.to_owned()),
    };
    let millionths = millionths(number).ok_or_else(|| DURATION_EXPECTED.to_owned())?;
    match millionths.checked_mul(seconds_each) {
        Some(micros) if micros <= DURATION_MAX_SECONDS * 1_000_000 => Ok(Duration::from_micros(micros)),
        _ => Err("at most a hundred years".to_owned()),
    }
}

/// Reads a number with at most six decimals, as in `90` or `0.5`, in millionths.
fn millionths(number: &str) -> Option<u64> {
    let (whole, decimals) = number.split_once('.').unwrap_or((number, "0"));
    if whole.is_empty() || decimals.is_empty() || decimals.len() > 6 {
        return None;
    }
    let whole: u64 = whole.parse().ok()?;
    let decimals: u64 = format!("{decimals:0<6}").parse().ok()?;
    whole.checked_mul(1_000_000)?.checked_add(decimals)
}

/// A span of time that is not zero.
pub(super) fn some_duration(text: &str) -> Read<Duration> {
    duration(text).and_then(|span| if span.is_zero() { Err("more than no time".to_owned()) } else { Ok(span) })
}

/// A number of bytes: a whole number and nothing, `B`, `kB`, `MB`, `GB`, `TB` (by 1000) or `KiB`, `MiB`, `GiB`, `TiB` (by 1024).
pub(super) fn size(text: &str) -> Read<u64> {
    let (digits, unit) = split_unit(text);
    let number: u64 = digits.parse().map_err(|_| SIZE_EXPECTED.to_owned())?;
    let bytes_each: u64 = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "tb" => 1_000_000_000_000,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        "tib" => 1 << 40,
        _ => return Err(SIZE_EXPECTED.to_owned()),
    };
    let bytes = number.checked_mul(bytes_each).filter(|bytes| i64::try_from(*bytes).is_ok());
    bytes.ok_or_else(|| "a size that fits on a disk".to_owned())
}

fn split_unit(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at_checked(end).unwrap_or((text, ""));
    (digits, unit.trim_start())
}

/// An address with a port, or a port alone, which means all addresses of the machine.
pub(super) fn listen(text: &str) -> Read<Listen> {
    if let Ok(port) = text.parse::<u16>() {
        return Ok(Listen::Everywhere(port));
    }
    let named = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
    let expected = "an address with a port, such as 127.0.0.1:8080 or [::1]:8080, or a port alone";
    let address: SocketAddr = named.as_deref().unwrap_or(text).parse().map_err(|_| expected.to_owned())?;
    let everywhere = address.ip() == IpAddr::V6(Ipv6Addr::UNSPECIFIED);
    Ok(if everywhere { Listen::Everywhere(address.port()) } else { Listen::At(address) })
}

/// A network (`10.0.0.0/8`) or one address.
pub(super) fn network(text: &str) -> Read<IpNet> {
    let alone = text.parse::<IpAddr>().map(IpNet::from);
    alone.or_else(|_| text.parse::<IpNet>()).map_err(|_| "an address or a network, such as 10.0.0.0/8".to_owned())
}

/// The address that stands for all of IPv4.
pub(super) fn everywhere_v4(port: u16) -> SocketAddr {
    (Ipv4Addr::UNSPECIFIED, port).into()
}

/// The address that stands for all of IPv6, and of IPv4 on most systems.
pub(super) fn everywhere_v6(port: u16) -> SocketAddr {
    (Ipv6Addr::UNSPECIFIED, port).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_of_time() {
        for (text, seconds) in [
            ("30s", 30),
            ("60min", 3600),
            ("2m", 120),
            ("12h", 43_200),
            ("90d", 7_776_000),
            ("5 s", 5),
            ("1.5h", 5400),
            ("0.5min", 30),
        ] {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in [
            "",
            "60",
            "s",
            "-1s",
            ".5h",
            "1.h",
            "1.5.5h",
            "1.2345678s",
            "1y",
            "99999999999999999999s",
            "18446744073709551615d",
            "36501d",
            "１s",
        ] {
            assert!(duration(text).is_err(), "{text}");
        }
        assert!(some_duration("0s").is_err());
    }

    #[test]
    fn sizes() {
        for (text, bytes) in
            [("0", 0), ("5", 5), ("1kB", 1000), ("2GiB", 2 << 30), ("128 MiB", 128 << 20), ("3tb", 3_000_000_000_000)]
        {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for text in ["", "GiB", "1.5GiB", "-1", "1 XB", "99999999TiB", "9223372036854775808"] {
            assert!(size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn places_to_listen() {
        assert_eq!(listen("8080"), Ok(Listen::Everywhere(8080)));
        assert_eq!(listen("[::]:8080"), Ok(Listen::Everywhere(8080)));
        assert_eq!(listen("127.0.0.1:0").map(|l| l.to_string()), Ok("127.0.0.1:0".to_owned()));
        assert_eq!(listen("localhost:80").map(|l| l.to_string()), Ok("127.0.0.1:80".to_owned()));
        for text in ["", "127.0.0.1", "example.org:80", ":80", "65536", "[::1]"] {
            assert!(listen(text).is_err(), "{text}");
        }
    }

    #[test]
    fn networks() {
        for text in ["10.0.0.0/8", "192.0.2.1", "2001:db8::/32", "::1"] {
            assert!(network(text).is_ok(), "{text}");
        }
        for text in ["", "10.0.0.0/33", "all"] {
            assert!(network(text).is_err(), "{text}");
        }
    }
}
