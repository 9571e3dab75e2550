//! The masks that clients put over what they send (RFC 6455, section 5.3).

/// A client's key, turned to where the next byte stands.
#[derive(Clone, Copy, Default)]
pub(super) struct Mask([u8; 4]);

impl Mask {
    pub(super) fn new(key: [u8; 4]) -> Self {
        Self(key)
    }

    /// Takes the mask off the next bytes of the payload.
    pub(super) fn apply(&mut self, bytes: &mut [u8]) {
        let Self([a, b, c, d]) = *self;
        let key = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
        let (words, rest) = bytes.as_chunks_mut::<8>();
        for word in words {
            *word = (u64::from_ne_bytes(*word) ^ key).to_ne_bytes();
        }
        for (byte, key) in rest.iter_mut().zip([a, b, c, d].into_iter().cycle()) {
            *byte ^= key;
        }
        self.0.rotate_left(rest.len() % 4);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_give_what_the_whole_gives() {
        let key = [0x37, 0xFA, 0x21, 0x3D];
        let plain: Vec<u8> = (0..100).collect();
        let masked: Vec<u8> = plain.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key).collect();
        for piece in 1..=100 {
            let (mut mask, mut bytes) = (Mask::new(key), masked.clone());
            bytes.chunks_mut(piece).for_each(|piece| mask.apply(piece));
            assert_eq!(bytes, plain, "in pieces of {piece}");
        }
    }
}
