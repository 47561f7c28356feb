//! Sets of columns that may identify a row: to be confirmed by an exact check.
use crate::profile::{ColumnProfile, Profile};

/// Sets that are worth an exact check, at most.
const TRIED: usize = 12;

/// Columns of which sets are made, at most.
const COLUMNS: usize = 12;

/// Sets of columns that may be different in all rows, the smallest and likeliest first.
///
/// Columns with nulls or of floats are no keys. A set is left out when even its product of distinct values is smaller
/// than the number of rows, three standard errors allowed. Names such as `id` and places in front only rank.
pub fn candidates(profile: &Profile) -> Vec<Vec<String>> {
    let rows = profile.rows as f64;
    let fits = |column: &&ColumnProfile| {
        column.nulls == 0
            && !column.data_type.is_floating()
            && column.data_type != arrow::datatypes::DataType::Boolean
            && column.distinct.is_some_and(|distinct| distinct.count > 1)
    };
    let mut columns: Vec<(usize, &ColumnProfile)> = profile.columns.iter().filter(fits).enumerate().collect();
    columns.sort_by_key(|(at, column)| (rank(&column.name), *at));
    columns.truncate(COLUMNS);
    // the most values that a column may have, estimates being what they are
    let most = |column: &ColumnProfile| {
        column.distinct.map_or(0.0, |distinct| distinct.count as f64 * (1.0 + 3.0 * distinct.error))
    };
    let names = |set: &[&ColumnProfile]| -> Vec<String> {
        // in the order of the columns, which is how people read a key
        let mut set: Vec<&ColumnProfile> = set.to_vec();
        set.sort_by_key(|column| profile.columns.iter().position(|known| known.name == column.name));
        set.into_iter().map(|column| column.name.clone()).collect()
    };
    let mut found = vec![];
    let of: Vec<&ColumnProfile> = columns.into_iter().map(|(_, column)| column).collect();
    for (at, a) in of.iter().enumerate() {
        if most(a) >= rows {
            found.push(names(&[a]));
        }
        for (next, b) in of.iter().enumerate().skip(at + 1) {
            if most(a) * most(b) >= rows {
                found.push(names(&[a, b]));
            }
            for c in of.iter().skip(next + 1) {
                if most(a) * most(b) * most(c) >= rows {
                    found.push(names(&[a, b, c]));
                }
            }
        }
    }
    found.sort_by_key(Vec::len);
    found.truncate(TRIED);
    found
}

fn rank(name: &str) -> u8 {
    let name = name.to_lowercase();
    let part = |word: &str| name.split('_').any(|part| part == word);
    if ["id", "key", "uuid"].into_iter().any(part) {
        0
    } else if ["code", "name", "number", "date", "year", "at"].into_iter().any(part) {
        1
    } else {
        2
    }
}
