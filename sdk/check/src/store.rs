//! What a state is as bytes: little-endian numbers and lengths before what varies, nothing about types.
use serde_json::Value;

/// Raised when any state's bytes change their meaning, so that old ones are not read.
pub(crate) const FORMAT: u32 = 2;

/// Bytes in the making.
#[derive(Debug, Default)]
pub(crate) struct Writer(pub(crate) Vec<u8>);

impl Writer {
    pub(crate) fn whole(&mut self, value: u64) {
        self.0.extend(value.to_le_bytes());
    }

    pub(crate) fn wide(&mut self, value: i128) {
        self.0.extend(value.to_le_bytes());
    }

    pub(crate) fn float(&mut self, value: f64) {
        self.whole(value.to_bits());
    }

    pub(crate) fn flag(&mut self, value: bool) {
        self.0.push(value.into());
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.whole(bytes.len() as u64);
        self.0.extend(bytes);
    }

    pub(crate) fn json(&mut self, value: &Value) {
        self.bytes(value.to_string().as_bytes());
    }

    pub(crate) fn wholes(&mut self, values: &[u64]) {
        self.whole(values.len() as u64);
        self.0.reserve(values.len() * 8);
        values.iter().for_each(|value| self.0.extend(value.to_le_bytes()));
    }

    pub(crate) fn wides(&mut self, values: &[u128]) {
        self.whole(values.len() as u64);
        self.0.reserve(values.len() * 16);
        values.iter().for_each(|value| self.0.extend(value.to_le_bytes()));
    }
}

/// Bytes being read; `None` where they end too soon.
#[derive(Debug)]
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, bytes: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(bytes)?;
        self.0 = rest;
        Some(taken)
    }

    fn counted(&mut self, width: usize) -> Option<&'a [u8]> {
        let count = usize::try_from(self.whole()?).ok()?;
        self.take(count.checked_mul(width)?)
    }

    pub(crate) fn whole(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.take(8)?.try_into().ok()?))
    }

    pub(crate) fn wide(&mut self) -> Option<i128> {
        Some(i128::from_le_bytes(self.take(16)?.try_into().ok()?))
    }

    pub(crate) fn float(&mut self) -> Option<f64> {
        self.whole().map(f64::from_bits)
    }

    pub(crate) fn flag(&mut self) -> Option<bool> {
        Some(self.take(1)? == [1])
    }

    pub(crate) fn bytes(&mut self) -> Option<&'a [u8]> {
        self.counted(1)
    }

    pub(crate) fn json(&mut self) -> Option<Value> {
        serde_json::from_slice(self.bytes()?).ok()
    }

    pub(crate) fn wholes(&mut self) -> Option<Vec<u64>> {
        let bytes = self.counted(8)?;
        Some(bytes.as_chunks::<8>().0.iter().map(|chunk| u64::from_le_bytes(*chunk)).collect())
    }

    pub(crate) fn wides(&mut self) -> Option<Vec<u128>> {
        let bytes = self.counted(16)?;
        Some(bytes.as_chunks::<16>().0.iter().map(|chunk| u128::from_le_bytes(*chunk)).collect())
    }
}
