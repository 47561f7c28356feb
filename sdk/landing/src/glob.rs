//! Globs: `*` and `?` within a folder, `**` across folders, `[a-z]` sets. Names that start with a dot match only a
//! pattern that says so.
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Whether a text is a pattern at all.
pub(crate) fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

/// The files that match, sorted. `pattern` is absolute.
pub(crate) fn files(pattern: &Path) -> io::Result<Vec<PathBuf>> {
    let parts: Vec<String> = pattern.components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
    let fixed = parts.iter().take_while(|part| !is_pattern(part)).count();
    let root: PathBuf = parts[..fixed].iter().collect();
    let mut found = Vec::new();
    descend(&root, &parts[fixed..], &mut found)?;
    found.sort();
    found.dedup();
    Ok(found)
}

fn descend(folder: &Path, parts: &[String], found: &mut Vec<PathBuf>) -> io::Result<()> {
    let Some((part, rest)) = parts.split_first() else {
        if folder.is_file() {
            found.push(folder.to_owned());
        }
        return Ok(());
    };
    if part == "**" {
        descend(folder, rest, found)?;
    } else if !is_pattern(part) {
        return descend(&folder.join(part), rest, found);
    }
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        // what is no folder has nothing that could match
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if part == "**" {
            // links to folders are not followed: they may lead back here
            if entry.file_type()?.is_dir() && !name.starts_with('.') {
                descend(&entry.path(), parts, found)?;
            }
        } else if part_matches(part, &name) {
            descend(&entry.path(), rest, found)?;
        }
    }
    Ok(())
}

/// Whether a key (path with `/`) matches a pattern.
pub(crate) fn key_matches(pattern: &str, key: &str) -> bool {
    let pattern: Vec<&str> = pattern.split('/').collect();
    let key: Vec<&str> = key.split('/').collect();
    parts_match(&pattern, &key)
}

fn parts_match(pattern: &[&str], key: &[&str]) -> bool {
    match (pattern.split_first(), key.split_first()) {
        (None, None) => true,
        (Some((&"**", rest)), Some((_, after))) => parts_match(rest, key) || parts_match(pattern, after),
        (Some((&"**", rest)), None) => parts_match(rest, key),
        (Some((part, rest)), Some((name, after))) => part_matches(part, name) && parts_match(rest, after),
        _ => false,
    }
}

fn part_matches(pattern: &str, name: &str) -> bool {
    if name.starts_with('.') && !pattern.starts_with('.') {
        return false;
    }
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    chars_match(&pattern, &name)
}

/// Goes back only to the last star, so the time is at most the product of the lengths.
fn chars_match(pattern: &[char], name: &[char]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        if pattern.get(p) == Some(&'*') {
            star = Some((p, n));
            p += 1;
        } else if let Some(length) = one(&pattern[p..], name[n]) {
            p += length;
            n += 1;
        } else if let Some((star_p, star_n)) = star {
            p = star_p + 1;
            n = star_n + 1;
            star = Some((star_p, star_n + 1));
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

/// Length of the pattern's first element if it matches the character.
fn one(pattern: &[char], c: char) -> Option<usize> {
    match pattern.first()? {
        '?' => Some(1),
        '[' => set(pattern, c),
        first => (*first == c).then_some(1),
    }
}

/// `[abc]`, `[a-z]`, `[!a-z]`; a bracket that is never closed stands for itself.
fn set(pattern: &[char], c: char) -> Option<usize> {
    let negated = pattern.get(1) == Some(&'!');
    let first = if negated { 2 } else { 1 };
    let Some(close) = pattern.iter().skip(first + 1).position(|p| *p == ']').map(|at| at + first + 1) else {
        return (c == '[').then_some(1);
    };
    let members = &pattern[first..close];
    let mut found = false;
    let mut at = 0;
    while at < members.len() {
        if at + 2 < members.len() && members[at + 1] == '-' {
            found |= (members[at]..=members[at + 2]).contains(&c);
            at += 3;
        } else {
            found |= members[at] == c;
            at += 1;
        }
    }
    (found != negated).then_some(close + 1)
}

#[cfg(test)]
mod tests {
    use super::key_matches;

    #[test]
    fn patterns_match_as_in_a_shell() {
        for (pattern, key, expected) in [
            ("data/co2-*.csv", "data/co2-2020.csv", true),
            ("data/*.csv", "data/old/a.csv", false),
            ("**/*.csv", "a/b/c.csv", true),
            ("**/*.csv", "c.csv", true),
            ("*", ".hidden", false),
            ("[a-c]?.csv", "bx.csv", true),
            ("[!a-c]?.csv", "bx.csv", false),
            ("*a*b", "xxayyazzb", true),
            ("*a*b", "xxayyazz", false),
            ("[x", "[x", true),
        ] {
            assert_eq!(key_matches(pattern, key), expected, "{pattern} {key}");
        }
    }
}
