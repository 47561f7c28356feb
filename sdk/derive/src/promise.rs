//! Whether a record keeps what its contract promises.
use std::path::Path;

use meshwright_spec::{Column, Contract, Name, Sources, nearest};
use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Error, LitStr};

use crate::field_type::{self, spelling};
use crate::record::{Field, Struct};

/// Mistakes, questions that only the compiler can answer, and what makes an edited contract recompile the program.
pub(crate) fn hold(record: &Struct, root: &Path) -> TokenStream {
    let Some(literal) = &record.contract else { return TokenStream::new() };
    let path = root.join(literal.value());
    let tracked =
        path.to_str().filter(|_| path.is_file()).map(|path| quote! { const _: &[u8] = include_bytes!(#path); });
    let found = match load(literal, &path) {
        Ok((contract, sources)) => Comparison { record, contract: &contract, sources: &sources }.all(),
        Err(error) => error.into_compile_error(),
    };
    quote! { #tracked #found }
}

fn load(literal: &LitStr, path: &Path) -> syn::Result<(Contract, Sources)> {
    let wrong = |message: String| Error::new(literal.span(), message);
    let relative = literal.value();
    if path.extension().is_none_or(|extension| extension != "toml") {
        return Err(wrong(format!("`{relative}` is no contract in TOML, and records are compared with those only")));
    }
    let text = std::fs::read_to_string(path).map_err(|error| {
        wrong(format!("`{relative}` cannot be read ({error}); the path starts at the folder of Cargo.toml"))
    })?;
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let port: Name = stem.parse().map_err(|error| wrong(format!("`{relative}` is not named after a port: {error}")))?;
    let mut sources = Sources::default();
    let file = sources.add(&relative, text);
    let (contract, diagnostics) = Contract::parse(&port, file, &sources);
    contract.map(|contract| (contract, sources.clone())).ok_or_else(|| {
        let mistakes = diagnostics.iter().filter(|diagnostic| diagnostic.is_error());
        let mistakes: Vec<String> = mistakes.map(|diagnostic| diagnostic.render(&sources, false)).collect();
        wrong(format!("the contract has mistakes of its own\n{}", mistakes.join("\n")))
    })
}

struct Comparison<'a> {
    record: &'a Struct,
    contract: &'a Contract,
    sources: &'a Sources,
}

impl Comparison<'_> {
    fn all(&self) -> TokenStream {
        let fields = self.record.fields.iter().map(|field| match self.contract.column(&field.column) {
            Some(column) => self.field(field, column),
            None => self.unknown(field),
        });
        let missing = self.contract.columns.iter().filter(|column| !self.has(&column.name));
        let missing = missing.map(|column| {
            let (name, data_type) = (&column.name, &column.data_type);
            let add = match spelling(data_type, !self.required(column)) {
                Some(spelled) => format!("add `{name}: {spelled}`"),
                None => "no field can hold that yet, so leave out `contract = ...`".to_owned(),
            };
            let what = format!("`{}` has no field for `{name}`, which is {data_type}", self.record.ident);
            self.mistake(self.record.ident.span(), column, &what, &add)
        });
        fields.chain(missing).collect()
    }

    fn field(&self, field: &Field, column: &Column) -> TokenStream {
        let name = &column.name;
        let required = self.required(column);
        let why = if self.contract.key.contains(name) { "belongs to the key" } else { "is required" };
        let (is, never_null) =
            (format!("`{name}` is {}", column.data_type), format!("`{name}` {why}, so it is never null"));
        match (field_type::read(&field.spelled), spelling(&column.data_type, !required)) {
            (_, None) => {
                let help = "no field can hold that yet, so leave out `contract = ...`";
                self.mistake(field.spelled.span(), column, &is, help)
            }
            (Some(found), Some(right)) => {
                let help = format!("make it `{right}`");
                if found.data_type != column.data_type {
                    self.mistake(field.spelled.span(), column, &is, &help)
                } else if found.optional && required {
                    self.mistake(field.spelled.span(), column, &never_null, &help)
                } else {
                    TokenStream::new()
                }
            }
            // the name of a type that only the compiler can resolve: it compares when it has done so
            (None, Some(right)) => {
                let (spelled, expected) = (&field.spelled, type_name(column));
                let help = format!("make it `{right}`");
                let (is, never_null) = (self.sentence(column, &is, &help), self.sentence(column, &never_null, &help));
                let nulls = required.then(|| {
                    quote_spanned! { spelled.span() => assert!(<#spelled as ::meshwright::Value>::REQUIRED, #never_null); }
                });
                quote_spanned! { spelled.span() =>
                    const _: () = {
                        assert!(<#spelled as ::meshwright::Value>::TYPE.is(&#expected), #is);
                        #nulls
                    };
                }
            }
        }
    }

    fn unknown(&self, field: &Field) -> TokenStream {
        let names = self.contract.columns.iter().map(|column| column.name.as_str());
        let free = names.clone().filter(|name| !self.has(name));
        let help = match nearest(&field.column, free) {
            Some(name) => format!("did you mean `{name}`?"),
            None => format!("its columns are: {}", names.collect::<Vec<_>>().join(", ")),
        };
        let file = self.sources.get(self.contract.file).map(|file| file.path.display().to_string()).unwrap_or_default();
        Error::new(field.ident.span(), format!("the contract has no column `{}` ({file}): {help}", field.column))
            .into_compile_error()
    }

    fn mistake(&self, at: Span, column: &Column, what: &str, help: &str) -> TokenStream {
        Error::new(at, self.sentence(column, what, help)).into_compile_error()
    }

    fn sentence(&self, column: &Column, what: &str, help: &str) -> String {
        let file = self.sources.get(column.span.file).map(|file| file.path.display().to_string()).unwrap_or_default();
        let line = self.sources.position(&column.span).map(|(line, _)| format!(":{line}")).unwrap_or_default();
        format!("the contract says that {what} ({file}{line}): {help}")
    }

    fn required(&self, column: &Column) -> bool {
        column.required || self.contract.key.contains(&column.name)
    }

    fn has(&self, column: &str) -> bool {
        self.record.fields.iter().any(|field| field.column == column)
    }
}

/// The contract's type as an expression that can be compared while compiling.
fn type_name(column: &Column) -> TokenStream {
    match &column.data_type {
        meshwright_spec::DataType::Decimal { precision, scale } => {
            let scale = i8::try_from(*scale).unwrap_or(i8::MAX);
            quote! { ::meshwright::TypeName::decimal(#precision, #scale) }
        }
        plain => {
            let word = plain.to_string();
            quote! { ::meshwright::TypeName::plain(#word) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record;

    const CONTRACT: &str = r#"[contract]
version     = "1.0.0"
status      = "active"
description = "One row per country and year."
key         = ["country", "year"]

[columns]
country = { type = "string", description = "Country or region" }
year    = { type = "int", description = "Year" }
co2     = { type = "double", description = "Emissions" }
price   = { type = "decimal(10,2)", required = true, description = "Price" }
"#;

    /// What the compiler is told about a record with these fields, blanks squeezed.
    fn compiled(name: &str, contract: &str, fields: TokenStream) -> String {
        let root = std::env::temp_dir().join(format!("meshwright-derive-{}-{name}", std::process::id()));
        std::fs::create_dir_all(root.join("contracts")).unwrap();
        std::fs::write(root.join("contracts/country_year.toml"), contract).unwrap();
        let input = quote! { #[record(contract = "contracts/country_year.toml")] struct CountryYear { #fields } };
        let found = record::derive(input, &root).to_string();
        std::fs::remove_dir_all(&root).unwrap();
        found
    }

    #[test]
    fn a_record_that_keeps_its_promise_is_tracked_and_silent() {
        let fields = quote! { price: Decimal<10, 2>, year: i32, co2: Option<f64>, country: String };
        let found = compiled("good", CONTRACT, fields);
        assert!(!found.contains("compile_error"), "{found}");
        assert!(found.contains("include_bytes"), "{found}");

        let stricter =
            compiled("stricter", CONTRACT, quote! { price: Decimal<10, 2>, year: i32, co2: f64, country: String });
        assert!(!stricter.contains("compile_error"), "{stricter}");
    }

    #[test]
    fn every_broken_promise_is_named() {
        let fields = quote! { countri: String, year: i64, co2: Option<f64>, price: Option<Decimal<10, 2>> };
        let found = compiled("broken", CONTRACT, fields);
        for message in [
            "the contract has no column `countri` (contracts/country_year.toml): did you mean `country`?",
            "the contract says that `year` is int (contracts/country_year.toml:9): make it `i32`",
            "`price` is required, so it is never null (contracts/country_year.toml:11): make it `Decimal<10, 2>`",
            "`CountryYear` has no field for `country`, which is string (contracts/country_year.toml:8): add `country: String`",
        ] {
            assert!(found.contains(message), "{message}\n{found}");
        }
        assert_eq!(found.matches("compile_error").count(), 4, "{found}");
    }

    #[test]
    fn a_column_of_the_key_is_never_null() {
        let fields = quote! { country: Option<String>, year: i32, co2: Option<f64>, price: Decimal<10, 2> };
        let found = compiled("key", CONTRACT, fields);
        assert!(found.contains("`country` belongs to the key, so it is never null"), "{found}");
    }

    #[test]
    fn names_of_types_are_left_to_the_compiler() {
        let fields = quote! { country: Code, year: i32, co2: Option<f64>, price: Money };
        let found = compiled("alias", CONTRACT, fields);
        assert!(!found.contains("compile_error"), "{found}");
        assert!(found.contains("TypeName :: decimal (10u8 , 2i8)"), "{found}");
        assert!(found.contains("TypeName :: plain (\"string\")"), "{found}");
    }

    #[test]
    fn a_contract_with_mistakes_shows_them() {
        let broken = CONTRACT.replace("\"int\"", "\"integer\"");
        let found = compiled("mistakes", &broken, quote! { country: String });
        assert!(found.contains("the contract has mistakes of its own"), "{found}");
        assert!(found.contains("contracts/country_year.toml:9"), "{found}");

        let missing = quote! { #[record(contract = "contracts/none.toml")] struct A { a: i32 } };
        let found = record::derive(missing, Path::new("/nowhere")).to_string();
        assert!(found.contains("`contracts/none.toml` cannot be read"), "{found}");
    }
}
