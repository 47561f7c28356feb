//! `mesh profile`
use clap::{Args, ValueEnum};
use meshwright_check::{ColumnProfile, Profile as Found};
use meshwright_engine::{Dataset, profile};
use serde_json::{Value, json};

use crate::context::Context;
use crate::exit::Exit;
use crate::pages;
use crate::printer::{self, thousands};
use crate::problem::short;

/// Show what the values of a file or port are like: types, nulls, distinct values, quantiles, patterns
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:  mesh profile delivery.csv\n           mesh profile climate.emissions.country_year --column co2\n           \
                  mesh profile delivery.csv --format html --output profile.html"
)]
pub(crate) struct Profile {
    /// A file, glob or address, or domain.product.port
    #[arg(value_name = "FILE|PORT")]
    subject: String,
    /// As it was: release (r12), snapshot id, tag, branch or time; for ports
    #[arg(long, value_name = "WHEN")]
    at: Option<String>,
    /// Show everything of these columns
    #[arg(long, value_name = "NAME")]
    column: Vec<String>,
    /// As a file, and not for the terminal
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Write the page or the JSON to this file instead of stdout
    #[arg(short, long, value_name = "FILE", requires = "format")]
    output: Option<std::path::PathBuf>,
}

/// How a profile is written for others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One JSON object
    Json,
    /// One page that needs nothing else
    Html,
}

impl Profile {
    pub(crate) fn go(self, context: &Context) -> Exit {
        context.block_on(async {
            let subject = context.subject(&self.subject, self.at.as_deref());
            let mut found = profile(context.catalog_if_any().await?.as_ref(), &subject, &context.dir).await?;
            if let Some(name) = self.column.iter().find(|name| found.columns.iter().all(|c| c.name != **name)) {
                return Err(no_column(name, &found, &subject));
            }
            if !self.column.is_empty() {
                found.columns.retain(|column| self.column.contains(&column.name));
            }
            let output = self.output.as_ref().map(|path| context.dir.join(path));
            match self.format.or(context.json.then_some(Format::Json)) {
                Some(Format::Json) => {
                    let facts = json!({ "subject": subject.name(), "profile": found });
                    match &output {
                        Some(_) => pages::deliver(&printer::json_text(&facts), output.as_deref())?,
                        None => printer::json(&facts),
                    }
                }
                Some(Format::Html) => pages::deliver(&pages::profile(&subject.name(), &found)?, output.as_deref())?,
                None => self.show(context, &subject, &found),
            }
            if let Some(path) = &output {
                context.say(&format!("wrote {}", path.display()));
            }
            Ok(Exit::Done)
        })
    }

    /// For a terminal.
    fn show(&self, context: &Context, subject: &Dataset, found: &Found) {
        printer::line(&format!("{}: {} rows", subject.name(), thousands(found.rows as i64)));
        printer::line("");
        overview(found);
        if self.column.is_empty() {
            context.say("hint: `--column NAME` shows quantiles, frequent values and patterns; `--json` shows all");
        } else {
            found.columns.iter().for_each(details);
        }
        for column in &found.columns {
            if let Some(reason) = &column.sensitive {
                context.say(&format!("note: values of `{}` are masked: {reason}", column.name));
            }
        }
    }
}

fn no_column(name: &str, found: &Found, subject: &Dataset) -> meshwright_engine::Failure {
    let names = found.columns.iter().map(|c| c.name.as_str());
    let near = meshwright_spec::nearest(name, names).map(|near| format!("did you mean `{near}`?"));
    let e = meshwright_catalog::Error::new(
        meshwright_catalog::Kind::NotFound,
        format!("`{}` has no column `{name}`", subject.name()),
    );
    e.help(near.unwrap_or_else(|| "`mesh profile` without `--column` shows the columns".to_owned())).into()
}

