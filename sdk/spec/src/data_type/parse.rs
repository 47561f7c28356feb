//! Types from text, with the place of the first mistake.
use std::ops::Range;
use std::str::FromStr;

use super::{DataType, DataTypeError, StructField};
use crate::nearest;

/// Types without parameters.
pub(super) const PLAIN: [(&str, DataType); 14] = [
    ("boolean", DataType::Boolean),
    ("int", DataType::Int),
    ("long", DataType::Long),
    ("float", DataType::Float),
    ("double", DataType::Double),
    ("date", DataType::Date),
    ("time", DataType::Time),
    ("timestamp", DataType::Timestamp),
    ("timestamptz", DataType::Timestamptz),
    ("timestamp_ns", DataType::TimestampNs),
    ("timestamptz_ns", DataType::TimestamptzNs),
    ("string", DataType::String),
    ("uuid", DataType::Uuid),
    ("binary", DataType::Binary),
];

/// Types with parameters, as they are to be written.
const SHAPED: [(&str, &str); 5] = [
    ("decimal", "decimal(10,2)"),
    ("fixed", "fixed(16)"),
    ("list", "list<string>"),
    ("map", "map<string,int>"),
    ("struct", "struct<name: string>"),
];

/// What other systems call our types.
const FOREIGN: [(&str, &str); 24] = [
    ("bool", "boolean"),
    ("integer", "int"),
    ("int32", "int"),
    ("smallint", "int"),
    ("int64", "long"),
    ("bigint", "long"),
    ("float32", "float"),
    ("real", "float"),
    ("float64", "double"),
    ("number", "double"),
    ("numeric", "decimal(10,2)"),
    ("varchar", "string"),
    ("text", "string"),
    ("str", "string"),
    ("char", "string"),
    ("utf8", "string"),
    ("datetime", "timestamp"),
    ("timestamp_tz", "timestamptz"),
    ("timestamp with time zone", "timestamptz"),
    ("bytes", "binary"),
    ("blob", "binary"),
    ("bytea", "binary"),
    ("array", "list<string>"),
    ("object", "struct<name: string>"),
];

/// Deeper nesting than anybody reads; also keeps the parser's stack small.
const DEEPEST: usize = 32;

impl FromStr for DataType {
    type Err = DataTypeError;

