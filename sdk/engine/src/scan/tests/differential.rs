use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::Field;
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use iceberg::arrow::schema_to_arrow_schema;
use iceberg::spec::*;
use meshwright_spec::FileLayout;

use super::evolution::fields;
use super::predicates::{Random, Writer, columns};
use super::rows::{ROWS, Rows, ids};
use super::table::TestTable;
use super::{IcebergTable, answer, context, head, head_alone, query};
use crate::modes::{Condition, rewrite};
use crate::session::session;
use crate::write::Target;

/// Batches written in each epoch.
pub(super) const BATCHES: i64 = 6;

/// A table with a past, and the rows it must give.
pub(super) struct Case {
    pub(super) table: TestTable,
    /// What the writer of each batch had, and which rows it wrote.
    pub(super) written: Vec<(HashSet<i32>, Vec<i64>)>,
    pub(super) constant: HashSet<i32>,
}

impl Case {
    /// Three epochs of files and a fourth schema without any. `foreign`: with the metrics of other writers.
    pub(super) async fn new(nested: bool, partitioned: bool, foreign: bool) -> Self {
        let first = Schema::builder().with_fields(fields(0, nested, None, 0)).build().unwrap();
        let mut spec = UnboundPartitionSpec::builder();
        if partitioned {
            let id = |name: &str| first.field_id_by_name(name).unwrap();
            for (name, transform) in [("part", Transform::Identity), ("pi", Transform::Identity)] {
                spec = spec.add_partition_field(id(name), name, transform).unwrap();
            }
            spec = spec.add_partition_field(id("s"), "s_bucket", Transform::Bucket(2)).unwrap();
        }
        let table = TestTable::new(first, spec.build(), FormatVersion::V2);
        let constant = ["part", "pi"].iter().map(|name| table.schema().field_id_by_name(name).unwrap()).collect();
        let mut case = Self { table, written: vec![], constant };
        for epoch in 0..4 {
            if epoch > 0 {
                let last = case.table.table.metadata().last_column_id();
                let fields = fields(epoch, nested, Some(case.table.schema()), last);
                case.table.evolve(fields);
            }
            if epoch < 3 {
                case.append(foreign).await;
            }
        }
        case
    }

    /// Some more batches, in one commit.
    pub(super) async fn append(&mut self, foreign: bool) -> Vec<DataFile> {
        let rows = self.rows(ids(self.table.schema()));
        let schema = schema_to_arrow_schema(self.table.schema()).unwrap();
        let mut files = vec![];
        for _ in 0..BATCHES {
            let at = self.written.len() as i64;
            let ks: Vec<i64> = (at * ROWS..(at + 1) * ROWS).collect();
            files.extend(self.table.write(&rows.batch(&schema, &ks)).await);
            self.written.push((rows.have.clone(), ks));
        }
        if foreign {
            files = files.iter().enumerate().map(|(n, file)| as_others_write(file, n)).collect();
        }
        self.table.commit(files.clone(), vec![]).await;
        files
    }

    pub(super) fn rows(&self, have: HashSet<i32>) -> Rows {
        Rows { have, constant: self.constant.clone() }
    }

    fn expected(&self) -> Vec<RecordBatch> {
        let schema = schema_to_arrow_schema(self.table.schema()).unwrap();
        self.written.iter().map(|(have, ks)| self.rows(have.clone()).batch(&schema, ks)).collect()
    }

