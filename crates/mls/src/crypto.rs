//! The cryptography of the one ciphersuite, as openmls asks for it. Nothing is made here: every function hands on to the crate that
//! does it. openmls_rust_crypto would do the same for a dozen suites, and older releases of those crates with it.

use crate::settings::CIPHERSUITE;
use aes_gcm::aead::{Aead as _, Payload};
use aes_gcm::{Aes128Gcm, KeyInit as _};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use hkdf::Hkdf;
use hkdf::hmac::{Hmac, Mac as _};
use hpke::aead::AesGcm128;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable as _, HpkeError, Kem, OpModeR, OpModeS, Serializable as _};
use openmls::prelude::tls_codec::SecretVLBytes;
use openmls_traits::crypto::OpenMlsCrypto;
use openmls_traits::types::{
    AeadType, Ciphersuite, CryptoError, ExporterSecret, HashType, HpkeAeadType, HpkeCiphertext, HpkeConfig,
    HpkeKdfType, HpkeKemType, HpkeKeyPair, KemOutput, SignatureScheme,
};
use sha2::{Digest as _, Sha256};

type PublicKey = <X25519HkdfSha256 as Kem>::PublicKey;
type PrivateKey = <X25519HkdfSha256 as Kem>::PrivateKey;
type Encapsulated = <X25519HkdfSha256 as Kem>::EncappedKey;

/// X25519, AES-128-GCM, SHA-256 and Ed25519.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Crypto;

impl OpenMlsCrypto for Crypto {
    fn supports(&self, suite: Ciphersuite) -> Result<(), CryptoError> {
        if suite == CIPHERSUITE { Ok(()) } else { Err(CryptoError::UnsupportedCiphersuite) }
    }

    fn supported_ciphersuites(&self) -> Vec<Ciphersuite> {
        vec![CIPHERSUITE]
    }

    fn hkdf_extract(&self, hash: HashType, salt: &[u8], ikm: &[u8]) -> Result<SecretVLBytes, CryptoError> {
        sha256(hash)?;
        Ok(Hkdf::<Sha256>::extract(Some(salt), ikm).0.to_vec().into())
    }

    fn hmac(&self, hash: HashType, key: &[u8], message: &[u8]) -> Result<SecretVLBytes, CryptoError> {
        sha256(hash)?;
        let mut hmac = Hmac::<Sha256>::new_from_slice(key).map_err(|_| CryptoError::InvalidLength)?;
        hmac.update(message);
        Ok(hmac.finalize().into_bytes().to_vec().into())
    }

    fn hkdf_expand(&self, hash: HashType, prk: &[u8], info: &[u8], len: usize) -> Result<SecretVLBytes, CryptoError> {
        sha256(hash)?;
        let hkdf = Hkdf::<Sha256>::from_prk(prk).map_err(|_| CryptoError::HkdfOutputLengthInvalid)?;
        let mut okm = vec![0; len];
        hkdf.expand(info, &mut okm).map_err(|_| CryptoError::HkdfOutputLengthInvalid)?;
        Ok(okm.into())
    }

    fn hash(&self, hash: HashType, data: &[u8]) -> Result<Vec<u8>, CryptoError> {
        sha256(hash)?;
        Ok(Sha256::digest(data).to_vec())
    }

    fn aead_encrypt(
        &self,
        alg: AeadType,
        key: &[u8],
        msg: &[u8],
        nonce: &[u8],
        aad: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        let (cipher, nonce) = aes(alg, key, nonce)?;
        cipher.encrypt(&nonce.into(), Payload { msg, aad }).map_err(|_| CryptoError::CryptoLibraryError)
    }

    fn aead_decrypt(
        &self,
        alg: AeadType,
        key: &[u8],
        msg: &[u8],
        nonce: &[u8],
        aad: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        let (cipher, nonce) = aes(alg, key, nonce)?;
        cipher.decrypt(&nonce.into(), Payload { msg, aad }).map_err(|_| CryptoError::AeadDecryptionError)
    }

    /// Never asked for: devices bring their keys along ([`Signer`](crate::Signer)).
    fn signature_key_gen(&self, _: SignatureScheme) -> Result<(Vec<u8>, Vec<u8>), CryptoError> {
        Err(CryptoError::UnsupportedSignatureScheme)
    }

    fn verify_signature(
        &self,
        alg: SignatureScheme,
        data: &[u8],
        key: &[u8],
        signature: &[u8],
    ) -> Result<(), CryptoError> {
        ed25519(alg)?;
        let key = VerifyingKey::try_from(key).map_err(|_| CryptoError::InvalidPublicKey)?;
        let signature = Signature::from_slice(signature).map_err(|_| CryptoError::InvalidSignature)?;
        key.verify_strict(data, &signature).map_err(|_| CryptoError::InvalidSignature)
    }

    fn sign(&self, alg: SignatureScheme, data: &[u8], key: &[u8]) -> Result<Vec<u8>, CryptoError> {
        ed25519(alg)?;
        let key = SigningKey::try_from(key).map_err(|_| CryptoError::InvalidLength)?;
        Ok(key.sign(data).to_bytes().to_vec())
    }

