//! What `--at` of a query says: one state for all ports, or one by product or port.
use std::collections::BTreeSet;

use meshwright_spec::{Diagnostic, PortName, Sources};

use crate::failure::{Failure, Findings, Result};
use crate::when::When;

/// `WHEN`, or `domain.product=WHEN` and `domain.product.port=WHEN` with commas between.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct At {
    everywhere: Option<When>,
    /// By the full name of a product or port.
    named: Vec<(String, When)>,
}

impl At {
    /// # Errors
    /// [`Failure::Usage`] when two states are said for the same thing, or none.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let mut at = Self { everywhere: None, named: vec![] };
        for part in text.split(',').map(str::trim) {
            match part.split_once('=') {
                Some((name, when)) if !when.trim().is_empty() && at.named.iter().all(|(n, _)| n != name.trim()) => {
                    at.named.push((name.trim().to_owned(), When::parse(when.trim())));
                }
                None if !part.is_empty() && at.everywhere.is_none() => at.everywhere = Some(When::parse(part)),
                _ => return Err(unclear(format!("`--at {text}` does not say one state for each thing"))),
            }
        }
        Ok(at)
    }

    /// The state in which a port is read; none: as it is now.
    pub(crate) fn of(&self, port: &PortName) -> Option<&When> {
        let named = |name: String| self.named.iter().find(|(n, _)| *n == name).map(|(_, when)| when);
        named(port.to_string()).or_else(|| named(port.product.to_string())).or(self.everywhere.as_ref())
    }

    /// Whether this can be said of the ports of a query: a release number is one product's, and every name is read.
    ///
    /// # Errors
    /// [`Failure::Usage`] with what to say instead.
    pub(crate) fn fits(&self, ports: &[PortName]) -> Result<()> {
        for (name, _) in &self.named {
            if !ports.iter().any(|p| p.to_string() == *name || p.product.to_string() == *name) {
                return Err(unclear(format!("`--at {name}=...`: the query reads no port of `{name}`")));
            }
        }
        let Some(When::Release(number)) = &self.everywhere else { return Ok(()) };
        let by_name = |p: &&PortName| self.of(p) == self.everywhere.as_ref();
        let products: BTreeSet<String> = ports.iter().filter(by_name).map(|p| p.product.to_string()).collect();
        if products.len() < 2 {
            return Ok(());
        }
        let each: Vec<String> = products.iter().map(|p| format!("{p}=r{number}")).collect();
        let names: Vec<String> = products.iter().map(|p| format!("`{p}`")).collect();
        let d = Diagnostic::error("M1001", format!("r{number} of which product: {}?", names.join(" or ")));
        let d = d.help(format!("say it for each, `--at {}`, or name a time, which holds for all", each.join(",")));
        Err(Failure::Usage(Findings::one(d, &Sources::default())))
    }
}

fn unclear(message: String) -> Failure {
    let d = Diagnostic::error("M1001", message);
    let d = d.help("write `--at WHEN` for all ports, or `--at domain.product=WHEN,domain.other=WHEN`");
    Failure::Usage(Findings::one(d, &Sources::default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_read_at_the_nearest_word_for_it() {
        let port = |p: &str| p.parse::<PortName>().unwrap();
        let at = At::parse("today,a.b=r2, a.b.c=main").unwrap();
        assert_eq!(at.of(&port("a.b.c")), Some(&When::Ref("main".into())));
        assert_eq!(at.of(&port("a.b.d")), Some(&When::Release(2)));
        assert_eq!(at.of(&port("x.y.z")), Some(&When::Ref("today".into())));
        assert!(At::parse("r1,r2").is_err() && At::parse("a.b=").is_err() && At::parse("").is_err());
    }

    #[test]
    fn a_release_number_is_one_products() {
        let ports: Vec<PortName> = ["a.b.c", "a.b.d", "x.y.z"].map(|p| p.parse().unwrap()).to_vec();
        assert!(At::parse("r1").unwrap().fits(&ports[..2]).is_ok());
        assert!(At::parse("r1").unwrap().fits(&ports).is_err());
        assert!(At::parse("r1,x.y=r7").unwrap().fits(&ports).is_ok());
        assert!(At::parse("a.c=r1").unwrap().fits(&ports).is_err());
    }
}
