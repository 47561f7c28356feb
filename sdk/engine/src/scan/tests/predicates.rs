use arrow::datatypes::{DataType, Field, Fields};

use super::super::field_ids::field_id;
use super::rows::Rows;

/// Reproducible random numbers.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        ((self.0 >> 33) as usize) % n
    }

    fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}

/// Columns and members of structs, as SQL names them.
pub(super) fn columns(fields: &Fields) -> Vec<(String, Field)> {
    fn walk(prefix: &str, fields: &Fields, out: &mut Vec<(String, Field)>) {
        for field in fields {
            let name = if prefix.is_empty() { field.name().clone() } else { format!("{prefix}['{}']", field.name()) };
            if let DataType::Struct(members) = field.data_type() {
                walk(&name, members, out);
            }
            out.push((name, field.as_ref().clone()));
        }
    }
    let mut out = vec![];
    walk("", fields, &mut out);
    out
}

/// Writes predicates over columns whose values it knows.
pub(super) struct Writer<'a> {
    pub(super) columns: &'a [(String, Field)],
    pub(super) rows: &'a Rows,
    /// Rows of the table.
    pub(super) count: i64,
}

impl Writer<'_> {
    pub(super) fn predicate(&self, r: &mut Random, depth: usize) -> String {
        match if depth == 0 { 0 } else { r.below(5) } {
            1 | 2 => format!("({} AND {})", self.predicate(r, depth - 1), self.predicate(r, depth - 1)),
            3 => format!("({} OR {})", self.predicate(r, depth - 1), self.predicate(r, depth - 1)),
            4 => format!("NOT ({})", self.predicate(r, depth - 1)),
            _ => format!("({})", self.atom(r)),
        }
    }

    /// A value of the column, or one beside it, or a boundary.
    fn literal(&self, r: &mut Random, field: &Field) -> String {
        let (id, rows) = (field_id(field).unwrap(), self.rows);
        let k = r.below(self.count as usize) as i64;
        let near = |r: &mut Random| r.below(3) as i64 - 1;
        match field.data_type() {
            DataType::Int32 | DataType::Int64 if r.below(8) == 0 => {
                r.pick(&["2147483647", "2147483648", "-2147483649", "0", "9223372036854775807"]).to_string()
            }
            DataType::Int32 | DataType::Int64 => {
                (if field.name() == "k" { k } else { rows.int(id, k) } + near(r)).to_string()
            }
            DataType::Float32 | DataType::Float64 => match r.below(6) {
                0 => "arrow_cast('NaN','Float64')".into(),
                1 => {
                    let odd = ["0.0", "-0.0", "arrow_cast('inf','Float64')", "arrow_cast('-inf','Float64')", "1e300"];
                    r.pick(&odd).to_string()
                }
                _ => format!("arrow_cast({}, 'Float64')", (rows.number(id, k) + near(r)) as f64 / 4.0),
            },
            DataType::Decimal128(..) => {
                let cents = rows.number(id, k) * 100 + k % 100 + near(r);
                format!("{}{}.{:02}", if cents < 0 { "-" } else { "" }, cents.abs() / 100, cents.abs() % 100)
            }
            DataType::Date32 => date(20_000 + rows.number(id, k) + near(r)),
            DataType::Timestamp(_, zone) => {
                let zone = if zone.is_some() { "Some(\"+00:00\")" } else { "None" };
                let micros = rows.number(id, k) * 3_600_000_000 + near(r) + 1;
                format!("arrow_cast({micros}, 'Timestamp(Microsecond, {zone})')")
            }
            DataType::Boolean => r.pick(&["true", "false"]).to_string(),
            DataType::Utf8 => {
                let mut text = rows.text(id, k);
                match r.below(4) {
                    0 => text = text.chars().take(3).collect(),
                    1 => text.push('\u{1}'),
                    _ => {}
                }
                format!("'{text}'")
            }
            DataType::LargeBinary => {
                format!("X'{}'", rows.bytes(id, k).iter().map(|byte| format!("{byte:02x}")).collect::<String>())
            }
            _ => "NULL".into(),
        }
    }

    fn atom(&self, r: &mut Random) -> String {
        let (c, field) = r.pick(self.columns).clone();
        let not = *r.pick(&["", "", "NOT "]);
        let op = *r.pick(&["=", "<>", "<", "<=", ">", ">="]);
        let kind = field.data_type();
        let (numeric, text) = (kind.is_numeric(), kind == &DataType::Utf8);
        let l = |r: &mut Random| self.literal(r, &field);
        let some_text = |r: &mut Random, most: usize| -> String {
            let k = r.below(self.count as usize) as i64;
            let length = 1 + r.below(most);
            self.rows.text(field_id(&field).unwrap(), k).chars().take(length).collect()
        };
        if kind.is_nested() {
            return format!("{c} IS {not}NULL");
        }
        match r.below(16) {
            0 => format!("{c} IS {not}NULL"),
            1 => format!("{c} IS {not}DISTINCT FROM {}", l(r)),
            2 | 3 => format!("{c} {not}IN ({}, {}, {}{})", l(r), l(r), l(r), r.pick(&["", "", ", NULL"])),
            4 | 5 => format!("{c} {not}BETWEEN {} AND {}", l(r), l(r)),
            6 => format!("{} {op} {c}", l(r)),
            7 => {
                let same: Vec<_> = self.columns.iter().filter(|other| other.1.data_type() == kind).collect();
                format!("{c} {op} {}", r.pick(&same).0)
            }
            8 if numeric => format!("{c} {} {op} {}", r.pick(&["+ 1", "- 1", "* 2", "* -1"]), l(r)),
            8 | 9 if text => {
                let s = some_text(r, 4);
                let patterns =
                    [format!("{s}%"), format!("%{s}"), s.clone(), format!("{s}_%"), format!("_{s}%"), "%".into()];
                format!("{c} {not}{} '{}'", r.pick(&["LIKE", "LIKE", "ILIKE"]), r.pick(&patterns))
            }
            10 if text => format!("starts_with({c}, '{}')", some_text(r, 2)),
            11 if numeric => {
                let to: &[&str] = match kind {
                    DataType::Int32 | DataType::Int64 => &["bigint", "double", "decimal(20,3)"],
                    DataType::Float64 => &["real", "double"],
                    _ => &["double"],
                };
                format!("cast({c} as {}) {op} {}", r.pick(to), l(r))
            }
            12 if numeric => format!("cast({c} as varchar) {op} '{}'", r.below(300) as i64 - 100),
            12 | 13 if matches!(kind, DataType::Timestamp(..)) => {
                format!("cast({c} as date) {op} {}", date(r.below(14) as i64))
            }
            13 if kind == &DataType::Float64 => format!("{not}isnan({c})"),
            13 if kind == &DataType::Boolean => {
                let tests = ["", " IS TRUE", " IS NOT FALSE", " IS UNKNOWN"];
                format!("{c}{}", r.pick(&tests))
            }
            14 if kind != &DataType::LargeBinary => format!("coalesce({c}, {}) {op} {}", l(r), l(r)),
            15 => format!("CASE WHEN {c} {op} {} THEN {c} IS NOT NULL ELSE k % 3 = 0 END", l(r)),
            _ => format!("{c} {op} {}", l(r)),
        }
    }
}

fn date(days: i64) -> String {
    format!("arrow_cast(arrow_cast({days},'Int32'),'Date32')")
}