    fn hpke_seal(
        &self,
        config: HpkeConfig,
        key: &[u8],
        info: &[u8],
        aad: &[u8],
        text: &[u8],
    ) -> Result<HpkeCiphertext, CryptoError> {
        suite(&config)?;
        let key = PublicKey::from_bytes(key).map_err(wrong)?;
        let sealed =
            hpke::single_shot_seal::<AesGcm128, HkdfSha256, X25519HkdfSha256>(&OpModeS::Base, &key, info, text, aad);
        let (encapsulated, ciphertext) = sealed.map_err(wrong)?;
        Ok(HpkeCiphertext { kem_output: encapsulated.to_bytes().to_vec().into(), ciphertext: ciphertext.into() })
    }

    fn hpke_open(
        &self,
        config: HpkeConfig,
        input: &HpkeCiphertext,
        secret: &[u8],
        info: &[u8],
        aad: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        suite(&config)?;
        let secret = PrivateKey::from_bytes(secret).map_err(|_| CryptoError::HpkeDecryptionError)?;
        let encapsulated = input.kem_output.as_slice();
        let encapsulated = Encapsulated::from_bytes(encapsulated).map_err(|_| CryptoError::HpkeDecryptionError)?;
        let sealed = input.ciphertext.as_slice();
        hpke::single_shot_open::<AesGcm128, HkdfSha256, X25519HkdfSha256>(
            &OpModeR::Base,
            &secret,
            &encapsulated,
            info,
            sealed,
            aad,
        )
        .map_err(|_| CryptoError::HpkeDecryptionError)
    }

    fn hpke_setup_sender_and_export(
        &self,
        config: HpkeConfig,
        key: &[u8],
        info: &[u8],
        context: &[u8],
        length: usize,
    ) -> Result<(KemOutput, ExporterSecret), CryptoError> {
        suite(&config)?;
        let key = PublicKey::from_bytes(key).map_err(wrong)?;
        let (encapsulated, sender) =
            hpke::setup_sender::<AesGcm128, HkdfSha256, X25519HkdfSha256>(&OpModeS::Base, &key, info)
                .map_err(|_| CryptoError::SenderSetupError)?;
        let mut secret = vec![0; length];
        sender.export(context, &mut secret).map_err(|_| CryptoError::ExporterError)?;
        Ok((encapsulated.to_bytes().to_vec(), secret.into()))
    }

    fn hpke_setup_receiver_and_export(
        &self,
        config: HpkeConfig,
        encapsulated: &[u8],
        secret: &[u8],
        info: &[u8],
        context: &[u8],
        length: usize,
    ) -> Result<ExporterSecret, CryptoError> {
        suite(&config)?;
        let secret = PrivateKey::from_bytes(secret).map_err(wrong)?;
        let encapsulated = Encapsulated::from_bytes(encapsulated).map_err(wrong)?;
        let receiver = hpke::setup_receiver::<AesGcm128, HkdfSha256, X25519HkdfSha256>(
            &OpModeR::Base,
            &secret,
            &encapsulated,
            info,
        )
        .map_err(|_| CryptoError::ReceiverSetupError)?;
        let mut secret = vec![0; length];
        receiver.export(context, &mut secret).map_err(|_| CryptoError::ExporterError)?;
        Ok(secret.into())
    }

    fn derive_hpke_keypair(&self, config: HpkeConfig, ikm: &[u8]) -> Result<HpkeKeyPair, CryptoError> {
        suite(&config)?;
        let (secret, public) = X25519HkdfSha256::derive_keypair(ikm);
        Ok(HpkeKeyPair { private: secret.to_bytes().to_vec().into(), public: public.to_bytes().to_vec() })
    }
}

fn sha256(hash: HashType) -> Result<(), CryptoError> {
    if hash == HashType::Sha2_256 { Ok(()) } else { Err(CryptoError::UnsupportedHashAlgorithm) }
}

fn ed25519(scheme: SignatureScheme) -> Result<(), CryptoError> {
    if scheme == SignatureScheme::ED25519 { Ok(()) } else { Err(CryptoError::UnsupportedSignatureScheme) }
}

fn aes(alg: AeadType, key: &[u8], nonce: &[u8]) -> Result<(Aes128Gcm, [u8; 12]), CryptoError> {
    if alg != AeadType::Aes128Gcm {
        return Err(CryptoError::UnsupportedAeadAlgorithm);
    }
    let cipher = Aes128Gcm::new_from_slice(key).map_err(|_| CryptoError::InvalidLength)?;
    Ok((cipher, nonce.try_into().map_err(|_| CryptoError::InvalidLength)?))
}

fn suite(config: &HpkeConfig) -> Result<(), CryptoError> {
    match config {
        HpkeConfig(HpkeKemType::DhKem25519, HpkeKdfType::HkdfSha256, HpkeAeadType::AesGcm128) => Ok(()),
        _ => Err(CryptoError::UnsupportedCiphersuite),
    }
}

