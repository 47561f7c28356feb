//! Names: `[a-z][a-z0-9_]*`, and the dotted names of products and ports.
use std::fmt;
use std::str::FromStr;

/// A name of a domain, product, port, source, step or column: `[a-z][a-z0-9_]*`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "full", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "full", serde(try_from = "String", into = "String"))]
pub struct Name(String);

/// Why a text is not a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameError {
    /// One sentence without a full stop.
    pub message: String,
    /// A spelling that would be accepted, where one is near.
    pub suggestion: Option<String>,
}

/// `domain.product`
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "full", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "full", serde(try_from = "String", into = "String"))]
pub struct ProductName {
    /// The domain that owns the product.
    pub domain: Name,
    /// The product's own name.
    pub name: Name,
}

/// `domain.product.port`
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "full", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "full", serde(try_from = "String", into = "String"))]
pub struct PortName {
    /// The product that owns the port.
    pub product: ProductName,
    /// The port's own name.
    pub port: Name,
}

impl Name {
    /// The text of the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl ProductName {
    /// Puts a product name together.
    pub fn new(domain: Name, name: Name) -> Self {
        Self { domain, name }
    }

    /// The full name of one of this product's ports.
    pub fn port(&self, port: Name) -> PortName {
        PortName { product: self.clone(), port }
    }
}

impl FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let starts = text.chars().next().is_some_and(|c| c.is_ascii_lowercase());
        if starts && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_') {
            return Ok(Self(text.to_owned()));
        }
        Err(NameError {
            message: format!("`{text}` is not a name: names start with a letter and hold only a-z, 0-9 and _"),
            suggestion: near(text),
        })
    }
}

impl FromStr for ProductName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        match text.split(['.', '/']).collect::<Vec<_>>()[..] {
            [domain, name] => Ok(Self { domain: domain.parse()?, name: name.parse()? }),
            _ => Err(NameError {
                message: format!("`{text}` is not a product's full name: `domain.product`"),
                suggestion: None,
            }),
        }
    }
}

impl FromStr for PortName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        match text.split('.').collect::<Vec<_>>()[..] {
            [domain, name, port] => {
                Ok(Self { product: ProductName { domain: domain.parse()?, name: name.parse()? }, port: port.parse()? })
            }
            _ => Err(NameError {
                message: format!("`{text}` is not a port's full name: `domain.product.port`"),
                suggestion: None,
            }),
        }
    }
}

/// Lower case, other characters to `_`; nothing where no letter is left to start with.
fn near(text: &str) -> Option<String> {
    let low: String = text.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let low = low.trim_matches('_').trim_start_matches(|c: char| !c.is_ascii_lowercase()).to_owned();
    (!low.is_empty()).then_some(low)
}

macro_rules! texts {
    ($($type:ty),*) => {$(
        impl TryFrom<String> for $type {
            type Error = NameError;
            fn try_from(text: String) -> Result<Self, NameError> {
                text.parse()
            }
        }
        impl From<$type> for String {
            fn from(name: $type) -> String {
                name.to_string()
            }
        }
    )*};
}
texts!(Name, ProductName, PortName);

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for ProductName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.domain, self.name)
    }
}

impl fmt::Display for PortName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.product, self.port)
    }
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for NameError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_one_rule() {
        for good in ["a", "co2", "country_year"] {
            assert!(good.parse::<Name>().is_ok(), "{good}");
        }
        for bad in ["", "2x", "_a", "CO2", "a-b", "é", "a b"] {
            assert!(bad.parse::<Name>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_bad_name_suggests_a_good_one() {
        assert_eq!("Country-Year".parse::<Name>().unwrap_err().suggestion.as_deref(), Some("country_year"));
        assert_eq!("2020".parse::<Name>().unwrap_err().suggestion, None);
    }

    #[test]
    fn port_names_are_three_parts() {
        let port: PortName = "climate.emissions.country_year".parse().unwrap();
        assert_eq!(port.product.domain.as_str(), "climate");
        assert_eq!(port.to_string(), "climate.emissions.country_year");
        assert!("climate.emissions".parse::<PortName>().is_err());
    }
}
