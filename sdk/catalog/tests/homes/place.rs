//! Meshes for tests, one per kind of home, and tables in them.
use std::collections::HashMap;
use std::sync::Arc;

use iceberg::spec::{
    DataContentType, DataFile, DataFileBuilder, DataFileFormat, NestedField, PrimitiveType, Schema, Struct, Type,
};
use iceberg::table::Table;
use meshwright_catalog::{Catalog, Change, Home, NewTable, TableChange};
use meshwright_spec::PortName;
use tempfile::TempDir;

use crate::postgres::Postgres;

/// A mesh that exists while this lives.
pub(crate) struct Mesh {
    pub(crate) name: &'static str,
    url: String,
    warehouse: Option<String>,
    pub(crate) dir: TempDir,
}

impl Mesh {
    /// SQLite and files.
    pub(crate) fn directory() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self { name: "directory", url: dir.path().join("mesh").display().to_string(), warehouse: None, dir }
    }

    /// Postgres and files; none where Postgres is missing, which was said.
    pub(crate) fn postgres() -> Option<Self> {
        let url = Postgres::shared()?.database();
        let dir = tempfile::tempdir().unwrap();
        let warehouse = Some(dir.path().join("tables").display().to_string());
        Some(Self { name: "Postgres and files", url, warehouse, dir })
    }

    /// Every home that this machine can have.
    pub(crate) fn all() -> Vec<Self> {
        [Some(Self::directory()), Self::postgres()].into_iter().flatten().collect()
    }

    pub(crate) fn home(&self) -> Home {
        let mut home = Home::parse(&self.url, self.warehouse.as_deref()).unwrap();
        home.runs = self.dir.path().join("runs");
        home
    }

    /// The same mesh as another machine sees it: nothing but the database's URL, and no lock files in common.
    pub(crate) fn elsewhere(&self) -> Home {
        let mut home = Home::parse(&self.url, None).unwrap();
        home.runs = self.dir.path().join("runs elsewhere");
        home
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) async fn open(&self) -> Catalog {
        Catalog::open(self.home()).await.unwrap()
    }
}

pub(crate) fn port(name: &str) -> PortName {
    format!("shop.sales.{name}").parse().unwrap()
}

pub(crate) async fn table(catalog: &Catalog, name: &str) -> Table {
    let field = NestedField::required(1, "id", Type::Primitive(PrimitiveType::Long));
    let schema = Schema::builder().with_fields([Arc::new(field)]).build().unwrap();
    let new = NewTable { schema, partition: None, sort: None, properties: HashMap::new() };
    catalog.create(&port(name), new).await.unwrap()
}

/// A data file by name only: commits do not open it.
fn file(table: &Table, name: &str, rows: u64) -> DataFile {
    let mut file = DataFileBuilder::default();
    file.content(DataContentType::Data)
        .file_format(DataFileFormat::Parquet)
        .partition(Struct::empty())
        .partition_spec_id(0);
    file.file_path(format!("{}/data/{name}.parquet", table.metadata().location()))
        .record_count(rows)
        .file_size_in_bytes(1);
    file.build().unwrap()
}

pub(crate) async fn append(table: &Table, name: &str, branch: &str) -> TableChange {
    let change = Change { branch: branch.to_owned(), ..Change::append(vec![file(table, name, 1)]) };
    change.produce(table).await.unwrap().change
}
