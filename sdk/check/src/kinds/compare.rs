//! `compare`: one column of a row compares with another. A null in either passes; NaN in either violates, whatever the
//! operator; -0.0 equals 0.0; text is compared byte by byte.
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray};
use arrow::compute::cast;
use arrow::compute::kernels::cmp;
use arrow::datatypes::{DataType, Float64Type};
use meshwright_spec::Operator;

use crate::bits::Bits;
use crate::frame::View;
use crate::planner::{Column, Planner};
use crate::rule::{RowCheck, RowRule, Rule};
use crate::text::{Dictionary, is_text};

struct Compare {
    left: Column,
    right: Column,
    /// The type that both are brought to.
    common: DataType,
    operator: Operator,
}

/// Plans the check.
pub(crate) fn plan(
    column: &str,
    operator: Operator,
    other: &str,
    planner: &mut Planner<'_>,
) -> Result<Box<dyn Rule>, String> {
    let (left, right) = (planner.column(column)?, planner.column(other)?);
    let common = common(&left.data_type, &right.data_type)
        .ok_or_else(|| format!("a {} does not compare with a {}", left.data_type, right.data_type))?;
    let shown = [planner.field(column)?, planner.field(other)?].into();
    Ok(Box::new(RowCheck { rule: Arc::new(Compare { left, right, common, operator }), judged: None, shown }))
}

fn common(left: &DataType, right: &DataType) -> Option<DataType> {
    let number = |t: &DataType| t.is_integer() || t.is_floating() || matches!(t, DataType::Decimal128(..));
    match (left, right) {
        (a, b) if is_text(a) && is_text(b) => Some(DataType::Utf8),
        (a, b) if a.is_floating() && number(b) || b.is_floating() && number(a) => Some(DataType::Float64),
        (a, b) if a == b && !a.is_nested() => Some(a.clone()),
        (DataType::UInt64, b) | (b, DataType::UInt64) if b.is_integer() => Some(DataType::Decimal128(20, 0)),
        (a, b) if a.is_integer() && b.is_integer() => Some(DataType::Int64),
        (DataType::Decimal128(_, a), DataType::Decimal128(_, b)) => Some(DataType::Decimal128(38, *a.max(b))),
        (DataType::Decimal128(_, scale), b) | (b, DataType::Decimal128(_, scale)) if b.is_integer() => {
            Some(DataType::Decimal128(38, *scale))
        }
        _ => None,
    }
}

impl Compare {
    fn side(&self, column: &Column, view: &View<'_>) -> Result<ArrayRef, String> {
        let array = view.frame.column(column.index)?;
        match *array.data_type() == self.common {
            true => Ok(array.clone()),
            false => cast(array, &self.common).map_err(|error| error.to_string()),
        }
    }

    fn holds(&self, left: &ArrayRef, right: &ArrayRef) -> Result<BooleanArray, String> {
        match self.operator {
            Operator::Less => cmp::lt(left, right),
            Operator::AtMost => cmp::lt_eq(left, right),
            Operator::Equal => cmp::eq(left, right),
            Operator::Different => cmp::neq(left, right),
            Operator::AtLeast => cmp::gt_eq(left, right),
            Operator::Greater => cmp::gt(left, right),
        }
        .map_err(|error| error.to_string())
    }

    fn holds_for(&self, left: f64, right: f64) -> bool {
        match self.operator {
            Operator::Less => left < right,
            Operator::AtMost => left <= right,
            Operator::Equal => left == right,
            Operator::Different => left != right && !left.is_nan() && !right.is_nan(),
            Operator::AtLeast => left >= right,
            Operator::Greater => left > right,
        }
    }
}

impl RowRule for Compare {
    fn judge(&self, view: &View<'_>, _: &mut Dictionary<u8>, out: &mut Bits) -> Result<(), String> {
        let (left, right) = (self.side(&self.left, view)?, self.side(&self.right, view)?);
        // kernels order floats totally, by which NaN equals NaN and -0.0 is below 0.0
        if self.common == DataType::Float64 {
            let (a, b) = (left.as_primitive::<Float64Type>().values(), right.as_primitive::<Float64Type>().values());
            out.set_where(|row| !self.holds_for(a[row], b[row]));
        } else {
            let holds = Bits::of_true(&self.holds(&left, &right)?);
            out.set_all();
            out.remove(&holds);
        }
        for nulls in [left.logical_nulls(), right.logical_nulls()].into_iter().flatten() {
            out.keep_valid(&nulls);
        }
        Ok(())
    }
}
