//! The products kept in this repository, and those just scaffolded, judged by the vocabulary itself.
use std::path::{Path, PathBuf};

use meshwright_scaffold::{Answers, Flavor, render};
use meshwright_spec::{Contract, Product, Sources};

use crate::{make, read};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Everything that is wrong with `product.toml` and the contracts of a folder.
fn mistakes(folder: &Path) -> Vec<String> {
    let mut sources = Sources::default();
    let file = sources.add("product.toml", read(folder.join("product.toml")));
    let flavor = match folder.join("Cargo.toml").exists() {
        true => meshwright_spec::Flavor::Program,
        false => meshwright_spec::Flavor::Declarative,
    };
    let (product, mut wrong) = Product::parse(file, &sources, flavor);
    for output in product.iter().flat_map(|product| &product.outputs) {
        let path = format!("contracts/{}.toml", output.name);
        let file = sources.add(&path, read(folder.join(&path)));
        wrong.extend(Contract::parse(&output.name, file, &sources).1);
    }
    wrong.iter().map(|wrong| wrong.render(&sources, false)).collect()
}

#[test]
fn a_new_product_is_valid() {
    let home = tempfile::tempdir().unwrap();
    for flavor in [Flavor::Sql, Flavor::Rust] {
        let folder = home.path().join(flavor.to_string());
        make(&folder, flavor, &[("title", r#"Bob "the" builder"#), ("port", "country_year")]).unwrap();
        assert_eq!(mistakes(&folder), [""; 0]);
    }
}

#[test]
fn the_products_kept_here_are_valid_and_can_be_updated() {
    let home = tempfile::tempdir().unwrap();
    let kept = [
        "domains/climate/emissions",
        "domains/finance/intensity",
        "domains/energy/plants",
        "examples/minimal",
        "examples/formats",
        "examples/typed",
    ];
    for kept in kept {
        let folder = repository().join(kept);
        assert_eq!(mistakes(&folder), [""; 0], "{kept}");
        // the version it was born from must stay renderable: it is the base of every later merge
        let answers = Answers::read(&folder).unwrap();
        render(&answers, &home.path().join(kept.replace('/', "-")), None).unwrap();
        let product: toml::Table = read(folder.join("product.toml")).parse().unwrap();
        assert_eq!(product["product"]["title"].as_str(), Some(answers.values["title"].as_str()), "{kept}");
    }
}