    fn from_str(text: &str) -> Result<Self, DataTypeError> {
        let mut parser = Parser { text, at: 0, depth: 0 };
        let data_type = parser.data_type()?;
        parser.blanks();
        match parser.at == text.len() {
            true => Ok(data_type),
            false => Err(parser.wrong(parser.at..text.len(), format!("nothing may follow the type `{data_type}`"))),
        }
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn data_type(&mut self) -> Result<DataType, DataTypeError> {
        self.blanks();
        let start = self.at;
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.wrong(start..self.text.len(), format!("types nest at most {DEEPEST} deep")));
        }
        let word = self.word();
        let found = match word {
            "decimal" => self.decimal(),
            "fixed" => self.fixed(),
            "list" => {
                self.expect('<', word)?;
                let item = self.data_type()?;
                self.expect('>', word)?;
                Ok(DataType::List(Box::new(item)))
            }
            "map" => {
                self.expect('<', word)?;
                let key = self.data_type()?;
                self.expect(',', word)?;
                let value = self.data_type()?;
                self.expect('>', word)?;
                Ok(DataType::Map(Box::new(key), Box::new(value)))
            }
            "struct" => self.fields(),
            plain => match PLAIN.iter().find(|(name, _)| *name == plain) {
                Some((_, data_type)) => Ok(data_type.clone()),
                None => Err(self.unknown(start)),
            },
        };
        self.depth -= 1;
        found
    }

    fn decimal(&mut self) -> Result<DataType, DataTypeError> {
        self.expect('(', "decimal")?;
        let (precision, precision_at) = self.number("decimal")?;
        self.expect(',', "decimal")?;
        let (scale, scale_at) = self.number("decimal")?;
        self.expect(')', "decimal")?;
        match (u8::try_from(precision), u8::try_from(scale)) {
            (Ok(precision @ 1..=38), Ok(scale)) if scale <= precision => Ok(DataType::Decimal { precision, scale }),
            (Ok(1..=38), _) => Err(self.wrong(scale_at, format!("at most {precision} digits fit after the point"))),
            _ => Err(self.wrong(precision_at, "a decimal has 1 to 38 digits".to_owned())),
        }
    }

    fn fixed(&mut self) -> Result<DataType, DataTypeError> {
        self.expect('(', "fixed")?;
        let (length, at) = self.number("fixed")?;
        self.expect(')', "fixed")?;
        match u32::try_from(length) {
            Ok(length) if length > 0 && i32::try_from(length).is_ok() => Ok(DataType::Fixed(length)),
            _ => Err(self.wrong(at, "a fixed has 1 to 2147483647 bytes".to_owned())),
        }
    }

    fn fields(&mut self) -> Result<DataType, DataTypeError> {
        self.expect('<', "struct")?;
        let mut fields: Vec<StructField> = Vec::new();
        loop {
            self.blanks();
            let start = self.at;
            let name = self.word();
            if name.is_empty() {
                return Err(self.missing("the name of a member", "struct"));
            }
            if fields.iter().any(|field| field.name == name) {
                return Err(self.wrong(start..self.at, format!("the struct already has a member `{name}`")));
            }
            self.expect(':', "struct")?;
            fields.push(StructField { name: name.to_owned(), data_type: self.data_type()? });
            self.blanks();
            if !self.text[self.at..].starts_with(',') {
                self.expect('>', "struct")?;
                return Ok(DataType::Struct(fields));
            }
            self.at += 1;
        }
    }

    fn number(&mut self, of: &str) -> Result<(u64, Range<usize>), DataTypeError> {
        self.blanks();
        let start = self.at;
        match self.word().parse() {
            Ok(number) => Ok((number, start..self.at)),
            Err(_) => {
                self.at = start;
                Err(self.missing("a whole number", of))
            }
        }
    }

    fn word(&mut self) -> &'a str {
        let start = self.at;
        let rest = &self.text[start..];
        let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    fn blanks(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
    }

    fn expect(&mut self, sign: char, of: &str) -> Result<(), DataTypeError> {
        self.blanks();
        if self.text[self.at..].starts_with(sign) {
            self.at += sign.len_utf8();
            return Ok(());
        }
        Err(self.missing(&format!("`{sign}`"), of))
    }

    /// Something of a type with parameters is not there; the example says how it is written.
    fn missing(&self, what: &str, of: &str) -> DataTypeError {
        let found = match self.text[self.at..].chars().next() {
            Some(c) => (format!("not `{c}`"), self.at..self.at + c.len_utf8()),
            None => ("not the end".to_owned(), self.at..self.at),
        };
        let example = SHAPED.iter().find(|(name, _)| *name == of).map_or("", |(_, example)| example);
        let whole = self.text.trim() == of;
        DataTypeError {
            message: format!("{what} is expected here, {}, as in `{example}`", found.0),
            at: found.1,
            suggestion: whole.then(|| example.to_owned()),
        }
    }

    /// The word that starts at `start` is no type of ours.
    fn unknown(&self, start: usize) -> DataTypeError {
        let end = if self.at > start { self.at } else { self.text.len() };
        let word = self.text[start..end].trim_end();
        let low = word.to_lowercase();
        let names = || PLAIN.iter().map(|(name, _)| *name).chain(SHAPED.iter().map(|(name, _)| *name));
        let foreign = FOREIGN.iter().find(|(name, _)| *name == low).map(|(_, ours)| *ours);
        let message = match word {
            "" => "a type is expected here, not nothing".to_owned(),
            _ => format!("`{word}` is not a type"),
        };
        DataTypeError {
            message,
            at: start..start + word.len(),
            suggestion: foreign.or_else(|| nearest(&low, names())).map(str::to_owned),
        }
    }

    fn wrong(&self, at: Range<usize>, message: String) -> DataTypeError {
        DataTypeError { message, at, suggestion: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_print_as_they_are_written() {
        for text in [
            "boolean",
            "int",
            "long",
            "float",
            "double",
            "decimal(38,38)",
            "date",
            "time",
            "timestamp",
            "timestamptz",
            "timestamp_ns",
            "timestamptz_ns",
            "string",
            "uuid",
            "binary",
            "fixed(16)",
            "list<list<int>>",
            "map<string,decimal(10,2)>",
            "struct<a: int, b: list<struct<c: uuid>>>",
        ] {
            assert_eq!(text.parse::<DataType>().unwrap().to_string(), text);
        }
        let spaced = " struct < a:int,b : map< string , fixed( 2 ) > > ";
        assert_eq!(spaced.parse::<DataType>().unwrap().to_string(), "struct<a: int, b: map<string,fixed(2)>>");
    }

    #[test]
    fn mistakes_have_a_place_and_a_suggestion() {
        for (text, at, suggestion) in [
            ("strng", 0..5, Some("string")),
            ("list<bigint>", 5..11, Some("long")),
            ("VARCHAR", 0..7, Some("string")),
            ("decimal", 7..7, Some("decimal(10,2)")),
            ("decimal(39,2)", 8..10, None),
            ("decimal(3,4)", 10..11, None),
            ("int int", 4..7, None),
            ("list<int", 8..8, None),
            ("struct<a: int, a: int>", 15..16, None),
            ("map<string>", 10..11, None),
            ("", 0..0, None),
        ] {
            let error = text.parse::<DataType>().unwrap_err();
            assert_eq!((error.at, error.suggestion.as_deref()), (at, suggestion), "{text}: {}", error.message);
        }
    }

    #[test]
    fn nesting_has_an_end() {
        let deep = format!("{}int{}", "list<".repeat(10_000), ">".repeat(10_000));
        assert!(deep.parse::<DataType>().is_err());
    }
}
