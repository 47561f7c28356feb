//! `#[derive(Describe)]`
use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, DeriveInput, Error, Expr, ExprLit, Lit, Meta};

pub(crate) fn derive(input: TokenStream) -> TokenStream {
    expand(input).unwrap_or_else(|error| error.into_compile_error())
}

fn expand(input: TokenStream) -> syn::Result<TokenStream> {
    let input: DeriveInput = syn::parse2(input)?;
    let ident = &input.ident;
    let text = doc_comment(&input.attrs);
    if text.is_empty() {
        let message =
            format!("`{ident}` needs a doc comment (`/// ...`): it is the description that people find in the catalog");
        return Err(Error::new(ident.span(), message));
    }
    let (generics, arguments, bounds) = input.generics.split_for_impl();
    Ok(quote! {
        impl #generics ::meshwright::Describe for #ident #arguments #bounds {
            fn description(&self) -> ::std::string::String {
                ::std::string::String::from(#text)
            }
        }
    })
}

/// The text of `///` lines, without the blank that each starts with.
fn doc_comment(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| match &attribute.meta {
        Meta::NameValue(doc) if doc.path.is_ident("doc") => match &doc.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    });
    let lines: Vec<String> = lines.map(|line| line.strip_prefix(' ').unwrap_or(&line).to_owned()).collect();
    lines.join("\n").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_doc_comment_is_the_description() {
        let found = derive(quote! {
            /// First line.
            ///
            /// Second one.
            struct Weather<T>(T);
        });
        let found = found.to_string();
        assert!(found.contains(r#""First line.\n\nSecond one.""#), "{found}");
        assert!(found.contains("Describe for Weather < T >"), "{found}");
    }

    #[test]
    fn none_is_a_mistake() {
        let found = derive(quote! { struct Weather; }).to_string();
        assert!(found.contains("`Weather` needs a doc comment"), "{found}");
    }
}