    /// Compares whole rows, each column, order, aggregates, and generated predicates with the rows in memory.
    pub(super) async fn compare(&self, predicates: usize, seed: u64) {
        let expected = self.expected();
        let schema = expected[0].schema();
        let memory = context(false);
        memory.register_table("t", Arc::new(MemTable::try_new(schema.clone(), vec![expected]).unwrap())).unwrap();
        let provider = head(&self.table.table);
        // text as it is stored and as queries read it, each with filters behind the scan and within it
        let views = Arc::new(head_alone(&self.table.table).with_views().unwrap());
        let ours = [false, true, false, true].map(context);
        for (at, context) in ours.iter().enumerate() {
            let table = if at < 2 { provider.clone() } else { views.clone() };
            context.register_table("t", table).unwrap();
        }
        let columns = columns(schema.fields());
        let mut wrong = vec![];
        for (n, sql) in queries(&columns).iter().enumerate() {
            let (want, got) = (answer(&memory, sql).await, answer(&ours[n % 4], sql).await);
            if want != got {
                wrong.push(report(sql, &want, &got));
            }
        }

        let rows = self.rows(ids(self.table.schema()));
        let writer = Writer { columns: &columns, rows: &rows, count: self.written.len() as i64 * ROWS };
        let mut random = Random(seed);
        let mut unanswered = 0;
        for n in 0..predicates {
            let depth = random.below(4).saturating_sub(1);
            let sql = format!("select k from t where {} order by k", writer.predicate(&mut random, depth));
            let want = answer(&memory, &sql).await;
            unanswered += usize::from(want.is_err());
            let got = answer(&ours[n % 4], &sql).await;
            if want != got && want.is_ok() {
                wrong.push(report(&sql, &want, &got));
            }
        }
        assert!(wrong.is_empty(), "{} wrong answers:\n{}", wrong.len(), wrong[..wrong.len().min(10)].join("\n"));
        assert!(unanswered * 50 <= predicates, "{unanswered} of {predicates} predicates are not valid");
        for pruning in [provider.pruning(), views.pruning()] {
            assert!(pruning.pruned * 20 > pruning.files, "hardly any file is pruned: {pruning:?}");
        }
    }
}

impl Case {
    /// Deletes by generated predicates: what stays must be the rows in memory for which they are not true.
    async fn deletes(&self, predicates: usize, seed: u64) {
        let expected = self.expected();
        let schema = expected[0].schema();
        let memory = context(false);
        memory.register_table("t", Arc::new(MemTable::try_new(schema.clone(), vec![expected]).unwrap())).unwrap();
        let provider = head(&self.table.table);
        let columns = columns(schema.fields());
        let rows = self.rows(ids(self.table.schema()));
        let writer = Writer { columns: &columns, rows: &rows, count: self.written.len() as i64 * ROWS };
        let (mut random, mut untouched) = (Random(seed), 0);
        for n in 0..predicates {
            let depth = random.below(4).saturating_sub(1);
            let predicate = writer.predicate(&mut random, depth);
            let stay = format!("select k from t where ({predicate}) is not true order by k");
            let Ok(want) = answer(&memory, &stay).await else { continue };
            let condition = Condition::parse(&session().unwrap(), &predicate, &provider.schema()).unwrap();
            let candidates = provider.parts(Some(condition.physical())).await.unwrap();
            let target = Target {
                table: self.table.table.clone(),
                schema: self.table.schema().clone(),
                spec: self.table.table.metadata().default_partition_spec().clone(),
                files: FileLayout::default(),
                run: format!("delete-{n}"),
            };
            let replaced = rewrite(&provider, candidates, Arc::new(condition), &target, &[]).await.unwrap();
            let left = provider.parts(None).await.unwrap();
            let left: Vec<_> = left.into_iter().filter(|part| !replaced.removed.contains(part.path())).collect();
            untouched += left.len();
            let kept = IcebergTable::of_files(&target.table, &replaced.kept, target.schema.clone()).unwrap();
            let mut got = query(Arc::new(provider.only(&left)), "select k from t").await.unwrap();
            got.extend(query(Arc::new(kept), "select k from t").await.unwrap());
            got.sort_by_key(|k| k.parse::<i64>().unwrap());
            assert_eq!(got, want, "delete where {predicate}");
        }
        assert!(untouched > predicates, "hardly any file stays as it is: {untouched}");
    }
}

