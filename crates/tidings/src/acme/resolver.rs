//! Which certificate a connection gets: the node's own, or a challenge's for an authority that asks for it.

use super::CHALLENGE_PROTOCOL;
use crate::failure::Failure;
use arc_swap::ArcSwapOption;
use rcgen::{CertificateParams, CustomExtension, KeyPair};
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes of a challenge's digest (RFC 8737, section 3).
const DIGEST_LEN: usize = 32;

#[derive(Default)]
pub(super) struct Resolver {
    own: ArcSwapOption<CertifiedKey>,
    challenges: Mutex<HashMap<String, Arc<CertifiedKey>>>,
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Resolver(..)")
    }
}

impl ResolvesServerCert for Resolver {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        // An authority offers this protocol and no other (RFC 8737, section 3).
        if hello.alpn().is_some_and(|mut offered| offered.any(|name| name == CHALLENGE_PROTOCOL)) {
            let challenges = self.challenges.lock().unwrap_or_else(PoisonError::into_inner);
            return challenges.get(hello.server_name()?).cloned();
        }
        self.own.load_full()
    }
}

impl Resolver {
    /// Takes up a certificate: its chain and its key in PEM. Fails if they can't be used.
    pub(super) fn set(&self, pem: &str) -> Result<(), Failure> {
        let unusable = |error: &dyn fmt::Display| Failure::Failed(format!("the certificate can't be used: {error}"));
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
        let key = PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|error| unusable(&error))?;
        let key = any_supported_type(&key).map_err(|error| unusable(&error))?;
        let certified = CertifiedKey::new(chain.map_err(|error| unusable(&error))?, key);
        certified.keys_match().map_err(|error| unusable(&error))?;
        self.own.store(Some(Arc::new(certified)));
        Ok(())
    }

    /// The certificate in use, without its chain.
    pub(super) fn leaf(&self) -> Option<CertificateDer<'static>> {
        self.own.load().as_ref().and_then(|own| own.cert.first().cloned())
    }

    /// Makes a certificate that answers the challenge for a name (RFC 8737, section 3).
    pub(super) fn add_challenge(&self, name: &str, digest: &[u8]) -> Result<(), Failure> {
        if digest.len() != DIGEST_LEN {
            return Err(Failure::Failed("the challenge has a wrong length".to_owned()));
        }
        let failed = |error: &dyn fmt::Display| Failure::Failed(format!("making the challenge's certificate: {error}"));
        let mut params = CertificateParams::new(vec![name.to_owned()]).map_err(|error| failed(&error))?;
        params.custom_extensions = vec![CustomExtension::new_acme_identifier(digest)];
        let pair = KeyPair::generate().map_err(|error| failed(&error))?;
        let certificate = params.self_signed(&pair).map_err(|error| failed(&error))?;
        let key = PrivateKeyDer::try_from(pair.serialize_der()).map_err(|error| failed(&error))?;
        let key = any_supported_type(&key).map_err(|error| failed(&error))?;
        let certified = CertifiedKey::new(vec![certificate.der().clone()], key);
        let mut challenges = self.challenges.lock().unwrap_or_else(PoisonError::into_inner);
        challenges.insert(name.to_owned(), Arc::new(certified));
        Ok(())
    }

    /// Forgets all challenges once an order has ended.
    pub(super) fn forget_challenges(&self) {
        self.challenges.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
