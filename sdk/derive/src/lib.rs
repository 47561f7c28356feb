//! Derives typed records that are checked against a contract at compile time.
//!
//! Used through the crate `meshwright`, which documents both derives at their traits.

mod describe;
mod field_type;
mod promise;
mod record;

use std::path::PathBuf;

use proc_macro::TokenStream;

/// Derives `meshwright::Record`: a struct whose fields are the columns of a row.
///
/// `#[record(contract = "contracts/port.toml")]` on the struct compares its fields with the columns of a contract while
/// it is compiled; the path starts at the folder of `Cargo.toml`. `#[record(name = "type")]` on a field names its column.
#[proc_macro_derive(Record, attributes(record))]
pub fn derive_record(input: TokenStream) -> TokenStream {
    let root = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).unwrap_or_default();
    record::derive(input.into(), &root).into()
}

/// Derives `meshwright::Describe`: the doc comment of a type is what people read in the catalog.
#[proc_macro_derive(Describe)]
pub fn derive_describe(input: TokenStream) -> TokenStream {
    describe::derive(input.into()).into()
}
