//! When a certificate begins and ends to be good: as much of X.509 (RFC 5280, section 4.1) as that takes.

use rustls_pki_types::CertificateDer;
use tidings_core::{Day, Timestamp};

const INTEGER: u8 = 0x02;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;

/// From when until when the certificate is good; `None` if that can't be read.
pub fn validity(certificate: &CertificateDer<'_>) -> Option<(Timestamp, Timestamp)> {
    let (outer, _) = element(certificate, SEQUENCE)?;
    let (rest, _) = element(outer, SEQUENCE)?;
    let rest = element(rest, VERSION).map_or(rest, |(_, rest)| rest);
    let (_, rest) = element(rest, INTEGER)?;
    let (_, rest) = element(rest, SEQUENCE)?;
    let (_, rest) = element(rest, SEQUENCE)?;
    let (times, _) = element(rest, SEQUENCE)?;
    let (from, rest) = time(times)?;
    let (until, _) = time(rest)?;
    Some((from, until))
}

/// The content of the element that `bytes` begins with, which must have this tag, and what follows it.
fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&found, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
        let length = digits
            .iter()
            .try_fold(0usize, |length, digit| length.checked_mul(256).map(|length| length | usize::from(*digit)));
        (length?, rest)
    };
    rest.split_at_checked(length).filter(|_| found == tag)
}

/// RFC 5280, section 4.1.2.5: always in UTC and with seconds; two-digit years lie between 1950 and 2049.
fn time(bytes: &[u8]) -> Option<(Timestamp, &[u8])> {
    let short = element(bytes, UTC_TIME);
    let (content, rest) = short.or_else(|| element(bytes, GENERALIZED_TIME))?;
    let digits = std::str::from_utf8(content).ok()?.strip_suffix('Z')?;
    let digits = match short {
        Some(_) if digits < "5" => format!("20{digits}"),
        Some(_) => format!("19{digits}"),
        None => digits.to_owned(),
    };
    let part = |from: usize, to: usize| digits.get(from..to);
    let day = Day::parse_iso(&format!("{}-{}-{}", part(0, 4)?, part(4, 6)?, part(6, 8)?))?;
    let number = |from: usize| part(from, from + 2)?.parse::<i64>().ok();
    let seconds = (number(8)? * 60 + number(10)?) * 60 + number(12)?;
    Some((Timestamp::from_millis(day.start().millis() + seconds * 1000), rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    #[test]
    fn certificates_say_how_long_they_are_good() {
        for (from, until) in
            [((2024, 1, 2), (2025, 3, 4)), ((1999, 12, 31), (2049, 12, 31)), ((2050, 1, 1), (2150, 1, 1))]
        {
            let mut params = CertificateParams::new(vec!["a.example".to_owned()]).unwrap();
            params.not_before = date_time_ymd(from.0, from.1, from.2);
            params.not_after = date_time_ymd(until.0, until.1, until.2);
            let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
            let iso = |(y, m, d): (i32, u8, u8)| format!("{y:04}-{m:02}-{d:02}T00:00:00.000Z");
            let found = validity(certificate.der()).unwrap();
            assert_eq!((found.0.to_string(), found.1.to_string()), (iso(from), iso(until)));
        }
    }

    #[test]
    fn what_is_no_certificate_has_none() {
        for bytes in
            [&b""[..], b"0", b"0\x80", b"0\x89\xff\xff\xff\xff\xff\xff\xff\xff\xff", b"0\x020\x00", &[0x30; 300]]
        {
            assert_eq!(validity(&CertificateDer::from(bytes)), None);
        }
    }
}
