//! Eight processes that append to one port while they are killed and started again at random: what was reported is there
//! once, what died before its report is there as a whole or not at all, and what it left behind is removed.
#![allow(clippy::print_stdout, reason = "what a failed test needs to be repeated")]
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use futures::StreamExt;
use iceberg::spec::{FormatVersion, Manifest, ManifestList, TableMetadata};
use meshwright_catalog::{Catalog, Home, normal};
use meshwright_engine::{Batches, Failure, TableWriter};
use meshwright_spec::{Contract, Sources};

use crate::moments::Moments;
use crate::shop;
use crate::support::{Mesh, Said};

const PORT: &str = "shop.sales.sale";
const WRITERS: usize = 8;
const APPENDS: usize = 25;
/// Rows of one append, which are there together or not at all.
const ROWS: usize = 3;
/// At most so many are killed.
const KILLS: usize = 40;
/// Makes this test binary a writer: `<writer> <first append> <appends>`.
const WRITER: &str = "MESH_TEST_KILLED_WRITER";
/// Where writers note what they do.
const NOTES: &str = "MESH_TEST_NOTES";
/// Makes this test binary a reader that writes what it finds to a file.
const NAMES: &str = "MESH_TEST_NAMES";

#[test]
fn appends_to_a_directory_are_there_once_or_not_at_all_whoever_is_killed() {
    appended_by_writers_that_are_killed(&Mesh::new(), APPENDS);
}

#[test]
fn appends_to_postgres_are_there_once_or_not_at_all_whoever_is_killed() {
    let Some(mesh) = Mesh::postgres() else { return };
    appended_by_writers_that_are_killed(&mesh, APPENDS);
}

mod objects {
    /// Fewer of them: each append is a dozen requests.
    #[test]
    fn appends_are_there_once_or_not_at_all_whoever_is_killed() {
        super::appended_by_writers_that_are_killed(&super::Mesh::objects(), 8);
    }
}

async fn open() -> Catalog {
    let warehouse = std::env::var("MESH_WAREHOUSE").ok();
    Catalog::open(Home::parse(&std::env::var("MESH_URL").unwrap(), warehouse.as_deref()).unwrap()).await.unwrap()
}

/// What a writer's own process does: appends one after the other, and says of each how it ended.
#[test]
fn a_writer_that_may_be_killed() {
    let Ok(asked) = std::env::var(WRITER) else { return };
    let asked: Vec<usize> = asked.split(' ').map(|word| word.parse().unwrap()).collect();
    let [writer, first, appends] = asked[..] else { panic!("{asked:?}") };
    let notes = PathBuf::from(std::env::var(NOTES).unwrap()).join(writer.to_string());
    let mut notes = fs::OpenOptions::new().create(true).append(true).open(notes).unwrap();
    // one write for a line: a killed writer leaves no half of it
    let mut note = |word: &str, n: usize| notes.write_all(format!("{word} {n}\n").as_bytes()).unwrap();
    let mut sources = Sources::default();
    let at = sources.add("contracts/sale.toml", shop::CONTRACT.to_owned());
    let contract = Contract::parse(&"sale".parse().unwrap(), at, &sources).0.unwrap();
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let catalog = open().await;
        let table = TableWriter::new(&catalog, PORT.parse().unwrap(), &contract);
        for n in first..appends {
            note("try", n);
            let batch = rows(writer, n);
            let stream: Batches = futures::stream::iter([Ok(batch.clone())]).boxed();
            match table.write(batch.schema(), vec![stream]).await {
                Ok(_) => note("done", n),
                Err(Failure::Operation(e)) if e.kind() == meshwright_catalog::Kind::Conflict => note("lost", n),
                Err(e) => panic!("{e:?}"),
            }
        }
    });
}

/// The rows of an append: nobody else's have these ids, and their item says whose they are.
fn rows(writer: usize, n: usize) -> RecordBatch {
    let first = 1_000 * (writer * APPENDS + n + 1);
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values((0..ROWS).map(|row| (first + row) as i64)));
    let items: ArrayRef = Arc::new(StringArray::from(vec![format!("{writer}-{n}"); ROWS]));
    let amounts: ArrayRef = Arc::new(Float64Array::from(vec![1.0; ROWS]));
    RecordBatch::try_from_iter([("id", ids), ("item", items), ("amount", amounts)]).unwrap()
}

/// What writers noted, as `<writer>-<append>`.
#[derive(Default)]
struct Noted {
    tried: BTreeSet<String>,
    done: BTreeSet<String>,
    lost: BTreeSet<String>,
}

