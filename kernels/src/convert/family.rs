//! What the families of conversions are called.

/// Conversions that every CPU runs, as the registry lists them.
pub(super) const CONVERSION: &str = "conversion";
/// QUANTIZE from floats, as the registry lists it.
pub(super) const QUANTIZE: &str = "quantize";
