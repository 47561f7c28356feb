//! What the template makes of its answers.
use std::fs;

use meshwright_scaffold::{Answers, ErrorKind, Flavor, NewProduct, create, render};

use crate::{make, product, read, toml};

#[test]
fn odd_answers_survive_everywhere() {
    let home = tempfile::tempdir().unwrap();
    let title = r#"Bob "the" builder's {{ 5 % }} of C:\new — {% raw %} Ünïcode"#;
    let description = r"ends with a backslash \";
    let answers =
        [("title", title), ("description", description), ("port", "a_1"), ("email", "a.b+c@mail.example.org")];
    for flavor in [Flavor::Sql, Flavor::Rust] {
        let folder = home.path().join(flavor.to_string());
        let made = make(&folder, flavor, &answers).unwrap();
        let product = toml(folder.join("product.toml"));
        assert_eq!(product["product"]["title"].as_str(), Some(title));
        assert_eq!(product["product"]["description"].as_str(), Some(description));
        assert_eq!(product["product"]["owner"]["email"].as_str(), Some("a.b+c@mail.example.org"));
        assert!(read(folder.join("README.md")).starts_with(&format!("# {title}\n")));
        let recorded = Answers::read(&folder).unwrap();
        assert_eq!((recorded.values, recorded.flavor), (made.answers, flavor));
        assert!(made.files.contains(&"contracts/a_1.toml".to_owned()), "{:?}", made.files);
        assert!(!made.files.contains(&"contracts/records.toml".to_owned()));
    }
}

#[test]
fn the_flavours_differ_in_their_files() {
    let home = tempfile::tempdir().unwrap();
    let made = make(&home.path().join("emissions"), Flavor::Rust, &[]).unwrap();
    for file in ["Cargo.toml", "src/main.rs", "product.toml", "contracts/records.toml", "README.md"] {
        assert!(made.files.contains(&file.to_owned()), "{file} is not among {:?}", made.files);
    }
    let cargo = toml(home.path().join("emissions/Cargo.toml"));
    assert_eq!(cargo["package"]["name"].as_str(), Some("climate-emissions"));
    assert_eq!(cargo["dependencies"]["meshwright"]["path"].as_str(), Some("../sdk"));
    assert!(cargo["workspace"].is_table(), "a product is nobody's workspace member");
    assert!(read(home.path().join("emissions/src/main.rs")).lines().count() < 80);
    let error = create(NewProduct {
        sdk: "\"1\"\nserde = \"1\"".to_owned(),
        ..product(&home.path().join("x"), Flavor::Rust, &[])
    })
    .unwrap_err();
    assert_eq!(error.kind, ErrorKind::Invalid);
}

#[test]
fn the_same_answers_give_the_same_bytes() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("emissions");
    for flavor in [Flavor::Sql, Flavor::Rust] {
        let _ = fs::remove_dir_all(&folder);
        let made = make(&folder, flavor, &[("title", "Twice")]).unwrap();
        let again = home.path().join("elsewhere").join(flavor.to_string());
        fs::create_dir_all(again.parent().unwrap()).unwrap();
        render(&Answers::read(&folder).unwrap(), &again, None).unwrap();
        for file in made.files.iter().filter(|file| *file != Answers::PATH) {
            assert_eq!(read(folder.join(file)), read(again.join(file)), "{file}");
        }
    }
}
