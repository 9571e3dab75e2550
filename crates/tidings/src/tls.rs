//! The owner's own certificate files.

use crate::failure::Failure;
use crate::settings::Settings;
use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;
use tidings_doors::http::Tls;

/// What the node speaks inside TLS, best first (RFC 7301).
pub(crate) const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// Certificate files, and what was read from them.
pub struct Certificates {
    cert: PathBuf,
    key: PathBuf,
    stamps: Stamps,
    tls: Tls,
}

/// What tells that one of the two files is another one now: its time, its length and its number on the disk.
type Stamps = [Option<(SystemTime, u64, u64)>; 2];

impl Certificates {
    /// Reads the files, if the settings name any. Fails if they can't be used.
    pub fn open(settings: &Settings) -> Result<Option<Self>, Failure> {
        let (Some(cert), Some(key)) = (&settings.tls_cert, &settings.tls_key) else { return Ok(None) };
        let stamps = stamps(cert, key);
        let tls = Arc::new(ArcSwap::new(read(cert, key)?));
        Ok(Some(Self { cert: cert.clone(), key: key.clone(), stamps, tls }))
    }

    /// What connections are to use, now and after each reload.
    pub fn tls(&self) -> Tls {
        Arc::clone(&self.tls)
    }

    /// Whether the files were changed since they were read.
    pub fn changed(&self) -> bool {
        self.stamps != stamps(&self.cert, &self.key)
    }

    /// Reads the files again. What can't be used is told, and the old certificate stays.
    pub fn reload(&mut self) {
        self.stamps = stamps(&self.cert, &self.key);
        match read(&self.cert, &self.key) {
            Ok(config) => {
                self.tls.store(config);
                tracing::info!("the certificate was read again");
            }
            Err(failure) => tracing::error!("{failure}; the old certificate stays"),
        }
    }

    /// Changes to the files of other settings. Fails, and changes nothing, if they can't be used.
    pub fn move_to(&mut self, settings: &Settings) -> Result<(), Failure> {
        let (Some(cert), Some(key)) = (&settings.tls_cert, &settings.tls_key) else {
            return Err(Failure::Usage("tls-cert: turning TLS off needs a restart".to_owned()));
        };
        if *cert != self.cert || *key != self.key {
            self.tls.store(read(cert, key)?);
            (self.cert, self.key, self.stamps) = (cert.clone(), key.clone(), stamps(cert, key));
        }
        Ok(())
    }
}

fn stamps(cert: &Path, key: &Path) -> Stamps {
    [cert, key].map(|path| {
        let found = std::fs::metadata(path).ok()?;
        Some((found.modified().ok()?, found.len(), found.ino()))
    })
}

/// Reads a certificate chain and its key. Fails if they can't be read or don't belong together.
pub(crate) fn read(cert: &Path, key: &Path) -> Result<Arc<ServerConfig>, Failure> {
    let chain = read_chain(cert)?;
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| unreadable("tls-key", key, &error))?;
    let mut config =
        ServerConfig::builder().with_no_client_auth().with_single_cert(chain, secret).map_err(|error| {
            Failure::Usage(format!(
                "the certificate {} can't be used with the key {}: {error}",
                cert.display(),
                key.display()
            ))
        })?;
    config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).into();
    Ok(Arc::new(config))
}

/// Reads a chain, the node's own certificate first.
pub(crate) fn read_chain(cert: &Path) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let chain = CertificateDer::pem_file_iter(cert).and_then(Iterator::collect);
    let chain: Vec<_> = chain.map_err(|error| unreadable("tls-cert", cert, &error))?;
    if chain.is_empty() {
        Err(Failure::Usage(format!("tls-cert: {} has no certificate", cert.display())))
    } else {
        Ok(chain)
    }
}

fn unreadable(setting: &str, path: &Path, error: &rustls_pki_types::pem::Error) -> Failure {
    Failure::Usage(format!("{setting}: {} can't be read: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, KeyPair};

    fn write(folder: &Path) {
        let pair = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec!["a.example".to_owned()]).unwrap().self_signed(&pair).unwrap();
        // Moved into place, as tools that renew certificates do.
        for (name, text) in [("cert", certificate.pem()), ("key", pair.serialize_pem())] {
            std::fs::write(folder.join("new"), text).unwrap();
            std::fs::rename(folder.join("new"), folder.join(name)).unwrap();
        }
    }

    #[test]
    fn new_files_are_noticed() {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        write(folder.path());
        let (tls_cert, tls_key) = (Some(folder.path().join("cert")), Some(folder.path().join("key")));
        let settings = Settings { tls_cert, tls_key, ..Settings::default() };
        let mut certificates = Certificates::open(&settings).unwrap().unwrap();
        assert!(!certificates.changed());
        let before = certificates.tls().load_full();
        write(folder.path());
        assert!(certificates.changed());
        certificates.reload();
        assert!(!certificates.changed() && !Arc::ptr_eq(&before, &certificates.tls().load_full()));
        assert!(certificates.move_to(&Settings::default()).is_err());
    }
}
