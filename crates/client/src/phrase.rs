//! The recovery phrase: BIP-39, English words (docs/protocol/identity.md, Phrase and keys).

use crate::command::{Fault, Secret};
use crate::sealing::draw;
use bip39::{Language, Mnemonic};
use rand::Rng;
use thiserror::Error;
use zeroize::{Zeroize, Zeroizing};

/// How many words a new phrase has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Words {
    /// 12: 128 bits.
    Twelve,
    /// 24: 256 bits.
    TwentyFour,
}

/// Why words are not a phrase. Names the word that is none, never the others.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PhraseError {
    /// So many words can't be a phrase.
    #[error("it has {0} words; a phrase has 12 or 24 (15, 18 or 21 in some wallets)")]
    Count(usize),
    /// A word that is not on the list.
    #[error("word {place}, \"{word}\", is not on the list{}", .like.map_or(String::new(), |like| format!("; did you mean \"{like}\"?")))]
    Word {
        /// Its place, from 1.
        place: usize,
        /// The word.
        word: String,
        /// A word on the list that is much like it.
        like: Option<&'static str>,
    },
    /// All are words of the list, but not together.
    #[error("all words are known, but together they are not a phrase: one is wrong, or two have changed places")]
    Checksum,
    /// Not 16 or 32 bytes.
    #[error("a phrase is made of 16 or 32 random bytes")]
    Entropy,
}

impl From<PhraseError> for Fault {
    fn from(error: PhraseError) -> Self {
        Self::Phrase(error.to_string())
    }
}

/// A recovery phrase. Whoever has it is the person.
pub struct Phrase(Mnemonic);

/// Letters in which a wrong word may differ from the one that is suggested for it.
const DISTANCE_MAX: usize = 2;

/// Most letters of a wrong word that are repeated to the person.
const WORD_SHOWN: usize = 20;

impl Phrase {
    /// A new phrase.
    pub fn generate(words: Words, random: &mut dyn Rng) -> Result<Self, PhraseError> {
        let mut entropy: [u8; 32] = draw(random);
        let length = match words {
            Words::Twelve => 16,
            Words::TwentyFour => 32,
        };
        let phrase = Self::from_entropy(entropy.get(..length).unwrap_or_default());
        entropy.zeroize();
        phrase
    }

    /// The phrase of 16 or 32 random bytes.
    pub fn from_entropy(entropy: &[u8]) -> Result<Self, PhraseError> {
        if entropy.len() != 16 && entropy.len() != 32 {
            return Err(PhraseError::Entropy);
        }
        Mnemonic::from_entropy_in(Language::English, entropy).map(Self).map_err(|_| PhraseError::Entropy)
    }

    /// Reads a phrase as a person types it: capitals, commas, numbers before the words and any white space are forgiven.
    pub fn parse(text: &str) -> Result<Self, PhraseError> {
        let text = Zeroizing::new(text.to_lowercase());
        let is_word = |word: &&str| !word.is_empty() && !word.chars().all(|c| c.is_ascii_digit());
        let apart = |c: char| c.is_whitespace() || matches!(c, ',' | '.' | ';' | ':' | ')');
        let words: Vec<&str> = text.split(apart).filter(is_word).collect();
        if let Some((at, word)) = words.iter().enumerate().find(|(_, word)| Language::English.find_word(word).is_none())
        {
            let shown = word.chars().take(WORD_SHOWN).collect();
            return Err(PhraseError::Word { place: at.saturating_add(1), word: shown, like: nearest(word) });
        }
        let joined = Zeroizing::new(words.join(" "));
        Mnemonic::parse_in_normalized(Language::English, &joined).map(Self).map_err(|error| match error {
            bip39::Error::BadWordCount(count) => PhraseError::Count(count),
            _ => PhraseError::Checksum,
        })
    }

    /// The words.
    pub fn words(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.0.words()
    }

    /// The words with a space between them.
    pub fn text(&self) -> Secret {
        Secret(self.words().collect::<Vec<_>>().join(" "))
    }

