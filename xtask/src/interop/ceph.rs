//! `cargo xtask interop ceph [TEST]...`: the suite's tests of meshes in object stores, on a real Ceph RADOS Gateway.
//!
//! Debian's packages are started as processes of this one, in `target/interop/ceph`, on ports of 127.0.0.1 that are free:
//! one monitor, one manager, one OSD in a sparse file, one gateway. They end with this process, however it ends.
use std::fs::{self, File};
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::checkout::{cargo, root};
use crate::process::{self, Daemon};

/// What has to be installed, and the packages that bring it.
const PROGRAMS: [&str; 8] =
    ["ceph", "ceph-authtool", "monmaptool", "ceph-mon", "ceph-mgr", "ceph-osd", "radosgw", "radosgw-admin"];
const PACKAGES: &str = "ceph-mon ceph-mgr ceph-osd radosgw ceph-common";

/// Of the gateway's one user.
const KEY: &str = "meshtestkey";
const SECRET: &str = "meshtestsecret-never-shown";

/// Tests that need nothing but an endpoint: those on homes with objects, and those about homes.
const TESTS: [&str; 2] = ["objects::", "homes::"];

/// Makes a bucket, with the signature that Python's own library can make.
const MAKE_BUCKET: &str = r#"
import base64, email.utils, hashlib, hmac, sys, urllib.request
endpoint, key, secret, bucket = sys.argv[1:]
date = email.utils.formatdate(usegmt=True)
text = f"PUT\n\n\n{date}\n/{bucket}"
signature = base64.b64encode(hmac.new(secret.encode(), text.encode(), hashlib.sha1).digest()).decode()
headers = {"Date": date, "Authorization": f"AWS {key}:{signature}"}
urllib.request.urlopen(urllib.request.Request(f"{endpoint}/{bucket}", method="PUT", headers=headers), timeout=60)
"#;

pub(super) fn go(tests: &[String]) -> Outcome {
    let missing: Vec<&str> = PROGRAMS.into_iter().filter(|program| !process::exists(program)).collect();
    if !missing.is_empty() {
        return Err(format!(
            "not installed: {}\nhint: `apt-get install --no-install-recommends {PACKAGES}` on Debian and Ubuntu; while it \
             installs, an executable `/usr/sbin/policy-rc.d` that exits with 101 keeps it from starting services",
            missing.join(", ")
        ));
    }
    // built before anything runs that only waits for it
    process::run(&mut cargo(&["test", "--workspace", "--tests", "--quiet", "--no-run"]))?;
    let began = Instant::now();
    let ceph = Ceph::start(&root().join("target/interop/ceph"))?;
    println!("Ceph answers at {} after {:.0} s", ceph.endpoint, began.elapsed().as_secs_f64());
    let mut command = cargo(&["test", "--workspace", "--tests", "--quiet", "--"]);
    if tests.is_empty() {
        command.args(TESTS)
    } else {
        command.args(tests)
    };
    command.env("MESH_TEST_S3", &ceph.endpoint).env("AWS_ENDPOINT_URL", &ceph.endpoint);
    command.env("AWS_ACCESS_KEY_ID", KEY).env("AWS_SECRET_ACCESS_KEY", SECRET).env("AWS_REGION", "us-east-1");
    process::run(&mut command).map_err(|why| format!("{why}\nlogs of Ceph are in {}", ceph.folder.display()))?;
    ceph.end()
}

/// A cluster of one node; its processes end when it is dropped.
struct Ceph {
    folder: PathBuf,
    endpoint: String,
    daemons: Vec<Daemon>,
}

impl Drop for Ceph {
    fn drop(&mut self) {
        // the gateway before what it stands on
        while self.daemons.pop().is_some() {}
    }
}