fn noted(folder: &Path) -> Noted {
    let mut all = Noted::default();
    for writer in 0..WRITERS {
        for line in fs::read_to_string(folder.join(writer.to_string())).unwrap_or_default().lines() {
            let (word, n) = line.split_once(' ').unwrap();
            let set = match word {
                "try" => &mut all.tried,
                "done" => &mut all.done,
                "lost" => &mut all.lost,
                _ => panic!("{line}"),
            };
            assert!(set.insert(format!("{writer}-{n}")), "writer {writer}: {line} twice");
        }
    }
    all
}

/// The append after the last one that a writer began.
fn next_of(folder: &Path, writer: usize) -> usize {
    let text = fs::read_to_string(folder.join(writer.to_string())).unwrap_or_default();
    text.lines().filter(|line| line.starts_with("try")).count()
}

fn writer(mesh: &Mesh, notes: &Path, writer: usize, first: usize, appends: usize) -> Child {
    let mut command: Command = mesh.program(std::env::current_exe().unwrap());
    command.args(["killed_writers::a_writer_that_may_be_killed", "--exact", "--nocapture"]);
    command.env(WRITER, format!("{writer} {first} {appends}")).env(NOTES, notes);
    command.stdout(Stdio::null()).stderr(fs::File::create(notes.join(format!("stderr-{writer}"))).unwrap());
    command.spawn().unwrap()
}

/// Runs all writers to their end, killing some again and again; how many were killed.
fn kill_at_random(mesh: &Mesh, notes: &Path, appends: usize, moments: &mut Moments) -> usize {
    let mut running: BTreeMap<usize, Child> = (0..WRITERS).map(|w| (w, writer(mesh, notes, w, 0, appends))).collect();
    let mut killed = 0;
    while !running.is_empty() {
        std::thread::sleep(moments.within(Duration::from_millis(400)));
        running.retain(|w, child| match child.try_wait().unwrap() {
            None => true,
            Some(status) => {
                let said = fs::read_to_string(notes.join(format!("stderr-{w}"))).unwrap_or_default();
                assert!(status.success(), "writer {w} failed by itself: {status}\n{said}");
                false
            }
        });
        if killed == KILLS || running.is_empty() {
            continue;
        }
        let victim = *running.keys().nth(moments.below(running.len() as u64) as usize).unwrap();
        let mut child = running.remove(&victim).unwrap();
        child.kill().unwrap();
        // it may have ended a moment before
        killed += usize::from(!child.wait().unwrap().success());
        let next = next_of(notes, victim);
        if next < appends {
            running.insert(victim, writer(mesh, notes, victim, next, appends));
        }
    }
    killed
}

fn appended_by_writers_that_are_killed(mesh: &Mesh, appends: usize) {
    let mut moments = Moments::new();
    let product = mesh.product("sales", shop::SALES);
    product.edit("product.toml", "mode = \"replace\"", "mode = \"append\"");
    product.released();
    let notes = mesh.path("notes");
    fs::create_dir(&notes).unwrap();
    let killed = kill_at_random(mesh, &notes, appends, &mut moments);

    let Noted { tried, done, lost } = noted(&notes);
    assert_eq!(tried.len(), WRITERS * appends, "every append was begun");
    let unsaid: BTreeSet<String> = tried.iter().filter(|n| !done.contains(*n) && !lost.contains(*n)).cloned().collect();
    assert!(unsaid.len() <= killed, "{unsaid:?} did not end, and {killed} writers were killed");
    let there = seen(mesh);
    let found: BTreeSet<String> = there.keys().cloned().collect();
    assert!(done.is_subset(&found), "reported and not there: {:?}", done.difference(&found));
    let more: BTreeSet<String> = found.difference(&done).cloned().collect();
    assert!(more.is_subset(&unsaid), "there, though nobody died over it: {:?}", more.difference(&unsaid));
    println!(
        "{killed} writers killed: {} appends reported, {} lost, {} died unsaid, {} of these after their commit",
        done.len(),
        lost.len(),
        unsaid.len(),
        more.len()
    );

    assert_eq!(of_table(mesh, &notes).1, 1 + found.len(), "one snapshot for each append");
    everything_parses(mesh);
    let rows = || mesh.rows(&format!("select id, item, amount from {PORT} order by id"));
    let before = rows();
    assert_eq!(before.len(), 5 + found.len() * ROWS);
    let collected = mesh.mesh(["gc", "--older-than", "0s", "--apply"]);
    assert!([Some(0), Some(99)].contains(&collected.code), "{collected}");
    nothing_is_left_behind(mesh, &notes);
    let maintain = ["maintain", PORT, "--keep", "0s", "--keep-releases", "1", "--older-than", "0s", "--apply"];
    mesh.mesh(maintain).exits(0);
    everything_parses(mesh);
    nothing_is_left_behind(mesh, &notes);
    assert_eq!(rows(), before);
}

