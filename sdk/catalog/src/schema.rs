//! The database's tables: one text for every database, in words that all of them know.

/// Raised when the tables change in a way an older binary would misread.
pub(crate) const VERSION: i64 = 4;

/// Iceberg's JDBC-catalog tables, then ours. Numbers are BIGINT and everything else TEXT, times too.
pub(crate) const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS iceberg_tables (
    catalog_name TEXT NOT NULL, table_namespace TEXT NOT NULL, table_name TEXT NOT NULL,
    metadata_location TEXT, previous_metadata_location TEXT, iceberg_type TEXT,
    PRIMARY KEY (catalog_name, table_namespace, table_name));
CREATE TABLE IF NOT EXISTS iceberg_namespace_properties (
    catalog_name TEXT NOT NULL, namespace TEXT NOT NULL, property_key TEXT NOT NULL,
    property_value TEXT, PRIMARY KEY (catalog_name, namespace, property_key));
CREATE TABLE IF NOT EXISTS mesh_home (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS mesh_products (
    product TEXT PRIMARY KEY, title TEXT NOT NULL, description TEXT NOT NULL, owner_team TEXT NOT NULL, owner_email TEXT,
    tags TEXT NOT NULL, repository TEXT, git_commit TEXT, template TEXT, published_at TEXT, updated_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS mesh_ports (
    port TEXT PRIMARY KEY, product TEXT NOT NULL, mode TEXT NOT NULL, published_at TEXT,
    current_version TEXT, current_checksum TEXT, pending_version TEXT, pending_checksum TEXT);
CREATE TABLE IF NOT EXISTS mesh_contracts (
    port TEXT NOT NULL, version TEXT NOT NULL, checksum TEXT NOT NULL, text TEXT NOT NULL,
    frozen_at TEXT, registered_at TEXT NOT NULL, PRIMARY KEY (port, version, checksum));
CREATE TABLE IF NOT EXISTS mesh_consumers (
    product TEXT NOT NULL, input TEXT NOT NULL, port TEXT NOT NULL, version TEXT NOT NULL, columns TEXT NOT NULL,
    registered_at TEXT NOT NULL, PRIMARY KEY (product, input));
CREATE TABLE IF NOT EXISTS mesh_runs (
    run TEXT PRIMARY KEY, product TEXT NOT NULL, started_at TEXT NOT NULL, finished_at TEXT, outcome TEXT NOT NULL,
    branch TEXT, work_key TEXT, release BIGINT, git_commit TEXT, message TEXT, detail TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS mesh_runs_by_product ON mesh_runs (product, started_at);
CREATE TABLE IF NOT EXISTS mesh_leases (
    run TEXT PRIMARY KEY, token BIGINT NOT NULL, expires_at BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS mesh_releases (
    product TEXT NOT NULL, number BIGINT NOT NULL, run TEXT NOT NULL, released_at TEXT NOT NULL,
    PRIMARY KEY (product, number));
CREATE TABLE IF NOT EXISTS mesh_release_notes (
    product TEXT NOT NULL, number BIGINT NOT NULL, kind TEXT NOT NULL, back_to BIGINT, reason TEXT, decided_by TEXT NOT NULL,
    PRIMARY KEY (product, number));
CREATE TABLE IF NOT EXISTS mesh_held_runs (
    run TEXT PRIMARY KEY, product TEXT NOT NULL, held TEXT NOT NULL, held_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS mesh_waivers (
    run TEXT NOT NULL, port TEXT NOT NULL, check_id TEXT NOT NULL, reason TEXT NOT NULL, waived_by TEXT NOT NULL,
    waived_at TEXT NOT NULL, waived_until TEXT, PRIMARY KEY (run, port, check_id));
CREATE TABLE IF NOT EXISTS mesh_erasures (
    erasure TEXT PRIMARY KEY, at TEXT NOT NULL, salt TEXT NOT NULL, subject TEXT NOT NULL, reason TEXT NOT NULL,
    state TEXT NOT NULL, detail TEXT NOT NULL, pending TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS mesh_release_ports (
    product TEXT NOT NULL, number BIGINT NOT NULL, port TEXT NOT NULL, table_uuid TEXT NOT NULL,
    snapshot_id BIGINT NOT NULL, contract_version TEXT NOT NULL, contract_checksum TEXT NOT NULL, row_count BIGINT NOT NULL,
    PRIMARY KEY (product, number, port));
CREATE INDEX IF NOT EXISTS mesh_release_ports_by_port ON mesh_release_ports (port, number);
CREATE TABLE IF NOT EXISTS mesh_check_results (
    run TEXT NOT NULL, port TEXT NOT NULL, check_id TEXT NOT NULL, outcome TEXT NOT NULL, severity TEXT NOT NULL,
    result TEXT NOT NULL, PRIMARY KEY (run, port, check_id));
CREATE TABLE IF NOT EXISTS mesh_run_inputs (
    run TEXT NOT NULL, input TEXT NOT NULL, port TEXT NOT NULL, table_uuid TEXT NOT NULL, snapshot_id BIGINT NOT NULL,
    contract_version TEXT NOT NULL, PRIMARY KEY (run, input));
CREATE TABLE IF NOT EXISTS mesh_lineage (
    port TEXT NOT NULL, column_name TEXT NOT NULL, source_kind TEXT NOT NULL, source TEXT NOT NULL,
    source_column TEXT NOT NULL, transformation TEXT NOT NULL, run TEXT NOT NULL,
    PRIMARY KEY (port, column_name, source_kind, source, source_column))
";
