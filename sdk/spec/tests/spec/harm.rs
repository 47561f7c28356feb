//! Documents that were whole once: what happens to a file between those who write it and those who read it.
use proptest::prelude::*;
use proptest::sample::Index;

/// One thing that happens.
#[derive(Debug, Clone)]
enum Harm {
    /// These words come in between.
    Put(Index, &'static str),
    /// So many characters are lost.
    Lose(Index, usize),
    /// Two lines change places.
    Swap(Index, Index),
    /// A line is written many times.
    Again(Index, usize),
    /// A line moves to the right or to the left.
    Indent(Index, usize),
    /// What stands behind a line's `:` or `=` becomes this.
    Value(Index, &'static str),
    /// The rest is missing.
    End(Index),
}

/// What formats and numbers stumble over.
const WORDS: [&str; 58] = [
    "\"",
    "'",
    "\"\"\"",
    "'''",
    "[",
    "]",
    "{",
    "}",
    "[[",
    "]]",
    ",",
    ":",
    ": ",
    "- ",
    "? ",
    "= ",
    "&a ",
    "*a",
    "<<: *a",
    "!!binary ",
    "!x ",
    "|\n",
    ">-\n",
    "%YAML 1.1\n",
    "---\n",
    "...\n",
    "#",
    "\t",
    "\r",
    "\r\n",
    "\n",
    "\0",
    "\u{feff}",
    "\u{fe0f}",
    "\u{2028}",
    "\u{7f}",
    "é",
    "\"\\ud800\"",
    "\"\\uD83D\"",
    "\"\\UFFFFFFFF\"",
    "\\x",
    "1e999",
    "-0",
    "99999999999999999999999999999999999999999999999999",
    "0.00000000000000000000000000000000000000000000000000000000001",
    "0x",
    ".inf",
    ".nan",
    "-nan",
    "~",
    "null",
    "true",
    "2024-02-30",
    "9999999-01-01T99:99:99Z",
    "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
    "{a: {a: {a: {a: {a: {a: {a: {a: ",
    "a.a.a.a.a.a.a.a.a.a.a.a = 1",
    "decimal(99,99)",
];

/// Words of the formats themselves, where other ones stood.
const VALUES: [&str; 34] = [
    "",
    "0",
    "-1",
    "1e400",
    "18446744073709551616",
    "\"\"",
    "[]",
    "{}",
    "[[]]",
    "[{}]",
    "null",
    "true",
    "\"é\"",
    "\"1.0.0\"",
    "v3.2.0",
    "\"list<list<list<list<list<int>>>>>\"",
    "\"struct<a: int, a: int>\"",
    "\"map<string\"",
    "\"decimal(38,38)\"",
    "\"fixed(0)\"",
    "\"a.b.c(d)\"",
    "\"[a-\"",
    "\"(?=x)\"",
    "\"^(a+)+$\"",
    "\"range\"",
    "\"custom\"",
    "\"quarantine\"",
    "\"10000000000000d\"",
    "\"2024-02-30\"",
    "1979-05-27",
    "customers.id",
    "[a.b, c.d]",
    "schema/a/properties/b",
    "*anchor",
];

/// Some document of these, harmed a few times.
pub(crate) fn harmed(whole: &'static [&'static str]) -> impl Strategy<Value = String> {
    let at = any::<Index>;
    let harm = prop_oneof![
        4 => (at(), prop::sample::select(&WORDS[..])).prop_map(|(at, word)| Harm::Put(at, word)),
        2 => (at(), 1..30_usize).prop_map(|(at, count)| Harm::Lose(at, count)),
        2 => (at(), at()).prop_map(|(one, other)| Harm::Swap(one, other)),
        1 => (at(), 2..20_usize).prop_map(|(at, times)| Harm::Again(at, times)),
        2 => (at(), 0..9_usize).prop_map(|(at, by)| Harm::Indent(at, by)),
        5 => (at(), prop::sample::select(&VALUES[..])).prop_map(|(at, value)| Harm::Value(at, value)),
        1 => at().prop_map(Harm::End),
    ];
    let harms = prop::collection::vec(harm, 1..7);
    (prop::sample::select(whole), harms).prop_map(|(whole, harms)| harms.iter().fold(whole.to_owned(), apply))
}

fn apply(mut text: String, harm: &Harm) -> String {
    let place = |at: &Index, text: &str| {
        let at = at.index(text.len() + 1);
        (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
    };
    match harm {
        Harm::Put(at, word) => text.insert_str(place(at, &text), word),
        Harm::Lose(at, count) => {
            let at = place(at, &text);
            let lost: usize = text[at..].chars().take(*count).map(char::len_utf8).sum();
            text.replace_range(at..at + lost, "");
        }
        Harm::End(at) => text.truncate(place(at, &text)),
        of_lines => {
            let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
            if lines.is_empty() {
                return text;
            }
            of_line(&mut lines, of_lines);
            return lines.join("\n") + "\n";
        }
    }
    text
}

fn of_line(lines: &mut Vec<String>, harm: &Harm) {
    let count = lines.len();
    match harm {
        Harm::Swap(one, other) => lines.swap(one.index(count), other.index(count)),
        Harm::Again(at, times) => {
            let at = at.index(count);
            let again = vec![lines[at].clone(); *times];
            lines.splice(at..at, again);
        }
        Harm::Indent(at, by) => {
            let line = &mut lines[at.index(count)];
            *line = format!("{}{}", " ".repeat(*by), line.trim_start());
        }
        Harm::Value(at, value) => {
            let line = &mut lines[at.index(count)];
            if let Some(end) = line.find([':', '=']) {
                line.truncate(end + 1);
                line.push(' ');
                line.push_str(value);
            }
        }
        _ => {}
    }
}
