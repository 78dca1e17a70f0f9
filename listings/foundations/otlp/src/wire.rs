//! Protobuf, field by field.
//!
//! A message is a sequence of fields. Each begins with a tag, `number << 3 | wire type`, and the wire type says how far
//! the value goes. Names are not sent: both sides know them from the same `.proto` files, and here from [`name`].

/// A field at its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field<'a> {
    /// Where its tag begins, counted from the first byte of the request.
    pub offset: usize,
    /// How many messages it is inside of.
    pub depth: usize,
    /// Its number in the `.proto` file.
    pub number: u64,
    /// `VARINT`, `I64`, `LEN` or `I32`.
    pub wire_type: &'static str,
    /// Its name in the `.proto` file.
    pub name: &'static str,
    /// Tag, length and value. Of a message only tag and length: the value is more fields.
    pub bytes: &'a [u8],
    /// The value for people; empty for a message.
    pub value: String,
}

/// What is no protobuf, or none that [`name`] knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no field that is known begins at byte {0}")]
pub struct Unknown(pub usize);

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holds {
    Message(&'static str),
    Text,
    Id,
    Number,
}

// ANCHOR: names
/// What `trace.proto`, `common.proto` and `resource.proto` say of the fields that a small span has.
fn name(message: &str, number: u64) -> Option<(&'static str, Holds)> {
    Some(match (message, number) {
        ("ExportTraceServiceRequest", 1) => ("resource_spans", Holds::Message("ResourceSpans")),
        ("ResourceSpans", 1) => ("resource", Holds::Message("Resource")),
        ("ResourceSpans", 2) => ("scope_spans", Holds::Message("ScopeSpans")),
        ("ScopeSpans", 1) => ("scope", Holds::Message("InstrumentationScope")),
        ("ScopeSpans", 2) => ("spans", Holds::Message("Span")),
        ("Span", 1) => ("trace_id", Holds::Id),
        ("Span", 2) => ("span_id", Holds::Id),
        ("Span", 5) => ("name", Holds::Text),
        ("Span", 6) => ("kind", Holds::Number),
        ("Span", 7) => ("start_time_unix_nano", Holds::Number),
        ("Span", 8) => ("end_time_unix_nano", Holds::Number),
        ("Span", 15) => ("status", Holds::Message("Status")),
        ("Span", 16) => ("flags", Holds::Number),
        ("Resource", 1) | ("Span", 9) => ("attributes", Holds::Message("KeyValue")),
        ("InstrumentationScope", 1) => ("name", Holds::Text),
        ("KeyValue", 1) => ("key", Holds::Text),
        ("KeyValue", 2) => ("value", Holds::Message("AnyValue")),
        ("AnyValue", 1) => ("string_value", Holds::Text),
        ("AnyValue", 3) => ("int_value", Holds::Number),
        _ => return None,
    })
}
// ANCHOR_END: names

/// The fields of an `ExportTraceServiceRequest`, in the order in which they are sent.
///
/// # Errors
///
/// [`Unknown`], with the place.
pub fn fields(request: &[u8]) -> Result<Vec<Field<'_>>, Unknown> {
    let mut walk = Walk { all: request, at: 0, fields: Vec::new() };
    walk.message("ExportTraceServiceRequest", request.len(), 0)?;
    Ok(walk.fields)
}

struct Walk<'a> {
    all: &'a [u8],
    at: usize,
    fields: Vec<Field<'a>>,
}

impl Walk<'_> {
    /// Reads fields until `end`.
    fn message(&mut self, message: &'static str, end: usize, depth: usize) -> Result<(), Unknown> {
        while self.at < end {
            let offset = self.at;
            let tag = self.varint()?;
            let (name, holds) = name(message, tag >> 3).ok_or(Unknown(offset))?;
            let (wire_type, number, length) = match tag & 7 {
                0 => ("VARINT", self.varint()?, 0),
                1 => ("I64", self.fixed(8)?, 0),
                2 => ("LEN", 0, usize::try_from(self.varint()?).map_err(|_| Unknown(offset))?),
                5 => ("I32", self.fixed(4)?, 0),
                _ => return Err(Unknown(offset)),
            };
            let value_end = self.at.checked_add(length).filter(|value_end| *value_end <= end).ok_or(Unknown(offset))?;
            let data = &self.all[self.at..value_end];
            let value = match holds {
                Holds::Message(_) => String::new(),
                Holds::Text => format!("{:?}", String::from_utf8_lossy(data)),
                Holds::Id => data.iter().map(|byte| format!("{byte:02x}")).collect(),
                Holds::Number => number.to_string(),
            };
            let is_message = matches!(holds, Holds::Message(_));
            let bytes = &self.all[offset..if is_message { self.at } else { value_end }];
            self.fields.push(Field { offset, depth, number: tag >> 3, wire_type, name, bytes, value });
            match holds {
                Holds::Message(inner) => self.message(inner, value_end, depth + 1)?,
                _ => self.at = value_end,
            }
        }
        Ok(())
    }

    /// Seven bits a byte, the lowest first; the eighth says whether another byte follows.
    fn varint(&mut self) -> Result<u64, Unknown> {
        let (start, mut value) = (self.at, 0);
        for shift in (0..64).step_by(7) {
            let byte = *self.all.get(self.at).ok_or(Unknown(start))?;
            self.at += 1;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Unknown(start))
    }

    /// The lowest byte first.
    fn fixed(&mut self, length: usize) -> Result<u64, Unknown> {
        let bytes = self.all.get(self.at..self.at + length).ok_or(Unknown(self.at))?;
        self.at += length;
        Ok(bytes.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte)))
    }
}