impl Ceph {
    fn start(folder: &Path) -> Result<Self, String> {
        if folder.exists() {
            fs::remove_dir_all(folder).map_err(|e| e.to_string())?;
        }
        for name in ["mon", "mgr", "osd", "rgw", "log"] {
            fs::create_dir_all(folder.join(name)).map_err(|e| e.to_string())?;
        }
        let [monitor, gateway] = free_ports().map_err(|e| e.to_string())?;
        let endpoint = format!("http://127.0.0.1:{gateway}");
        let mut ceph = Self { folder: folder.to_owned(), endpoint, daemons: vec![] };
        let id = uuid()?;
        fs::write(folder.join("ceph.conf"), configuration(folder, &id, monitor, gateway)).map_err(|e| e.to_string())?;
        ceph.monitor(&id, monitor)?;
        ceph.asks(&["auth", "get-or-create", "mgr.x", "mon", "allow profile mgr", "osd", "allow *", "mds", "allow *"])
            .and_then(|key| ceph.write("mgr/keyring", &key))?;
        ceph.daemon("ceph-mgr", &["-i", "x"])?;
        ceph.store()?;
        ceph.asks(&["auth", "get-or-create", "client.rgw.a", "mon", "allow rw", "osd", "allow rwx", "mgr", "allow rw"])
            .and_then(|key| ceph.write("rgw/keyring", &key))?;
        ceph.until("the OSD is up", |ceph| ceph.asks(&["osd", "stat"]).is_ok_and(|said| said.contains("1 up")))?;
        ceph.daemon("radosgw", &["-n", "client.rgw.a"])?;
        ceph.until("the gateway listens", |_| TcpStream::connect(("127.0.0.1", gateway)).is_ok())?;
        let user = ["user", "create", "--uid=mesh", "--display-name=mesh", "--access-key", KEY, "--secret-key", SECRET];
        process::stdout_of(ceph.command("radosgw-admin").args(user))?;
        let mut bucket = Command::new("python3");
        bucket.args(["-c", MAKE_BUCKET, &ceph.endpoint, KEY, SECRET, "lake"]);
        process::stdout_of(&mut bucket).map_err(|_| "the gateway makes no bucket".to_owned())?;
        Ok(ceph)
    }

    fn monitor(&mut self, id: &str, port: u16) -> Outcome {
        let path = |name: &str| self.folder.join(name).display().to_string();
        let (keys, admin, map) = (path("mon.keyring"), path("admin.keyring"), path("monmap"));
        let all = ["--cap", "mon", "allow *"];
        let tool = |args: &[&str]| process::stdout_of(Command::new("ceph-authtool").args(args)).map(drop);
        tool(&[&["--create-keyring", keys.as_str(), "--gen-key", "-n", "mon."][..], &all].concat())?;
        let more = ["--cap", "osd", "allow *", "--cap", "mgr", "allow *", "--cap", "mds", "allow *"];
        let new = ["--create-keyring", admin.as_str(), "--gen-key", "-n", "client.admin"];
        tool(&[&new[..], &all, &more].concat())?;
        tool(&[&keys, "--import-keyring", &admin])?;
        let place = format!("v2:127.0.0.1:{port}");
        let mut make = Command::new("monmaptool");
        make.args(["--create", "--clobber", "--fsid", id, "--addv", "a", &format!("[{place}]"), &map]);
        process::stdout_of(&mut make)?;
        let mkfs = ["-i", "a", "--mkfs", "--monmap", &map, "--keyring", &keys];
        process::stdout_of(self.command("ceph-mon").args(mkfs))?;
        fs::copy(&keys, self.folder.join("mon/keyring")).map_err(|e| e.to_string())?;
        self.daemon("ceph-mon", &["-i", "a"])?;
        self.until("the monitor answers", |ceph| ceph.asks(&["status"]).is_ok())
    }

