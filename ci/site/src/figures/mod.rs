//! What figures are made of: text that is safe in HTML, tables, numbers, drawings.

pub(crate) mod bars;
pub(crate) mod numbers;
pub(crate) mod table;
pub(crate) mod text;
pub(crate) mod waterfall;
