//! Files stay small enough to be read as their own documentation.
use super::Finding;
use super::files::File;

const ASK: usize = 400;
const SPLIT: usize = 600;

/// Warns above 400 lines, refuses above 600; tests may be longer.
pub(super) fn rule(files: &[File]) -> Vec<Finding> {
    files.iter().filter_map(judge).collect()
}

fn judge(file: &File) -> Option<Finding> {
    let code = file.code.as_ref()?;
    let lines = file.text.lines().count();
    // an inline test module does not count towards the hard limit
    let last = code.lines().enumerate().filter(|(_, l)| !l.trim().is_empty()).last().map_or(0, |(i, _)| i + 1);
    if last > SPLIT && !file.path.split('/').any(|p| p == "tests" || p == "tests.rs") {
        return Some(Finding::error(&file.path, format!("{last} lines; above {SPLIT} a file is split")));
    }
    (lines > ASK).then(|| Finding::warning(&file.path, format!("{lines} lines; above {ASK} ask why")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<Finding> {
        rule(&[File::new(path, text)])
    }

    #[test]
    fn long_files_are_found() {
        assert_eq!(found("sdk/a/src/b.rs", &"f();\n".repeat(400)), []);
        assert!(found("sdk/a/src/b.rs", &"f();\n".repeat(401))[0].warning);
        assert!(!found("sdk/a/src/b.rs", &"f();\n".repeat(601))[0].warning);
    }

    #[test]
    fn tests_may_be_longer() {
        assert!(found("sdk/a/tests/b.rs", &"f();\n".repeat(601))[0].warning);
        let inline = format!("f();\n#[cfg(test)]\nmod tests {{\n{}}}\n", "f();\n".repeat(700));
        assert!(found("sdk/a/src/b.rs", &inline)[0].warning);
    }
}