fn wrong(error: HpkeError) -> CryptoError {
    match error {
        HpkeError::IncorrectInputLength(..) => CryptoError::InvalidLength,
        _ => CryptoError::CryptoLibraryError,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    const CONFIG: fn() -> HpkeConfig =
        || HpkeConfig(HpkeKemType::DhKem25519, HpkeKdfType::HkdfSha256, HpkeAeadType::AesGcm128);

    fn hex(text: &str) -> Vec<u8> {
        let digits: Vec<char> = text.chars().collect();
        digits.chunks(2).map(|pair| u8::from_str_radix(&pair.iter().collect::<String>(), 16).unwrap()).collect()
    }

    /// RFC 9180, A.1.1.
    #[test]
    fn hpke_is_as_the_vectors_say() {
        let pair = Crypto
            .derive_hpke_keypair(CONFIG(), &hex("6db9df30aa07dd42ee5e8181afdb977e538f5e1fec8a06223f33f7013e525037"))
            .unwrap();
        assert_eq!(pair.public, hex("3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d"));
        // The private key differs from the vector's in the bits that X25519 overwrites (RFC 7748, 5): hpke clears them early.
        let info = hex("4f6465206f6e2061204772656369616e2055726e");
        let encapsulated = hex("37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431");
        let ciphertext =
            hex("f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a");
        let input = HpkeCiphertext { kem_output: encapsulated.clone().into(), ciphertext: ciphertext.into() };
        let opened = Crypto.hpke_open(CONFIG(), &input, &pair.private, &info, b"Count-0").unwrap();
        assert_eq!(opened, b"Beauty is truth, truth beauty");
        let exported = Crypto.hpke_setup_receiver_and_export(CONFIG(), &encapsulated, &pair.private, &info, b"", 32);
        let expected = hex("3853fe2b4035195a573ffc53856e77058e15d9ea064de3e59f4961d0095250ee");
        assert_eq!(exported.unwrap().to_vec(), expected);
    }

    #[test]
    fn what_is_sealed_can_be_opened_with_the_key_alone() {
        let pair = Crypto.derive_hpke_keypair(CONFIG(), &[1; 32]).unwrap();
        let sealed = Crypto.hpke_seal(CONFIG(), &pair.public, b"info", b"aad", b"text").unwrap();
        let open = |secret: &[u8], info, aad| Crypto.hpke_open(CONFIG(), &sealed, secret, info, aad);
        assert_eq!(open(&pair.private, b"info", b"aad").unwrap(), b"text");
        assert_eq!(open(&pair.private, b"Info", b"aad"), Err(CryptoError::HpkeDecryptionError));
        assert_eq!(open(&pair.private, b"info", b"Aad"), Err(CryptoError::HpkeDecryptionError));
        assert_eq!(open(&[2; 32], b"info", b"aad"), Err(CryptoError::HpkeDecryptionError));
        assert_eq!(open(&[2; 31], b"info", b"aad"), Err(CryptoError::HpkeDecryptionError));
        let (encapsulated, sent) =
            Crypto.hpke_setup_sender_and_export(CONFIG(), &pair.public, b"info", b"context", 32).unwrap();
        let received = Crypto
            .hpke_setup_receiver_and_export(CONFIG(), &encapsulated, &pair.private, b"info", b"context", 32)
            .unwrap();
        assert_eq!(sent.to_vec(), received.to_vec());
    }

    #[test]
    fn a_key_that_leads_nowhere_is_refused() {
        let refused = Crypto.hpke_seal(CONFIG(), &[0; 32], b"", b"", b"text");
        assert_eq!(refused.err(), Some(CryptoError::CryptoLibraryError));
        assert_eq!(Crypto.hpke_seal(CONFIG(), &[1; 33], b"", b"", b"").err(), Some(CryptoError::InvalidLength));
        let never = [0; 32];
        assert!(Crypto.verify_signature(SignatureScheme::ED25519, b"text", &never, &[0; 64]).is_err());
    }

    /// NIST's test case 4 of AES-GCM with a key of 128 bits.
    #[test]
    fn aes_is_as_the_vectors_say() {
        let (key, nonce) = (hex("feffe9928665731c6d6a8f9467308308"), hex("cafebabefacedbaddecaf888"));
        let text = hex(
            "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
        );
        let aad = hex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
        let sealed = Crypto.aead_encrypt(AeadType::Aes128Gcm, &key, &text, &nonce, &aad).unwrap();
        assert!(sealed.ends_with(&hex("5bc94fbc3221a5db94fae95ae7121a47")));
        assert_eq!(Crypto.aead_decrypt(AeadType::Aes128Gcm, &key, &sealed, &nonce, &aad).unwrap(), text);
        assert!(Crypto.aead_decrypt(AeadType::Aes128Gcm, &key, &sealed, &nonce, b"").is_err());
        assert!(Crypto.aead_encrypt(AeadType::Aes256Gcm, &[0; 32], &text, &nonce, &aad).is_err());
    }
}
