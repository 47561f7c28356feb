//! Types of fields as far as a macro can see them, which is their spelling.
use meshwright_spec::DataType;
use syn::{Expr, ExprLit, GenericArgument, Lit, PathArguments, Type};

/// A field's type that is known by its spelling.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct FieldType {
    /// What contracts call it.
    pub(crate) data_type: DataType,
    /// Whether it is an `Option`.
    pub(crate) optional: bool,
}

/// Types without parameters: Rust's name, ours.
const PLAIN: [(&str, DataType); 11] = [
    ("bool", DataType::Boolean),
    ("i32", DataType::Int),
    ("i64", DataType::Long),
    ("f32", DataType::Float),
    ("f64", DataType::Double),
    ("String", DataType::String),
    ("Date", DataType::Date),
    ("Time", DataType::Time),
    ("Timestamp", DataType::Timestamp),
    ("Timestamptz", DataType::Timestamptz),
    ("Uuid", DataType::Uuid),
];

/// What a type's spelling says; nothing for names that only the compiler can resolve.
pub(crate) fn read(spelled: &Type) -> Option<FieldType> {
    match last_segment(spelled)? {
        (name, arguments) if name == "Option" => match arguments[..] {
            [GenericArgument::Type(inner)] => value(inner).map(|data_type| FieldType { data_type, optional: true }),
            _ => None,
        },
        _ => value(spelled).map(|data_type| FieldType { data_type, optional: false }),
    }
}

fn value(spelled: &Type) -> Option<DataType> {
    let (name, arguments) = last_segment(spelled)?;
    match (name.as_str(), &arguments[..]) {
        ("Vec", [GenericArgument::Type(item)]) if last_segment(item)?.0 == "u8" => Some(DataType::Binary),
        ("Decimal", [precision, scale]) => {
            Some(DataType::Decimal { precision: number(precision)?, scale: number(scale)? })
        }
        (name, []) => PLAIN.iter().find(|(known, _)| *known == name).map(|(_, data_type)| data_type.clone()),
        _ => None,
    }
}

fn last_segment(spelled: &Type) -> Option<(String, Vec<&GenericArgument>)> {
    let Type::Path(path) = spelled else { return None };
    let last = path.path.segments.last()?;
    let arguments = match &last.arguments {
        PathArguments::AngleBracketed(arguments) => arguments.args.iter().collect(),
        _ => Vec::new(),
    };
    Some((last.ident.to_string(), arguments))
}

fn number(argument: &GenericArgument) -> Option<u8> {
    match argument {
        GenericArgument::Const(Expr::Lit(ExprLit { lit: Lit::Int(number), .. })) => number.base10_parse().ok(),
        _ => None,
    }
}

/// How a column of a contract is spelled as a field; nothing for types that no field has.
pub(crate) fn spelling(data_type: &DataType, optional: bool) -> Option<String> {
    let plain = PLAIN.iter().find(|(_, known)| known == data_type).map(|(name, _)| (*name).to_owned());
    let name = match data_type {
        DataType::Binary => Some("Vec<u8>".to_owned()),
        DataType::Decimal { precision, scale } => Some(format!("Decimal<{precision}, {scale}>")),
        _ => plain,
    }?;
    Some(if optional { format!("Option<{name}>") } else { name })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_are_read_as_they_are_written() {
        for (spelled, name, optional) in [
            ("i64", "long", false),
            ("Option<f64>", "double", true),
            ("std::option::Option<meshwright::Date>", "date", true),
            ("Vec<u8>", "binary", false),
            ("Option<Decimal<10, 2>>", "decimal(10,2)", true),
        ] {
            let found = read(&syn::parse_str(spelled).unwrap()).unwrap();
            assert_eq!((found.data_type.to_string().as_str(), found.optional), (name, optional));
            if !spelled.contains("::") {
                assert_eq!(spelling(&found.data_type, optional).as_deref(), Some(spelled));
            }
        }
        for unknown in ["Money", "Vec<i64>", "&'static str", "Option<Option<i64>>", "Decimal<P, S>"] {
            assert_eq!(read(&syn::parse_str(unknown).unwrap()), None, "{unknown}");
        }
    }
}
