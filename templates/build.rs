//! A file added to a template must rebuild the crate; `include_dir` alone notices only edits.
fn main() {
    #[allow(clippy::print_stdout, reason = "this is how a build script speaks to cargo")]
    {
        println!("cargo:rerun-if-changed=domain");
    }
}