    /// One OSD, on a sparse file.
    fn store(&mut self) -> Outcome {
        let id = uuid()?;
        let key = process::stdout_of(Command::new("ceph-authtool").arg("--gen-print-key"))?.trim().to_owned();
        let mut new = self.command("ceph");
        new.args(["osd", "new", &id, "-i", "-"]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut running = new.spawn().map_err(|e| e.to_string())?;
        if let Some(mut input) = running.stdin.take() {
            write!(input, "{{\"cephx_secret\":\"{key}\"}}").map_err(|e| e.to_string())?;
        }
        if !running.wait().map_err(|e| e.to_string())?.success() {
            return Err("`ceph osd new` failed".to_owned());
        }
        let keys = self.folder.join("osd/keyring").display().to_string();
        let keep = ["--create-keyring", &keys, "--name", "osd.0", "--add-key", &key];
        process::stdout_of(Command::new("ceph-authtool").args(keep))?;
        process::stdout_of(self.command("ceph-osd").args(["-i", "0", "--mkfs", "--osd-uuid", &id]))?;
        self.daemon("ceph-osd", &["-i", "0"])
    }

    /// A program with the cluster's configuration.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.arg("--conf").arg(self.folder.join("ceph.conf"));
        command
    }

    fn asks(&self, words: &[&str]) -> Result<String, String> {
        process::stdout_of(self.command("ceph").args(["--connect-timeout", "5"]).args(words))
    }

    fn write(&self, name: &str, text: &str) -> Outcome {
        fs::write(self.folder.join(name), text).map_err(|e| e.to_string())
    }

    /// Starts a daemon that stays a process of ours.
    fn daemon(&mut self, program: &str, args: &[&str]) -> Outcome {
        let log = File::create(self.folder.join(format!("log/{program}.out"))).map_err(|e| e.to_string())?;
        let mut command = self.command(program);
        command.arg("-f").args(args);
        self.daemons.push(Daemon::start(&command, "KILL", None, Some(log))?);
        Ok(())
    }

    fn until(&self, what: &str, so: impl Fn(&Self) -> bool) -> Outcome {
        let began = Instant::now();
        while !so(self) {
            if began.elapsed() > Duration::from_secs(180) {
                return Err(format!("waited in vain until {what}; logs are in {}", self.folder.display()));
            }
            std::thread::sleep(Duration::from_millis(300));
        }
        Ok(())
    }

    /// Ends it and removes what it kept.
    fn end(self) -> Outcome {
        let folder = self.folder.clone();
        drop(self);
        fs::remove_dir_all(folder).map_err(|e| e.to_string())
    }
}

fn configuration(folder: &Path, id: &str, monitor: u16, gateway: u16) -> String {
    let at = folder.display();
    format!(
        "[global]
fsid = {id}
mon host = [v2:127.0.0.1:{monitor}]
mon initial members = a
auth cluster required = cephx
auth service required = cephx
auth client required = cephx
auth allow insecure global id reclaim = false
public network = 127.0.0.0/8
osd pool default size = 1
osd pool default min size = 1
osd crush chooseleaf type = 0
mon allow pool size one = true
mon warn on pool no redundancy = false
osd pool default pg num = 8
osd pool default pgp num = 8
mon max pg per osd = 1000
mon data avail warn = 1
mon data avail crit = 1
run dir = {at}
log file = {at}/log/$name.log
admin socket =
keyring = {at}/admin.keyring
ms bind ipv4 = true
ms bind ipv6 = false
[mon]
mon data = {at}/mon
keyring = {at}/mon.keyring
[mgr]
mgr data = {at}/mgr
keyring = {at}/mgr/keyring
[osd]
osd data = {at}/osd
keyring = {at}/osd/keyring
osd objectstore = bluestore
bluestore block size = 10737418240
osd memory target = 1073741824
[client.rgw.a]
keyring = {at}/rgw/keyring
rgw frontends = beast endpoint=127.0.0.1:{gateway}
rgw enable usage log = false
"
    )
}

/// Ports that are free, all held until each is known.
fn free_ports() -> std::io::Result<[u16; 2]> {
    let (one, other) = (TcpListener::bind("127.0.0.1:0")?, TcpListener::bind("127.0.0.1:0")?);
    Ok([one.local_addr()?.port(), other.local_addr()?.port()])
}

fn uuid() -> Result<String, String> {
    let text = fs::read_to_string("/proc/sys/kernel/random/uuid").map_err(|e| e.to_string())?;
    Ok(text.trim().to_owned())
}
