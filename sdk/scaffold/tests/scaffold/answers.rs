//! Where answers come from and which are refused.
use std::collections::BTreeMap;
use std::fs;

use meshwright_scaffold::{Answers, ErrorKind, Flavor, NewProduct, Question, create, questions};

use crate::{entries, make, product};

#[test]
fn wrong_answers_are_refused_before_anything_is_made() {
    let home = tempfile::tempdir().unwrap();
    let refuse = |answers: &[(&str, &str)]| {
        let error = make(&home.path().join("emissions"), Flavor::Sql, answers).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Invalid);
        error.to_string()
    };
    assert_eq!(refuse(&[("titel", "x")]), "the template does not ask for `titel`\nhelp: did you mean `title`");
    let listed =
        "the template does not ask for `zzz`\nhelp: it asks for `title`, `description`, `team`, `email`, `port`";
    assert_eq!(refuse(&[("zzz", "x")]), listed);
    let port = refuse(&[("port", "Country-Year")]);
    assert!(port.ends_with("help: did you mean `country_year`"), "{port}");
    assert!(refuse(&[("port", "sample")]).contains("the template uses that name"));
    assert!(refuse(&[("title", "two\nlines")]).contains("not one line"));
    assert!(refuse(&[("title", " ")]).contains("is empty"));
    assert!(refuse(&[("email", "nobody")]).contains("`email` cannot be `nobody`"));
    assert!(refuse(&[("team", "a\"b")]).contains("`team` cannot be"));
    assert_eq!(entries(home.path()), [""; 0]);
}

#[test]
fn answers_come_from_flags_then_the_file_then_the_person_then_defaults() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("answers.toml");
    fs::write(&file, "title = \"from the file\"\nteam = \"file\"\n").unwrap();
    let mut asked = Vec::new();
    let mut ask = |question: &Question| {
        asked.push((question.key.clone(), question.default.clone()));
        Ok(if question.key == "port" { "mine".to_owned() } else { String::new() })
    };
    let made = create(NewProduct {
        answers_file: Some(file.clone()),
        ask: Some(&mut ask),
        ..product(&home.path().join("one"), Flavor::Sql, &[("team", "flag")])
    })
    .unwrap();
    let expected = [
        ("description", "What climate knows about emissions."),
        ("email", "climate@example.org"),
        ("port", "mine"),
        ("team", "flag"),
        ("title", "from the file"),
    ];
    assert_eq!(made.answers, BTreeMap::from(expected.map(|(key, value)| (key.to_owned(), value.to_owned()))));
    assert_eq!(asked.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>(), ["description", "email", "port"]);
    assert_eq!(asked[2].1.as_deref(), Some("records"));

    // what one product recorded, another can take over
    let recorded = made.path.join(Answers::PATH);
    let again = product(&home.path().join("two"), Flavor::Sql, &[]);
    let again = create(NewProduct { answers_file: Some(recorded), ..again }).unwrap();
    assert_eq!(again.answers, made.answers);

    let missing = product(&home.path().join("three"), Flavor::Sql, &[]);
    let error = create(NewProduct { answers_file: Some(home.path().join("none.toml")), ..missing }).unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotFound);
    assert!(!home.path().join("three").exists());
}

#[test]
fn questions_are_known_beforehand() {
    let name = "climate.country_year".parse().unwrap();
    let questions = questions(&name, Flavor::Sql).unwrap();
    assert_eq!(questions[0].key, "title");
    assert_eq!(questions[0].default.as_deref(), Some("Country year"));
    for question in questions {
        question.check(question.default.as_deref().unwrap()).unwrap();
    }
}
