//! A regular expression as one table, and eight texts walked through it side by side: the walk through one text waits
//! for memory at every byte, eight walks wait at the same time.
use regex_automata::dfa::{Automaton, StartKind, dense};
use regex_automata::util::start;
use regex_automata::util::syntax;
use regex_automata::{Anchored, util::primitives::StateID};

/// Larger automata are walked by the regex itself: the table must stay in the cache.
const MOST_STATES: usize = 128;
const MOST_BYTES: usize = 1 << 20;
const WIDTH: usize = 8;

/// Which state follows on each byte; the state in which the expression has been found is left no more.
#[derive(Debug)]
pub(crate) struct Lanes {
    next: Vec<[u16; 256]>,
    /// Whether the expression is in a text that ends in this state.
    found_at_end: Vec<bool>,
}

impl Lanes {
    /// `None` where the expression needs more states than fit into the cache.
    pub(crate) fn new(pattern: &str) -> Option<Self> {
        let config = dense::Config::new()
            .start_kind(StartKind::Unanchored)
            .dfa_size_limit(Some(MOST_BYTES))
            .determinize_size_limit(Some(MOST_BYTES));
        // as `regex::bytes::Regex` reads it
        let syntax = syntax::Config::new().utf8(false);
        let dfa = dense::Builder::new().configure(config).syntax(syntax).build(pattern).ok()?;
        let start = dfa.start_state(&start::Config::new().anchored(Anchored::No)).ok()?;
        // state 0: found
        let mut states: Vec<Option<StateID>> = vec![None, Some(start)];
        let (mut next, mut found_at_end) = (vec![[0; 256]], vec![true]);
        if dfa.is_match_state(start) {
            return Some(Self { next: vec![[0; 256]; 2], found_at_end: vec![true, true] });
        }
        let mut at = 1;
        while let Some(state) = states.get(at).copied().flatten() {
            let mut row = [0_u16; 256];
            for byte in 0..=255_u8 {
                let to = dfa.next_state(state, byte);
                if dfa.is_quit_state(to) {
                    return None;
                }
                if dfa.is_match_state(to) {
                    continue;
                }
                let known = states.iter().position(|known| *known == Some(to));
                row[usize::from(byte)] = u16::try_from(known.unwrap_or(states.len())).ok()?;
                if known.is_none() {
                    states.push(Some(to));
                }
            }
            if states.len() > MOST_STATES {
                return None;
            }
            next.push(row);
            found_at_end.push(dfa.is_match_state(dfa.next_eoi_state(state)));
            at += 1;
        }
        Some(Self { next, found_at_end })
    }

    /// Calls `miss` with the number of each text in which the expression is not found.
    pub(crate) fn misses(&self, texts: &[&[u8]], mut miss: impl FnMut(usize)) {
        let (eights, rest) = texts.as_chunks::<WIDTH>();
        for (at, eight) in eights.iter().enumerate() {
            let short = eight.iter().map(|text| text.len()).min().unwrap_or(0);
            let mut heads = [&eight[0][..short]; WIDTH];
            for (head, text) in heads.iter_mut().zip(eight) {
                *head = &text[..short];
            }
            let mut states = [1_u16; WIDTH];
            for at in 0..short {
                for (state, head) in states.iter_mut().zip(&heads) {
                    *state = self.step(*state, head[at]);
                }
            }
            for (lane, (state, text)) in states.iter().zip(eight).enumerate() {
                if !self.finds_from(*state, &text[short..]) {
                    miss(at * WIDTH + lane);
                }
            }
        }
        for (at, text) in rest.iter().enumerate() {
            if !self.finds_from(1, text) {
                miss(eights.len() * WIDTH + at);
            }
        }
    }

    #[inline]
    fn step(&self, state: u16, byte: u8) -> u16 {
        self.next[usize::from(state)][usize::from(byte)]
    }

    fn finds_from(&self, state: u16, text: &[u8]) -> bool {
        let end = text.iter().fold(state, |state, byte| self.step(state, *byte));
        self.found_at_end[usize::from(end)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_find_what_the_regex_finds() {
        let texts: Vec<String> =
            ["", "a", "ab", "abc", "xabcx", "é", "née", "a b", "ab-12", "no-1", "a\nb", "12", "٤٢", "aaaaab"]
                .iter()
                .flat_map(|text| {
                    [text.to_string(), format!("{text}{text}"), format!("abc {text}"), "x".repeat(text.len())]
                })
                .collect();
        let bytes: Vec<&[u8]> = texts.iter().map(String::as_bytes).collect();
        let patterns = [
            "",
            "a",
            "^a",
            "a$",
            "^a$",
            "b+c?",
            "^[a-z]+$",
            r"(?-u:\b)ab(?-u:\b)",
            "^.$",
            "^[^a]*$",
            "(a|b)*-[0-9]{1,3}",
            "é",
            r"^\p{L}+$",
            "x{3,}",
            "^$",
            "a|^b",
            r"[0-9]+",
        ];
        let mut judged = 0;
        for pattern in patterns {
            let regex = regex::bytes::Regex::new(pattern).unwrap();
            let Some(lanes) = Lanes::new(pattern) else { continue };
            judged += 1;
            for count in [bytes.len(), 1, 7, 8, 9] {
                let mut missed = vec![];
                lanes.misses(&bytes[..count], |at| missed.push(at));
                let expected: Vec<usize> = (0..count).filter(|at| !regex.is_match(bytes[*at])).collect();
                assert_eq!(missed, expected, "`{pattern}` in {:?}", &texts[..count]);
            }
        }
        assert!(judged > 13, "{judged}");
    }

    #[test]
    fn what_needs_too_many_states_is_left_to_the_regex() {
        assert!(Lanes::new("[ab]*a[ab]{12}").is_none());
        assert!(Lanes::new(r"^SKU-[0-9]{6}$").is_some());
    }
}