/// The appends that readers see, each as a whole.
fn seen(mesh: &Mesh) -> BTreeMap<String, u64> {
    let sql = format!(
        "select item, count(*) as n, count(distinct id) as ids, min(id) as first from {PORT} where id >= 1000 group by item"
    );
    let whole = |row: &serde_json::Value| {
        assert_eq!((&row["n"], &row["ids"]), (&ROWS.into(), &ROWS.into()), "half an append, or one twice: {row}");
        let item = row["item"].as_str().unwrap().to_owned();
        let (writer, n) = item.split_once('-').unwrap();
        let (writer, n): (usize, usize) = (writer.parse().unwrap(), n.parse().unwrap());
        assert_eq!(row["first"], 1_000 * (writer * APPENDS + n + 1), "somebody else's rows: {row}");
        (item, ROWS as u64)
    };
    mesh.rows(&sql).iter().map(whole).collect()
}

/// Every file that has a metadata file's name is one: whole, whoever was killed over it.
fn everything_parses(mesh: &Mesh) {
    let mut parsed = 0;
    for (name, bytes) in mesh.tables().below("shop/sales/sale/metadata").all() {
        let why = if name.ends_with(".metadata.json") {
            serde_json::from_slice::<TableMetadata>(&bytes).err().map(|e| e.to_string())
        } else if name.starts_with("snap-") && name.ends_with(".avro") {
            ManifestList::parse_with_version(&bytes, FormatVersion::V2).err().map(|e| e.to_string())
        } else if name.ends_with(".avro") {
            Manifest::parse_avro(&bytes).err().map(|e| e.to_string())
        } else {
            // what was never given its name is not read by anybody
            assert!(name.ends_with(".part"), "what is {name}?");
            continue;
        };
        assert!(why.is_none(), "{name} is not whole: {}", why.unwrap());
        parsed += 1;
    }
    assert!(parsed > 2, "nothing was looked at");
}

/// The table's folder holds what its states name, and nothing else.
fn nothing_is_left_behind(mesh: &Mesh, notes: &Path) {
    let there: BTreeSet<String> = mesh.tables().below("shop/sales/sale").all().into_keys().collect();
    assert_eq!(there, of_table(mesh, notes).0, "what lies there, and what is named");
}

/// Every file that the table's states name, and how many states there are: by a process with the mesh's variables.
fn of_table(mesh: &Mesh, notes: &Path) -> (BTreeSet<String>, usize) {
    let names = notes.join("names");
    let mut command = mesh.program(std::env::current_exe().unwrap());
    command.args(["killed_writers::a_reader_of_names", "--exact", "--nocapture"]).env(NAMES, &names);
    Said::of(command).exits(0);
    serde_json::from_slice(&fs::read(names).unwrap()).unwrap()
}

#[test]
fn a_reader_of_names() {
    let Ok(file) = std::env::var(NAMES) else { return };
    let found = tokio::runtime::Runtime::new().unwrap().block_on(async {
        let table = open().await.load(&PORT.parse().unwrap()).await.unwrap();
        let metadata = table.metadata();
        let mut named = BTreeSet::from([normal(table.metadata_location().unwrap())]);
        named.extend(metadata.metadata_log().iter().map(|log| normal(&log.metadata_file)));
        for snapshot in metadata.snapshots() {
            named.insert(normal(snapshot.manifest_list()));
            for manifest in table.manifest_list_reader(snapshot).load().await.unwrap().entries() {
                // most manifests are of many snapshots
                if !named.insert(normal(&manifest.manifest_path)) {
                    continue;
                }
                let entries = manifest.load_manifest(table.file_io()).await.unwrap();
                named.extend(entries.entries().iter().filter(|e| e.is_alive()).map(|e| normal(e.file_path())));
            }
        }
        let root = format!("{}/", normal(metadata.location()));
        let named: BTreeSet<String> = named.iter().map(|path| path.strip_prefix(&root).unwrap().to_owned()).collect();
        (named, metadata.snapshots().len())
    });
    fs::write(file, serde_json::to_vec(&found).unwrap()).unwrap();
}
