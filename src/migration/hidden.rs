//! Values of variables, kept out of what the server says. Looks at text alone: what a message means
//! is not its business.

use crate::postgres::ServerMessage;

/// In place of a value.
const HIDDEN: &str = "***";

/// The server cuts long values in its messages: so many characters of one give it away.
const TELLING: usize = 12;

/// Shorter ones are hidden only where they stand by themselves: else most of a text would be.
const PART_OF_A_WORD: usize = 4;

/// Texts that must not be shown.
pub(super) struct Hidden {
    /// Longest first, in lower case: the server folds names.
    texts: Vec<Vec<char>>,
}

impl Hidden {
    /// `values`, and the words in them: a message may quote one token of a value.
    pub fn new<'a>(values: impl Iterator<Item = &'a str>) -> Self {
        let mut texts = Vec::new();
        for value in values {
            let words = value.split(|c: char| !c.is_alphanumeric() && c != '_');
            let words = words.filter(|word| word.chars().count() >= PART_OF_A_WORD);
            let forms = [value, value.trim()].into_iter().chain(words);
            let forms = forms.map(folded).filter(|form| !form.is_empty());
            texts.extend(forms);
            texts.push(folded(&value.replace("''", "'")));
        }
        texts.retain(|text| !text.is_empty());
        texts.sort_by_key(|text| std::cmp::Reverse(text.len()));
        texts.dedup();
        Self { texts }
    }

    /// `text` without them.
    pub fn mask(&self, text: &str) -> String {
        let characters: Vec<char> = text.chars().collect();
        let lower: Vec<char> = characters.iter().copied().map(fold).collect();
        let mut masked = String::with_capacity(text.len());
        let mut at = 0;
        while let Some(character) = characters.get(at) {
            match self
                .texts
                .iter()
                .find_map(|hidden| found(hidden, &lower, at))
            {
                Some(length) => {
                    masked.push_str(HIDDEN);
                    at += length;
                }
                None => {
                    masked.push(*character);
                    at += 1;
                }
            }
        }
        masked
    }

    /// Everything of `message` that is shown, without them.
    pub fn mask_message(&self, mut message: ServerMessage) -> ServerMessage {
        message.message = self.mask(&message.message);
        for text in [&mut message.detail, &mut message.hint, &mut message.context] {
            *text = text.as_deref().map(|text| self.mask(text));
        }
        message
    }
}

fn folded(text: &str) -> Vec<char> {
    text.chars().map(fold).collect()
}

/// To one character, so that places stay what they are.
fn fold(character: char) -> char {
    let mut lower = character.to_lowercase();
    lower
        .next()
        .filter(|_| lower.len() == 0)
        .unwrap_or(character)
}

/// How many characters of `text` from `at` on give `hidden` away.
fn found(hidden: &[char], text: &[char], at: usize) -> Option<usize> {
    let rest = text.get(at..)?;
    let same = hidden.iter().zip(rest).take_while(|(a, b)| a == b).count();
    let is_whole = same == hidden.len();
    if is_whole && same < PART_OF_A_WORD {
        let is_word = |c: Option<&char>| c.is_some_and(|c| c.is_alphanumeric() || *c == '_');
        let before = at.checked_sub(1).and_then(|before| text.get(before));
        let is_apart = !is_word(before) && !is_word(rest.get(same));
        return is_apart.then_some(same);
    }
    (is_whole || same >= TELLING).then_some(same)
}