fn queries(columns: &[(String, Field)]) -> Vec<String> {
    let mut queries: Vec<String> = vec![
        "select * from t order by k".into(),
        "select count(*) from t".into(),
        "select count(*) from (select * from t limit 50)".into(),
    ];
    let names: Vec<_> = columns.iter().map(|(column, _)| column.as_str()).collect();
    let flat = || columns.iter().filter(|(_, field)| !field.data_type().is_nested());
    let extremes = flat().map(|(column, _)| format!("min({column}), max({column})"));
    queries.extend(names.chunks(3).map(|names| format!("select {} from t order by k", names.join(", "))));
    let counts: Vec<_> = names.iter().map(|name| format!("count({name})")).collect();
    queries.push(format!("select {} from t", counts.join(", ")));
    queries.push(format!("select {} from t", extremes.collect::<Vec<_>>().join(", ")));
    for (n, (column, _)) in flat().enumerate() {
        let order = ["", " desc", " nulls first", " desc nulls last"][n % 4];
        match n % 3 {
            0 => queries.push(format!("select {column} from t order by {column}{order} limit 9")),
            1 => {
                let some = format!("(select {column} as j from t where k % 97 = 5)");
                queries.push(format!("select count(*) from t join {some} v on {column} = v.j"));
            }
            _ => {
                queries.push(format!("select {column}, count(*) from t group by {column} order by {column}, count(*)"))
            }
        }
    }
    queries
}

fn report(sql: &str, want: &Result<Vec<String>, String>, got: &Result<Vec<String>, String>) -> String {
    // from the first difference on
    let (rows, other) = (want.as_deref().unwrap_or_default(), got.as_deref().unwrap_or_default());
    let same = rows.iter().zip(other).take_while(|(want, got)| want == got).count();
    let short = |answer: &Result<Vec<String>, String>| match answer {
        Ok(rows) => format!("{} rows, [{same}] = {:.900}", rows.len(), rows.get(same).map_or("", String::as_str)),
        Err(error) => format!("error {error:.300}"),
    };
    format!("{sql}\n  want {}\n  got  {}", short(want), short(got))
}

/// Truncated string bounds, counts missing here and there, no metrics at all now and then.
fn as_others_write(file: &DataFile, n: usize) -> DataFile {
    let cut = |bounds: &HashMap<i32, Datum>, upper: bool| -> HashMap<i32, Datum> {
        let cut = |(id, bound): (&i32, &Datum)| match bound.literal() {
            PrimitiveLiteral::String(text) if text.chars().count() > 2 => {
                let mut text: Vec<char> = text.chars().take(2).collect();
                if upper {
                    text[1] = char::from_u32(text[1] as u32 + 1)?;
                }
                Some((*id, Datum::string(text.into_iter().collect::<String>())))
            }
            _ => Some((*id, bound.clone())),
        };
        bounds.iter().filter_map(cut).collect()
    };
    let keep = |counts: &HashMap<i32, u64>| -> HashMap<i32, u64> {
        counts
            .iter()
            .filter(|(id, _)| n % 3 != 1 || !(**id as usize + n).is_multiple_of(4))
            .map(|(id, n)| (*id, *n))
            .collect()
    };
    DataFileBuilder::default()
        .content(DataContentType::Data)
        .file_path(file.file_path().to_string())
        .file_format(file.file_format())
        .partition(file.partition().clone())
        .record_count(file.record_count())
        .file_size_in_bytes(file.file_size_in_bytes())
        .column_sizes(if n % 5 == 4 { HashMap::new() } else { keep(file.column_sizes()) })
        .value_counts(keep(file.value_counts()))
        .null_value_counts(keep(file.null_value_counts()))
        .nan_value_counts(if n.is_multiple_of(2) { HashMap::new() } else { keep(file.nan_value_counts()) })
        .lower_bounds(cut(file.lower_bounds(), false))
        .upper_bounds(cut(file.upper_bounds(), true))
        .partition_spec_id(0)
        .build()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nested_columns_that_changed() {
    Case::new(true, false, false).await.compare(100, 7).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn partitioned() {
    Case::new(false, true, false).await.compare(90, 11).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metrics_of_other_writers() {
    Case::new(false, false, true).await.compare(80, 13).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deletes_leave_what_their_condition_does_not_find() {
    Case::new(true, false, false).await.deletes(12, 17).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deletes_from_partitions() {
    Case::new(false, true, true).await.deletes(8, 19).await;
}
