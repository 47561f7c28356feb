//! `finite`: the number is neither NaN nor infinite; nulls pass.
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Float32Type, Float64Type};

use crate::bits::Bits;
use crate::frame::View;
use crate::plain::plain;
use crate::planner::{Column, Planner};
use crate::rule::{RowCheck, RowRule, Rule};
use crate::text::Dictionary;

struct Finite {
    column: Column,
}

/// Plans the check.
pub(crate) fn plan(column: &str, planner: &mut Planner<'_>) -> Result<Box<dyn Rule>, String> {
    let known = planner.column(column)?;
    if !matches!(known.data_type, DataType::Float32 | DataType::Float64) {
        return Err(format!("only floats can be infinite, and `{column}` is {}", known.data_type));
    }
    let field = planner.field(column)?;
    let judged = Some(known.index);
    Ok(Box::new(RowCheck { rule: Arc::new(Finite { column: known }), judged, shown: [field].into() }))
}

impl RowRule for Finite {
    fn judge(&self, view: &View<'_>, _: &mut Dictionary<u8>, out: &mut Bits) -> Result<(), String> {
        infinite(plain(view.frame.column(self.column.index)?, &self.column)?.as_ref(), out);
        Ok(())
    }

    fn all_pass(&self, values: &ArrayRef) -> Option<bool> {
        let mut out = Bits::default();
        out.reset(values.len());
        values.data_type().is_floating().then(|| infinite(values, &mut out))?;
        Some(out.is_empty())
    }
}

fn infinite(array: &ArrayRef, out: &mut Bits) {
    match array.data_type() {
        DataType::Float32 => out.set_values(array.as_primitive::<Float32Type>().values(), |v| !v.is_finite()),
        _ => out.set_values(array.as_primitive::<Float64Type>().values(), |v| !v.is_finite()),
    }
    if let Some(nulls) = array.nulls() {
        out.keep_valid(nulls);
    }
}
