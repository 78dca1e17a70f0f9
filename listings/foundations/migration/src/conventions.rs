//! Names of the semantic conventions.

use opentelemetry::KeyValue;
use opentelemetry_semantic_conventions::attribute;

// ANCHOR: names
/// The old names are constants still, marked as deprecated, so `-D warnings` finds
/// them. As text nobody finds them.
///
/// ```compile_fail,deprecated
/// #![deny(deprecated)]
/// use opentelemetry_semantic_conventions::attribute::HTTP_METHOD;
/// ```
pub fn request() -> [KeyValue; 2] {
    [KeyValue::new(attribute::HTTP_REQUEST_METHOD, "GET"), KeyValue::new(attribute::HTTP_RESPONSE_STATUS_CODE, 200)]
}
// ANCHOR_END: names