fn overview(found: &Found) {
    let rows: Vec<Vec<String>> = found
        .columns
        .iter()
        .map(|c| {
            let distinct = c.distinct.map_or_else(String::new, |d| {
                let about = if d.method == "exact" { "" } else { "~" };
                format!("{about}{}", thousands(d.count as i64))
            });
            let mean = c.summary.as_ref().and_then(|s| s.mean).map_or_else(String::new, figure);
            vec![
                c.name.clone(),
                c.data_type.to_string(),
                format!("{:.1} %", c.null_share * 100.0),
                distinct,
                cut(&c.min),
                cut(&c.max),
                mean,
            ]
        })
        .collect();
    printer::table(&["COLUMN", "TYPE", "NULL", "DISTINCT", "MIN", "MAX", "MEAN"], &rows);
}

fn details(c: &ColumnProfile) {
    let line = |name: &str, value: String| printer::line(&format!("  {name:<10} {value}"));
    printer::line("");
    printer::line(&c.name);
    if let Some(d) = &c.distinct {
        let how = if d.method == "exact" { "exact".to_owned() } else { format!("sketch, error {} %", d.error * 100.0) };
        line("distinct", format!("{} ({how})", thousands(d.count as i64)));
    }
    if let Some(s) = &c.summary {
        if let (Some(mean), Some(stddev)) = (s.mean, s.stddev) {
            line("mean", format!("{}, standard deviation {}", figure(mean), figure(stddev)));
        }
        if s.nan + s.infinite + s.zeros + s.negatives > 0 {
            let parts = [(s.zeros, "zero"), (s.negatives, "negative"), (s.nan, "NaN"), (s.infinite, "infinite")];
            let parts: Vec<String> = parts
                .iter()
                .filter(|(n, _)| *n > 0)
                .map(|(n, what)| format!("{} {what}", thousands(*n as i64)))
                .collect();
            line("of these", parts.join(", "));
        }
        if !s.quantiles.is_empty() {
            let parts: Vec<String> =
                s.quantiles.iter().map(|(share, value)| format!("{} %: {}", share * 100.0, cut(value))).collect();
            line("quantiles", format!("{} ({})", parts.join("  "), s.quantile_method));
        }
        let most = s.histogram.iter().map(|bin| bin.count).max().unwrap_or(0);
        for bin in s.histogram.iter().filter(|_| most > 0) {
            let bar = "#".repeat((bin.count * 40).div_ceil(most) as usize);
            line("", format!("{:>14} {bar} {}", cut(&bin.from), thousands(bin.count as i64)));
        }
    }
    if let Some(l) = &c.lengths {
        line("length", format!("{} to {} characters, mean {:.1}", l.min, l.max, l.mean));
    }
    if let Some((empty, untrimmed)) = c.blanks.filter(|(empty, untrimmed)| empty + untrimmed > 0) {
        line("blanks", format!("{empty} empty, {untrimmed} with blanks at an end"));
    }
    if !c.formats.is_empty() {
        line("format", c.formats.join(", "));
    }
    let error =
        if c.top_error > 0 { format!(" (up to {} more)", thousands(c.top_error as i64)) } else { String::new() };
    for (at, top) in c.top.iter().enumerate() {
        let name = if at == 0 { "frequent" } else { "" };
        line(name, format!("{:>10}{error}  {}", thousands(top.count as i64), cut(&top.value)));
    }
    for (at, pattern) in c.patterns.iter().enumerate() {
        line(
            if at == 0 { "patterns" } else { "" },
            format!("{:>10}  {}", thousands(pattern.count as i64), pattern.pattern),
        );
    }
}

fn figure(x: f64) -> String {
    if x != 0.0 && (x.abs() >= 1e9 || x.abs() < 1e-3) { format!("{x:.4e}") } else { format!("{x:.4}") }
}

fn cut(value: &Value) -> String {
    let text = if value.is_null() { String::new() } else { short(value) };
    match text.char_indices().nth(24) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}
