//! Certificates from an authority by ACME (RFC 8555): got at start, kept in the data folder, renewed at two thirds of their life.
//!
//! The authority checks that the names are ours over TLS on the node's own port (RFC 8737), or over HTTP if the owner gave an
//! address for that. Whatever fails is tried again, ever more rarely; the node serves on meanwhile.

mod http_challenge;
mod kept;
mod order;
mod resolver;

pub use http_challenge::router as http_router;

use crate::failure::Failure;
use crate::settings::Settings;
use crate::tls::PROTOCOLS;
use crate::validity::validity;
use arc_swap::ArcSwap;
use kept::Kept;
use resolver::Resolver;
use rustls::ServerConfig;
use rustls_pki_types::CertificateDer;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tidings_core::Timestamp;
use tidings_doors::http::Tls;
use tidings_engine::Clock;

/// The protocol name by which an authority asks for a challenge's certificate (RFC 8737, section 6.2).
const CHALLENGE_PROTOCOL: &[u8] = b"acme-tls/1";

/// The pause after a first failure; each further one doubles it.
const RETRY_FIRST: Duration = Duration::from_secs(60);

/// The longest pause after failures.
const RETRY_MAX: Duration = Duration::from_secs(6 * 3600);

/// The shortest and longest time between two looks at the certificate's age. The latter also bounds what a wrong clock costs.
const LOOK: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(12 * 3600));

/// What the authority is asked for.
#[derive(Clone)]
struct Wanted {
    domains: Vec<String>,
    contact: Option<String>,
    directory: String,
    ca_file: Option<PathBuf>,
    by_http: bool,
}

/// Key authorizations by their token (RFC 8555, section 8.3), for the listener on port 80.
pub(crate) type HttpChallenges = Arc<Mutex<HashMap<String, String>>>;

/// Gets certificates and keeps them fresh.
pub struct Acme {
    wanted: Wanted,
    kept: Kept,
    resolver: Arc<Resolver>,
    challenges: HttpChallenges,
    tls: Tls,
}

impl Acme {
    /// Takes up the certificate that was got before, if there is one. `None` if the settings ask for none. Fails if the folder
    /// for accounts and certificates can't be used.
    pub fn open(settings: &Settings) -> Result<Option<Self>, Failure> {
        if settings.acme_domains.is_empty() {
            return Ok(None);
        }
        let wanted = Wanted {
            domains: settings.acme_domains.clone(),
            contact: settings.acme_contact.clone(),
            directory: settings.acme_directory.clone(),
            ca_file: settings.acme_ca_file.clone(),
            by_http: !settings.acme_http_listen.is_empty(),
        };
        let kept = Kept::open(&settings.data_dir().join("acme"), &wanted.directory, &wanted.domains)?;
        let resolver = Arc::new(Resolver::default());
        if let Some(pem) = kept.certificate()? {
            resolver
                .set(&pem)
                .unwrap_or_else(|failure| tracing::warn!("the kept certificate can't be used: {failure}"));
        }
        let mut config = ServerConfig::builder().with_no_client_auth().with_cert_resolver(resolver.clone());
        config.alpn_protocols = PROTOCOLS.iter().chain([&CHALLENGE_PROTOCOL]).map(|name| name.to_vec()).collect();
        let tls = Arc::new(ArcSwap::from_pointee(config));
        Ok(Some(Self { wanted, kept, resolver, challenges: HttpChallenges::default(), tls }))
    }

    /// What connections are to use. It stays; the certificates in it change.
    pub fn tls(&self) -> Tls {
        Arc::clone(&self.tls)
    }

    /// Where the answers to HTTP challenges are.
    pub(crate) fn challenges(&self) -> HttpChallenges {
        Arc::clone(&self.challenges)
    }

    /// The certificate in use, without its chain.
    pub fn leaf(&self) -> Option<CertificateDer<'static>> {
        self.resolver.leaf()
    }

    /// The first name; others may be sent there.
    pub fn first_domain(&self) -> Option<String> {
        self.wanted.domains.first().cloned()
    }

    /// Keeps the certificate fresh, for ever.
    pub async fn run(self) {
        let mut failures = 0;
        loop {
            let pause = match self.due_in(Clock::System.now()) {
                Some(pause) => pause,
                None => match self.renew().await {
                    Ok(()) => {
                        failures = 0;
                        tracing::info!(names = self.wanted.domains.join(", "), "got a certificate");
                        LOOK.0
                    }
                    Err(failure) => {
                        failures += 1;
                        let pause = retry_pause(failures);
                        tracing::error!(again_in = ?pause, "no certificate: {failure}");
                        pause
                    }
                },
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// How long there is nothing to do; `None` if a certificate is needed now.
    fn due_in(&self, now: Timestamp) -> Option<Duration> {
        let (from, until) = validity(&self.resolver.leaf()?)?;
        let renewal = renewal(from, until);
        (renewal > now).then(|| renewal.since(now).clamp(LOOK.0, LOOK.1))
    }

    async fn renew(&self) -> Result<(), Failure> {
        let got = order::certificate(&self.wanted, &self.kept, &self.resolver, &self.challenges).await;
        self.resolver.forget_challenges();
        self.challenges.lock().unwrap_or_else(PoisonError::into_inner).clear();
        let pem = got?;
        self.resolver.set(&pem)?;
        self.kept.keep_certificate(&pem)
    }
}

/// Two thirds into the life of a certificate.
fn renewal(from: Timestamp, until: Timestamp) -> Timestamp {
    from.after(until.since(from) * 2 / 3)
}

fn retry_pause(failures: u32) -> Duration {
    RETRY_FIRST.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(RETRY_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_a_bound() {
        assert_eq!(retry_pause(1), Duration::from_secs(60));
        assert_eq!(retry_pause(3), Duration::from_secs(240));
        assert_eq!(retry_pause(100), RETRY_MAX);
    }

    #[test]
    fn a_kept_certificate_is_used_until_it_is_due() {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings {
            data_dir: Some(folder.path().to_owned()),
            acme_domains: vec!["a.example".to_owned()],
            acme_directory: "https://ca.example/dir".to_owned(),
            ..Settings::default()
        };
        let open = || Acme::open(&settings).unwrap().unwrap();
        let at = |day: &str| Timestamp::parse_iso(&format!("{day}T00:00:00Z")).unwrap();
        assert_eq!(open().due_in(at("2026-01-01")), None);

        let pair = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new(vec!["a.example".to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2026, 1, 1);
        params.not_after = rcgen::date_time_ymd(2026, 4, 1);
        let pem = format!("{}{}", params.self_signed(&pair).unwrap().pem(), pair.serialize_pem());
        open().kept.keep_certificate(&pem).unwrap();
        assert_eq!(open().due_in(at("2026-02-01")), Some(LOOK.1));
        assert_eq!(open().due_in(at("2026-03-03")), None);

        open().kept.keep_certificate("nonsense").unwrap();
        assert_eq!(open().due_in(at("2026-02-01")), None);
    }

    #[test]
    fn certificates_are_renewed_at_two_thirds_of_their_life() {
        let day = |n: i64| Timestamp::from_millis(n * 86_400_000);
        assert_eq!(renewal(day(10), day(100)), day(70));
    }
}
