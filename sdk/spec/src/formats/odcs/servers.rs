//! The kinds of server that ODCS knows, with what each has to say of where the data is.
use super::lint::Findings;
use super::vocabulary::VERSIONS;
use crate::document::tree::Node;
use crate::nearest;

/// Word, the minor version that brought it, keys that it needs.
const SERVERS: [(&str, u64, &[&str]); 44] = [
    ("api", 0, &["location"]),
    ("athena", 0, &["schema"]),
    ("azure", 0, &["location", "format"]),
    ("bigquery", 0, &["project", "dataset"]),
    ("btrieve", 2, &["host", "database"]),
    ("clickhouse", 0, &["host", "port", "database"]),
    ("cloudsql", 0, &["host", "port", "database", "schema"]),
    ("custom", 0, &[]),
    ("databricks", 0, &["catalog", "schema"]),
    ("db2", 0, &["host", "port", "database"]),
    ("denodo", 0, &["host", "port"]),
    ("dremio", 0, &["host", "port"]),
    ("duckdb", 0, &["database"]),
    ("exasol", 2, &["host"]),
    ("fastobjects", 2, &["database"]),
    ("glue", 0, &["account", "database"]),
    ("hana", 2, &["host"]),
    ("hive", 1, &["host", "database"]),
    ("iceberg", 2, &["catalog", "catalogUrl"]),
    ("impala", 1, &["host", "database"]),
    ("informix", 0, &["host", "database"]),
    ("ingres", 2, &["host", "database"]),
    ("kafka", 0, &["host"]),
    ("kinesis", 0, &[]),
    ("local", 0, &["path", "format"]),
    ("mysql", 0, &["host", "port", "database"]),
    ("oracle", 0, &["host", "port", "serviceName"]),
    ("poet", 2, &["database"]),
    ("postgres", 0, &["host", "port", "database", "schema"]),
    ("postgresql", 0, &["host", "port", "database", "schema"]),
    ("presto", 0, &["host"]),
    ("pubsub", 0, &["project"]),
    ("redshift", 0, &["database", "schema"]),
    ("s3", 0, &["location"]),
    ("sftp", 0, &["location"]),
    ("snowflake", 0, &["account", "database", "schema"]),
    ("sqlserver", 0, &["host", "database", "schema"]),
    ("synapse", 0, &["host", "port", "database"]),
    ("teradata", 2, &["host"]),
    ("trino", 0, &["host", "port", "catalog", "schema"]),
    ("vectorwise", 2, &["host", "database"]),
    ("versant", 2, &["database"]),
    ("vertica", 0, &["host", "port", "database", "schema"]),
    ("zen", 1, &["host", "database"]),
];

/// Reports servers of an unknown kind, and what the known ones lack.
pub(super) fn lint(root: &Node, minor: u64, found: &mut Findings) {
    for server in root.get("servers").map(Node::items).unwrap_or_default() {
        let Some(kind) = server.get("type") else { continue };
        let Some(word) = kind.as_text() else { continue };
        let Some((_, since, needed)) = SERVERS.iter().find(|(known, ..)| *known == word) else {
            let known = || SERVERS.iter().filter(|(_, since, _)| *since <= minor).map(|(word, ..)| *word);
            let help = match nearest(word, known()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("`custom`, or one of {}", known().collect::<Vec<_>>().join(", ")),
            };
            found.error("M0107", kind, format!("a server cannot be of type `{word}`"), help);
            continue;
        };
        if *since > minor {
            let message = format!("servers of type `{word}` came with ODCS 3.{since}, and this is 3.{minor}");
            let newer = VERSIONS.iter().find(|version| version.starts_with(&format!("v3.{since}.")));
            let newer = newer.unwrap_or(&VERSIONS[0]);
            found.error("M0226", kind, message, format!("say `apiVersion: {newer}`, or use `type: custom`"));
        }
        for key in needed.iter().filter(|key| server.get(key).is_none()) {
            found.error("M0104", kind, format!("a server of type `{word}` lacks `{key}`"), format!("add `{key}: ...`"));
        }
    }
}
