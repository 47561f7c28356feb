//! What a document tells people to type exists.
use super::Finding;
use super::files::File;
use crate::VERBS;

const REGISTRY: &str = "sdk/cli/src/verbs/mod.rs";

/// Lines in the code blocks of Markdown files that begin with `mesh` or `cargo xtask`.
pub(super) fn rule(files: &[File]) -> Vec<Finding> {
    let verbs: Vec<String> = files.iter().filter(|f| f.path == REGISTRY).flat_map(|f| verbs(&f.text)).collect();
    let mut found = Vec::new();
    for file in files.iter().filter(|f| f.path.ends_with(".md") && !f.path.contains("/tests/")) {
        for (number, line) in commands(&file.text) {
            let place = || format!("{}:{number}", file.path);
            for words in typed(line) {
                match words[..] {
                    ["mesh", ..] => found.extend(mesh(files, &verbs, &words).map(|what| Finding::error(place(), what))),
                    ["cargo", "xtask", task, ..] if VERBS.iter().all(|v| v.name != task) => {
                        found.push(Finding::error(place(), format!("there is no task `cargo xtask {task}`")));
                    }
                    _ => {}
                }
            }
        }
    }
    found
}

/// What is wrong with a `mesh` command.
fn mesh(files: &[File], verbs: &[String], words: &[&str]) -> Option<String> {
    let mut rest = words[1..].iter().copied();
    let verb = loop {
        match rest.next()? {
            // the global flags that take a value
            "-C" | "--mesh" => _ = rest.next(),
            flag if flag.starts_with('-') => {}
            verb => break verb,
        }
    };
    // a placeholder, or another form of the same line
    if !verb.starts_with(|c: char| c.is_ascii_lowercase()) {
        return None;
    }
    if !verbs.iter().any(|v| v == verb) {
        return Some(format!("there is no `mesh {verb}`"));
    }
    let sources = [format!("sdk/cli/src/verbs/{verb}.rs"), "sdk/cli/src/arguments.rs".to_owned()];
    let known = |flag: &str| {
        let field = format!("{}:", flag.replace('-', "_"));
        let spelled = format!("long = \"{flag}\"");
        let family = format!("sdk/cli/src/verbs/{verb}/");
        let mut sources = files.iter().filter(|f| sources.contains(&f.path) || f.path.starts_with(&family));
        flag == "help" || flag == "version" || sources.any(|f| f.text.contains(&field) || f.text.contains(&spelled))
    };
    let flags = words.iter().filter_map(|w| w.trim_start_matches('[').strip_prefix("--"));
    let name = |flag: &str| flag.split(['=', ']', '|']).next().unwrap_or_default().to_owned();
    flags
        .map(name)
        .find(|flag| !flag.is_empty() && !known(flag))
        .map(|flag| format!("`mesh {verb}` has no flag `--{flag}`"))
}

/// The verbs in the registry: variants such as `List(list::List),`.
fn verbs(registry: &str) -> Vec<String> {
    let variants =
        registry.split("pub(crate) enum Verb {").nth(1).and_then(|t| t.split('}').next()).unwrap_or_default();
    variants.lines().filter_map(|l| l.trim().split_once('(')).map(|(name, _)| name.to_lowercase()).collect()
}

/// Numbered lines of fenced blocks without a language or in one of shells.
fn commands(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut inside = None;
    text.lines().enumerate().filter_map(move |(i, line)| {
        if let Some(language) = line.trim_start().strip_prefix("```") {
            inside = if inside.is_some() {
                None
            } else {
                Some(matches!(language, "" | "sh" | "bash" | "console" | "shell"))
            };
            return None;
        }
        inside.unwrap_or(false).then_some((i + 1, line))
    })
}

/// The commands of a line, without prompt and comment; words in quotes are left out, as they are data.
fn typed(line: &str) -> Vec<Vec<&str>> {
    let bare = line.trim_start().trim_start_matches("$ ");
    let mut outside = Vec::new();
    let (mut from, mut quote) = (0, None);
    for (at, c) in bare.char_indices().filter(|(_, c)| matches!(c, '"' | '\'')) {
        match quote {
            None => {
                outside.push(&bare[from..at]);
                quote = Some(c);
            }
            Some(open) if open == c => {
                from = at + 1;
                quote = None;
            }
            Some(_) => {}
        }
    }
    if quote.is_none() {
        outside.push(&bare[from..]);
    }
    let mut commands = vec![Vec::new()];
    for word in outside.iter().flat_map(|part| part.split_whitespace()) {
        match word {
            "#" => break,
            "&&" | "|" | ";" => commands.push(Vec::new()),
            word => commands.last_mut().into_iter().for_each(|c| c.push(word)),
        }
    }
    commands
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(document: &str) -> Vec<String> {
        let files = [
            File::new(REGISTRY, "pub(crate) enum Verb {\n    New(new::New),\n    Query(query::Query),\n}\n"),
            File::new("sdk/cli/src/verbs/query.rs", "struct Query { sql: String, at: Option<String> }"),
            File::new("sdk/cli/src/arguments.rs", "struct Global { json: bool }"),
            File::new("README.md", document),
        ];
        rule(&files).into_iter().map(|f| f.what).collect()
    }

    #[test]
    fn what_is_there_may_be_typed() {
        let text = "```\n$ mesh -C there query \"select '--x'\" --at r1 --json   # mesh nothing\n```\nmesh nothing\n";
        assert_eq!(found(text), Vec::<String>::new());
    }

    #[test]
    fn what_is_not_there_is_found() {
        assert_eq!(found("```sh\nmesh new a/b && mesh fly\n```"), ["there is no `mesh fly`"]);
        assert_eq!(found("```\nmesh query x --when r1\n```"), ["`mesh query` has no flag `--when`"]);
        assert_eq!(found("```\ncargo xtask fly\n```"), ["there is no task `cargo xtask fly`"]);
    }
}
