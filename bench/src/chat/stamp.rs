//! Signatures in great number. A true signature needs a nonce of its own, whose point is the dear part; here all of one author's share
//! one, so that each costs only two steps of arithmetic. Whoever sees two of them can work out the key, which is of no use to anybody.
//! To whom checks them they are as valid and as dear as any.

use secp256k1::{Message, PublicKey, Scalar, SecretKey};

use super::wallet::Wallet;
use crate::error::{Error, Result};

/// The order of the group less two: the power that inverts.
const INVERTING: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0xba, 0xae, 0xdc,
    0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x3f,
];
/// Half the order: the highest s that is taken.
const HALF: [u8; 32] = [
    0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x5d, 0x57, 0x6e,
    0x73, 0x57, 0xa4, 0x50, 0x1d, 0xdf, 0xe9, 0x2f, 0x46, 0x68, 0x1b, 0x20, 0xa0,
];

/// What all signatures of one key have in common.
#[derive(Clone)]
pub(super) struct Stamp {
    /// The nonce's x coordinate.
    r: [u8; 32],
    /// Whether its y coordinate is odd.
    is_odd: bool,
    /// r times the secret.
    product: SecretKey,
    /// One over the nonce.
    inverse: Scalar,
}

impl Stamp {
    /// One with a random nonce.
    pub(super) fn new(secret: &SecretKey) -> Result<Self> {
        let refused = |_| Error::Unusable("a nonce that does not work".to_owned());
        let nonce = *Wallet::random()?.secret();
        let point = PublicKey::from_secret_key(&nonce).serialize();
        let unusable = || Error::Unusable("a point without coordinates".to_owned());
        let (sign, x) = point.split_first().ok_or_else(unusable)?;
        let r: [u8; 32] = x.try_into().map_err(|_| unusable())?;
        let scalar = Scalar::from_be_bytes(r).map_err(|_| unusable())?;
        let product = secret.mul_tweak(&scalar).map_err(refused)?;
        Ok(Self { r, is_odd: *sign == 3, product, inverse: inverse(nonce).map_err(refused)?.into() })
    }

    /// The signature of a digest, r and s, and its recovery id. None in the case, never met, that the arithmetic has no result.
    pub(super) fn sign(&self, digest: Message) -> Option<([u8; 64], u8)> {
        let digest = Scalar::from_be_bytes(*digest.as_ref()).ok()?;
        let s = self.product.add_tweak(&digest).ok()?.mul_tweak(&self.inverse).ok()?;
        let is_high = s.to_secret_bytes() > HALF;
        let s = if is_high { s.negate() } else { s };
        let mut both = [0; 64];
        both.iter_mut().zip(self.r.iter().chain(&s.to_secret_bytes())).for_each(|(to, from)| *to = *from);
        Some((both, u8::from(self.is_odd != is_high)))
    }
}

/// One over a number: Fermat's power, by squaring and multiplying.
fn inverse(number: SecretKey) -> std::result::Result<SecretKey, secp256k1::Error> {
    let factor = Scalar::from(number);
    let bits = INVERTING.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1 == 1));
    // The first bit is set.
    bits.skip(1).try_fold(number, |power, is_set| {
        let squared = power.mul_tweak(&Scalar::from(power))?;
        if is_set { squared.mul_tweak(&factor) } else { Ok(squared) }
    })
}

#[cfg(test)]
mod tests {
    use secp256k1::ecdsa::{RecoverableSignature, RecoveryId};

    use super::*;

    #[test]
    fn a_number_times_its_inverse_is_one() {
        let number = *Wallet::new([0x11; 32]).unwrap().secret();
        let one = number.mul_tweak(&inverse(number).unwrap().into()).unwrap();
        assert_eq!(one.to_secret_bytes()[31], 1);
        assert!(one.to_secret_bytes()[..31].iter().all(|byte| *byte == 0));
    }

    #[test]
    fn signatures_are_those_of_the_key_and_low() {
        for _ in 0..4 {
            let wallet = Wallet::random().unwrap();
            let stamp = Stamp::new(wallet.secret()).unwrap();
            for byte in 0..20 {
                let digest = Message::from_digest([byte; 32]);
                let (bytes, recovery) = stamp.sign(digest).unwrap();
                let recovery = RecoveryId::from_u8_masked(recovery);
                let signature = RecoverableSignature::from_compact(&bytes, recovery).unwrap();
                let mut standard = signature.to_standard();
                standard.normalize_s();
                assert_eq!(standard, signature.to_standard());
                assert_eq!(signature.recover_ecdsa(digest).unwrap(), PublicKey::from_secret_key(wallet.secret()));
            }
        }
    }
}
