//! Words that stand nowhere, or only where they belong.
use super::Finding;
use super::files::File;

/// The one place of the SDK that prints.
const PRINTER: &str = "sdk/cli/src/printer.rs";

/// This file has to spell what it forbids.
const THIS: &str = "xtask/src/tidy/words.rs";

/// Only the command line's printer prints.
pub(super) fn printing(files: &[File]) -> Vec<Finding> {
    let macros = ["println!", "eprintln!", "print!", "eprint!", "dbg!"];
    in_code(
        files,
        &macros,
        |file| file.path != PRINTER && !file.is_for_tests() && !in_scaffold(file),
        |word| format!("`{word}`: only {PRINTER} prints"),
    )
}

/// What may fail says so; what cannot says why, in `expect`.
pub(super) fn unwrapping(files: &[File]) -> Vec<Finding> {
    in_code(
        files,
        &[".unwrap()"],
        |file| !file.is_for_tests(),
        |word| format!("`{word}` outside tests: return an error, or `expect` with the reason why it cannot happen"),
    )
}

/// Nothing is left to be done later.
pub(super) fn unfinished(files: &[File]) -> Vec<Finding> {
    let mut found = in_code(files, &["todo!", "unimplemented!"], |_| true, |word| format!("`{word}`: finish it"));
    for file in files.iter().filter(|f| f.path != THIS && is_written(f)) {
        found.extend(
            whole_words(&file.text, "FIXME")
                .map(|at| Finding::error(file.at(at), "`FIXME`: finish it, or take it out")),
        );
    }
    found
}

/// Nothing tells of the machine it was written on, or of how.
pub(super) fn private(files: &[File]) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in files.iter().filter(|f| f.path != THIS && is_written(f)) {
        for path in ["/work/", "/root/", "/home/"] {
            // part of a longer path or URL, such as /srv/work/, it is somebody's example
            let alone = |at: &usize| !file.text[..*at].ends_with(|c: char| c.is_alphanumeric() || "._-~}>".contains(c));
            let hits = file.text.match_indices(path).map(|(at, _)| at).filter(alone);
            found.extend(hits.map(|at| Finding::error(file.at(at), format!("`{path}` is a path of one machine"))));
        }
        let lower = file.text.to_ascii_lowercase();
        for word in ["agent", "agents", "assistant", "subagent"] {
            // the name of an HTTP header
            let header = |at: &usize| lower[..*at].ends_with("user-") || lower[..*at].ends_with("user_");
            let hits = whole_words(&lower, word).filter(|at| !header(at));
            found.extend(hits.map(|at| Finding::error(file.at(at), format!("`{word}` has no meaning here"))));
        }
        // a database or a query engine has sessions, the making of this project has none to tell of
        for phrase in ["this session", "previous session", "last session", "next session", "coding session"] {
            let hits = lower.match_indices(phrase);
            found.extend(hits.map(|(at, _)| Finding::error(file.at(at), format!("`{phrase}` has no meaning here"))));
        }
    }
    found
}

/// Text that people wrote, not data and not what tools wrote.
fn is_written(file: &File) -> bool {
    let name = file.path.rsplit('/').next().unwrap_or(&file.path);
    name != "Cargo.lock" && !file.path.contains("/data/") && !name.ends_with(".csv")
}

/// What the template scaffolds belongs to its owner, who may print.
fn in_scaffold(file: &File) -> bool {
    ["templates/domain/", "domains/"].iter().any(|folder| file.path.starts_with(folder))
}

/// Words in Rust code, outside comments, literals and inline tests.
fn in_code(
    files: &[File],
    words: &[&str],
    judged: impl Fn(&File) -> bool,
    what: impl Fn(&str) -> String,
) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in files.iter().filter(|f| judged(f)) {
        let Some(code) = &file.code else { continue };
        for word in words {
            // `eprintln!` holds `println!`
            let starts =
                |at: &usize| !code[..*at].ends_with(|c: char| c.is_alphanumeric() || c == '_') || word.starts_with('.');
            let hits = code.match_indices(word).map(|(at, _)| at).filter(starts);
            found.extend(hits.map(|at| Finding::error(file.at(at), what(word))));
        }
    }
    found
}

/// Places of a word that is not a part of a longer one.
fn whole_words<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let edge = |c: Option<char>| !c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    text.match_indices(word).map(|(at, _)| at).filter(move |at| {
        let before = text[..*at].chars().next_back();
        // `user_` before a word is looked at by the caller
        (edge(before) || before == Some('_')) && edge(text[at + word.len()..].chars().next())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(rule: fn(&[File]) -> Vec<Finding>, path: &str, text: &str) -> usize {
        rule(&[File::new(path, text)]).len()
    }

    #[test]
    fn printing_is_found_outside_the_printer() {
        let text = "fn f() { println!(\"x\"); eprint!(\"println!\"); } // dbg!(x)";
        assert_eq!(count(printing, "sdk/engine/src/run.rs", text), 2);
        assert_eq!(count(printing, "sdk/cli/src/printer.rs", text), 0);
        assert_eq!(count(printing, "sdk/engine/tests/run.rs", text), 0);
    }

    #[test]
    fn unwrap_is_found_outside_tests() {
        let text = "fn f() { g().unwrap(); g().unwrap_or(1); }\n#[cfg(test)]\nmod tests { fn t() { g().unwrap(); } }";
        assert_eq!(count(unwrapping, "sdk/engine/src/run.rs", text), 1);
        assert_eq!(count(unwrapping, "sdk/engine/tests/run.rs", text), 0);
    }

    #[test]
    fn unfinished_work_is_found() {
        assert_eq!(count(unfinished, "sdk/a/src/lib.rs", "fn f() { todo!() } // FIXME later"), 2);
        assert_eq!(count(unfinished, "README.md", "FIXME"), 1);
        assert_eq!(count(unfinished, "sdk/a/src/lib.rs", "let s = \"todo!\";"), 0);
    }

    #[test]
    fn paths_of_machines_and_odd_words_are_found() {
        assert_eq!(count(private, "README.md", "see /work/main and /root/.cargo"), 2);
        assert_eq!(count(private, "README.md", "file:///srv/work/mesh"), 0);
        assert_eq!(count(private, "a.rs", "// The assistant, an Agent, in this session"), 3);
        assert_eq!(count(private, "a.rs", ".header(\"User-Agent\", user_agent); SessionContext; agenda"), 0);
    }
}
