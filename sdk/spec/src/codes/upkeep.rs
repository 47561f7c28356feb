//! M11xx: upkeep of a mesh.
use super::Page;

pub(super) const PAGES: &[Page] = &[Page {
    code: "M1101",
    title: "the mesh's directory was moved",
    what: "The tables name their files by full paths, and these lead to a place where the mesh no longer is.",
    why: "Iceberg writes full paths into metadata, manifest lists and manifests. Reading on would fail, or, after a copy, \
          read and change the files of the original.",
    example: "mv /srv/mesh /data/mesh\nmesh query \"select ...\" --mesh /data/mesh",
    fix: "`mesh relocate` shows what is to be mended, `mesh relocate --apply` does it in one transaction; data files are not \
          touched. Or move the directory back.",
}];
