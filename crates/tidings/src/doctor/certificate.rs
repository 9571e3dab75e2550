//! TLS: is there a certificate, does it fit, and for how long?

use super::Finding;
use crate::acme::Acme;
use crate::settings::Settings;
use crate::tls::{read, read_chain};
use crate::validity::validity;
use rustls_pki_types::{CertificateDer, ServerName};
use std::time::Duration;
use tidings_core::Timestamp;

const CHECK: &str = "TLS";

/// Days left below which the owner of a certificate is warned.
const EXPIRY_SOON: Duration = Duration::from_secs(14 * 86_400);

pub(super) fn examine(settings: &Settings, now: Timestamp) -> Vec<Finding> {
    if let (Some(cert), Some(key)) = (&settings.tls_cert, &settings.tls_key) {
        let chain = read(cert, key).and_then(|_| read_chain(cert));
        return match chain.map(|chain| chain.into_iter().next()) {
            Ok(Some(leaf)) => leaf_findings(&leaf, settings, now, "renew it; the node takes up new files by itself"),
            Ok(None) => Vec::new(),
            Err(failure) => vec![Finding::fail(CHECK, failure.to_string(), "correct tls-cert and tls-key")],
        };
    }
    if !settings.acme_domains.is_empty() {
        return acme(settings, now);
    }
    vec![plain(settings)]
}

fn acme(settings: &Settings, now: Timestamp) -> Vec<Finding> {
    let advice =
        "the log of the node says why none was got; port 443 (or 80, with acme-http-listen) of the name must lead here";
    let missing = || vec![Finding::warn(CHECK, "no certificate was got yet", advice)];
    if !settings.data_dir().join("acme").is_dir() {
        return missing();
    }
    match Acme::open(settings) {
        Ok(acme) => match acme.and_then(|acme| acme.leaf()) {
            Some(leaf) => leaf_findings(&leaf, settings, now, advice),
            None => missing(),
        },
        Err(failure) => vec![Finding::fail(CHECK, failure.to_string(), "look at the folder acme in the data folder")],
    }
}

/// Without TLS of its own, the node needs a proxy that has it.
fn plain(settings: &Settings) -> Finding {
    match &settings.public_url {
        Some(url) if url.is_https() => {
            Finding::ok(CHECK, format!("the node speaks plain HTTP; a proxy must speak TLS for {url}"))
        }
        Some(url) => Finding::fail(
            CHECK,
            format!("{url} is not encrypted, and web apps may not call it"),
            "set acme-domains, or tls-cert and tls-key, or a proxy with TLS before the node",
        ),
        None => Finding::warn(
            CHECK,
            "the node speaks plain HTTP and knows no public address",
            "set public-url, and acme-domains or a proxy with TLS; for trying things on this machine this is fine",
        ),
    }
}

fn leaf_findings(leaf: &CertificateDer<'_>, settings: &Settings, now: Timestamp, advice: &str) -> Vec<Finding> {
    let mut findings = vec![expiry(leaf, now, advice)];
    if let Some(url) = &settings.public_url
        && !names(leaf, url.host())
    {
        let text = format!("the certificate is not for {}", url.host());
        findings.push(Finding::fail(CHECK, text, "get one with this name, or correct public-url"));
    }
    findings
}

fn expiry(leaf: &CertificateDer<'_>, now: Timestamp, advice: &str) -> Finding {
    let Some((from, until)) = validity(leaf) else {
        return Finding::warn(CHECK, "it can't be read how long the certificate is good", advice);
    };
    let left = until.since(now);
    if now < from {
        Finding::fail(CHECK, format!("the certificate is good from {from} only"), "wait, or set the clock")
    } else if left.is_zero() {
        Finding::fail(CHECK, format!("the certificate was good until {until}"), advice)
    } else if left < EXPIRY_SOON {
        Finding::warn(CHECK, format!("the certificate is good until {until} only"), advice)
    } else {
        Finding::ok(CHECK, format!("the certificate is good until {until}"))
    }
}

/// Whether a certificate is for a host, as clients look at it.
fn names(leaf: &CertificateDer<'_>, host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let Ok(name) = ServerName::try_from(host) else { return false };
    webpki::EndEntityCert::try_from(leaf).is_ok_and(|leaf| leaf.verify_is_valid_for_subject_name(&name).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::PublicUrl;
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    #[test]
    fn certificates_are_looked_at_as_clients_do() {
        let folder = tempfile::tempdir().unwrap();
        let pair = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["a.example".to_owned()]).unwrap();
        (params.not_before, params.not_after) = (date_time_ymd(2026, 1, 1), date_time_ymd(2026, 4, 1));
        std::fs::write(folder.path().join("c"), params.self_signed(&pair).unwrap().pem()).unwrap();
        std::fs::write(folder.path().join("k"), pair.serialize_pem()).unwrap();
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let texts = |host: &str, day: &str| {
            let settings = Settings {
                tls_cert: Some(folder.path().join("c")),
                tls_key: Some(folder.path().join("k")),
                public_url: PublicUrl::parse(&format!("https://{host}")),
                ..Settings::default()
            };
            let now = Timestamp::parse_iso(&format!("{day}T00:00:00Z")).unwrap();
            examine(&settings, now)
                .iter()
                .map(|found| format!("{:?} {}\n", found.level, found.text))
                .collect::<String>()
        };
        assert!(texts("a.example", "2026-02-01").starts_with("Ok the certificate is good until 2026-04-01"));
        assert!(texts("a.example", "2026-03-25").starts_with("Warn"));
        assert!(texts("a.example", "2026-04-02").starts_with("Fail the certificate was good until"));
        assert!(texts("a.example", "2025-12-31").starts_with("Fail the certificate is good from"));
        assert!(texts("b.example", "2026-02-01").contains("Fail the certificate is not for b.example"));
    }
}