    /// The BIP-39 seed, with an empty passphrase.
    pub(crate) fn seed(&self) -> Zeroizing<[u8; 64]> {
        Zeroizing::new(self.0.to_seed_normalized(""))
    }
}

/// The word of the list that is most like this one, if any is.
fn nearest(word: &str) -> Option<&'static str> {
    let letters: Vec<char> = word.chars().take(WORD_SHOWN).collect();
    // Of those that are equally near, one that begins with the same letter.
    let rank =
        |listed: &'static str| (distance(&letters, listed), listed.chars().next() != letters.first().copied(), listed);
    // A difference in length is a distance already.
    let near = |listed: &&&'static str| listed.len().abs_diff(letters.len()) <= DISTANCE_MAX;
    let (distance, _, listed) = Language::English.word_list().iter().filter(near).map(|listed| rank(listed)).min()?;
    (distance <= DISTANCE_MAX).then_some(listed)
}

/// How many letters must be put in, left out or changed to come from one to the other.
fn distance(word: &[char], listed: &str) -> usize {
    let mut row: Vec<usize> = (0..=word.len()).collect();
    for (line, theirs) in listed.chars().enumerate() {
        let mut diagonal = line;
        let mut left = line.saturating_add(1);
        let mut next = vec![left];
        for (mine, above) in word.iter().zip(row.iter().skip(1)) {
            let changed = diagonal.saturating_add(usize::from(*mine != theirs));
            left = changed.min(above.saturating_add(1)).min(left.saturating_add(1));
            diagonal = *above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    fn refusal(text: &str) -> PhraseError {
        match Phrase::parse(text) {
            Ok(_) => panic!("taken: {text}"),
            Err(error) => error,
        }
    }

    #[test]
    fn phrases_are_read_as_people_type_them() {
        let plain = "test test test test test test test test test test test junk";
        let numbered = "1. Test 2. test 3. test, TEST\n\ttest test test test test test test 12) junk ";
        for text in [plain, numbered] {
            assert!(Phrase::parse(text).is_ok_and(|phrase| phrase.text().0 == plain));
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        assert_eq!(refusal("test test"), PhraseError::Count(2));
        assert_eq!(refusal(""), PhraseError::Count(0));
        let wrong = refusal("test test tesst test test test test test test test test junk");
        assert_eq!(wrong, PhraseError::Word { place: 3, word: "tesst".to_owned(), like: Some("test") });
        assert_eq!(wrong.to_string(), "word 3, \"tesst\", is not on the list; did you mean \"test\"?");
        let far = refusal("qqqqqqqq");
        assert_eq!(far.to_string(), "word 1, \"qqqqqqqq\", is not on the list");
        assert_eq!(refusal("test test test test test test test test test test test test"), PhraseError::Checksum);
        assert!(Phrase::from_entropy(&[0; 17]).is_err());
    }

    #[test]
    fn letters_are_counted() {
        for (word, listed, expected) in
            [("abc", "abc", 0), ("abc", "abd", 1), ("", "abc", 3), ("kitten", "sitting", 3), ("ab", "ba", 2)]
        {
            assert_eq!(distance(&word.chars().collect::<Vec<_>>(), listed), expected, "{word} {listed}");
        }
    }

    #[test]
    fn new_phrases_lead_back() {
        let mut random = StdRng::seed_from_u64(2);
        for (words, count) in [(Words::Twelve, 12), (Words::TwentyFour, 24)] {
            let Ok(phrase) = Phrase::generate(words, &mut random) else { panic!("entropy of a good length") };
            assert_eq!(phrase.words().count(), count);
            assert!(Phrase::parse(&phrase.text().0).is_ok_and(|read| read.seed() == phrase.seed()));
        }
        assert!(Phrase::from_entropy(&[0; 16]).is_ok_and(|phrase| phrase.text().0.ends_with("about")));
    }

    proptest! {
        #[test]
        fn any_text_is_answered(text in "\\PC{0,200}") {
            let _ = Phrase::parse(&text);
        }
    }
}
