//! The codes of this crate's diagnostics; their pages are in `meshwright-spec`.

/// The bytes break the rules of the format.
pub(crate) const MALFORMED: &str = "M0302";
/// A declared column is not in the file.
pub(crate) const NO_COLUMN: &str = "M0303";
/// The bytes are not text in the declared encoding.
pub(crate) const ENCODING: &str = "M0304";
/// There are no bytes.
pub(crate) const EMPTY: &str = "M0305";
/// The file is of another kind than its name and source say.
pub(crate) const OTHER_KIND: &str = "M0306";
/// An address does not answer, or refuses.
pub(crate) const UNREACHABLE: &str = "M0307";
/// A value is not of its column's type.
pub(crate) const BAD_VALUE: &str = "M0308";
/// Nothing is at the location.
pub(crate) const NO_FILE: &str = "M0309";
