//! `#[derive(Record)]`
use std::path::Path;

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Error, Fields, Ident, LitStr, Type};

use crate::promise;

/// A struct that is to be a record.
pub(crate) struct Struct {
    pub(crate) ident: Ident,
    pub(crate) contract: Option<LitStr>,
    pub(crate) fields: Vec<Field>,
}

/// One of its fields.
pub(crate) struct Field {
    pub(crate) ident: Ident,
    pub(crate) column: String,
    pub(crate) spelled: Type,
}

/// The implementation of `Record`, and next to it whatever does not agree with the contract in the folder `root`.
pub(crate) fn derive(input: TokenStream, root: &Path) -> TokenStream {
    let parsed = match syn::parse2(input).and_then(parse) {
        Ok(parsed) => parsed,
        Err(error) => return error.into_compile_error(),
    };
    // the implementation is there in any case, so that one mistake is not followed by a hundred
    let (implementation, promised) = (expand(&parsed), promise::hold(&parsed, root));
    quote! { #implementation #promised }
}

fn parse(input: DeriveInput) -> syn::Result<Struct> {
    let Data::Struct(data) = &input.data else {
        return Err(Error::new(input.ident.span(), "only a struct can be a record"));
    };
    let Fields::Named(named) = &data.fields else {
        return Err(Error::new(input.ident.span(), "a record needs fields with names: they are its columns"));
    };
    if !input.generics.params.is_empty() {
        return Err(Error::new(
            input.generics.span(),
            "a record has no parameters: its columns are known once and for all",
        ));
    }
    let mut contract = None;
    for attribute in input.attrs.iter().filter(|attribute| attribute.path().is_ident("record")) {
        attribute.parse_nested_meta(|meta| match meta.path.is_ident("contract") {
            true => {
                contract = Some(meta.value()?.parse::<LitStr>()?);
                Ok(())
            }
            false => Err(meta.error("a record knows `contract = \"contracts/<port>.toml\"` here")),
        })?;
    }
    let mut fields: Vec<Field> = Vec::new();
    for field in &named.named {
        let Some(ident) = field.ident.clone() else { continue };
        let mut column = ident.unraw().to_string();
        for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("record")) {
            attribute.parse_nested_meta(|meta| match meta.path.is_ident("name") {
                true => {
                    column = meta.value()?.parse::<LitStr>()?.value();
                    Ok(())
                }
                false => Err(meta.error("a field knows `name = \"<column>\"` here")),
            })?;
        }
        if fields.iter().any(|other| other.column == column) {
            return Err(Error::new(ident.span(), format!("two fields are the column `{column}`")));
        }
        fields.push(Field { ident, column, spelled: field.ty.clone() });
    }
    Ok(Struct { ident: input.ident, contract, fields })
}

fn expand(parsed: &Struct) -> TokenStream {
    let ident = &parsed.ident;
    let names = parsed.fields.iter().map(|field| &field.ident);
    let locals: Vec<Ident> = (0..parsed.fields.len()).map(|at| format_ident!("cells_{at}")).collect();
    // mistakes about a type are shown at the type
    let columns = parsed.fields.iter().map(|Field { column, spelled, .. }| {
        quote_spanned! { spelled.span() => ::meshwright::derived::field::<#spelled>(#column) }
    });
    let arrays = parsed.fields.iter().map(|Field { ident, spelled, .. }| {
        quote_spanned! { spelled.span() => ::meshwright::derived::array::<Self, #spelled>(rows, |row| &row.#ident) }
    });
    let opened = parsed.fields.iter().zip(&locals).map(|(Field { column, spelled, .. }, local)| {
        quote_spanned! { spelled.span() => let #local = ::meshwright::derived::column::<#spelled>(batch, #column)?; }
    });
    let cells = parsed.fields.iter().zip(&locals).map(|(Field { spelled, .. }, local)| {
        quote_spanned! { spelled.span() => <#spelled as ::meshwright::Value>::cell(&#local, row) }
    });
    quote! {
        #[automatically_derived]
        impl ::meshwright::Record for #ident {
            fn schema() -> ::meshwright::derived::SchemaRef {
                static SCHEMA: ::std::sync::LazyLock<::meshwright::derived::SchemaRef> =
                    ::std::sync::LazyLock::new(|| ::meshwright::derived::schema([#(#columns),*]));
                ::meshwright::derived::SchemaRef::clone(&SCHEMA)
            }

            fn to_batch(rows: &[Self]) -> ::meshwright::derived::RecordBatch {
                ::meshwright::derived::batch(<Self as ::meshwright::Record>::schema(), [#(#arrays),*], rows.len())
            }

            fn from_batch(
                batch: &::meshwright::derived::RecordBatch,
            ) -> ::std::result::Result<::std::vec::Vec<Self>, ::meshwright::Error> {
                #(#opened)*
                let row = |row: usize| Self { #(#names: #cells),* };
                ::std::result::Result::Ok((0..batch.num_rows()).map(row).collect())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistake(input: TokenStream) -> String {
        derive(input, Path::new("/nowhere")).to_string()
    }

    #[test]
    fn what_cannot_be_a_record_says_why() {
        assert!(mistake(quote! { enum A { B } }).contains("only a struct can be a record"));
        assert!(mistake(quote! { struct A(i32); }).contains("a record needs fields with names"));
        assert!(mistake(quote! { struct A<T> { b: T } }).contains("a record has no parameters"));
        assert!(mistake(quote! { #[record(port = "x")] struct A { b: i32 } }).contains("a record knows `contract"));
        assert!(mistake(quote! { struct A { #[record(rename = "x")] b: i32 } }).contains("a field knows `name"));
        assert!(
            mistake(quote! { struct A { b: i32, #[record(name = "b")] c: i32 } })
                .contains("two fields are the column `b`")
        );
    }
}
