//! Events live longer than the code that wrote them.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::event::{Event, Undecodable};

/// Takes data of one schema to the next.
pub type Upcaster = fn(Value) -> Value;

// ANCHOR: upcasters
/// For each kind, the way from its oldest schema to its newest, one step a schema.
///
/// ```
/// use event_sourcing::Upcasters;
/// use serde_json::json;
///
/// let upcasters = Upcasters::new("account_opened", &[|mut data| {
///     data["currency"] = json!("EUR"); // schema 1 knew no other
///     data
/// }]);
/// assert_eq!(upcasters.newest("account_opened"), 2);
/// ```
#[derive(Debug, Default)]
pub struct Upcasters(BTreeMap<&'static str, Vec<Upcaster>>);

impl Upcasters {
    /// Of one kind: the first step takes schema 1 to schema 2.
    pub fn new(kind: &'static str, steps: &[Upcaster]) -> Self {
        Self::default().and(kind, steps)
    }

    /// And of another.
    #[must_use]
    pub fn and(mut self, kind: &'static str, steps: &[Upcaster]) -> Self {
        self.0.insert(kind, steps.to_vec());
        self
    }

    /// The schema that the last step leads to.
    pub fn newest(&self, kind: &str) -> i16 {
        1 + i16::try_from(self.steps(kind).len()).expect("fewer than 32,767 schemas")
    }

    // ANCHOR: upcast
    /// Data of the newest schema, which most are, are read as they are. Older ones take the steps that they lack.
    pub(crate) fn decode<E: Event>(&self, kind: &str, schema: i16, data: &str) -> Result<E, Undecodable> {
        let newest = self.newest(kind);
        if schema == newest {
            return E::decode(kind, data);
        }
        if schema > newest {
            return Err(Undecodable::Newer { kind: kind.to_owned(), schema });
        }
        if schema < 1 {
            return Err(Undecodable::Schema { kind: kind.to_owned(), schema });
        }
        let wrong = |source| Undecodable::Data { kind: kind.to_owned(), source };
        let old: Value = serde_json::from_str(data).map_err(wrong)?;
        let steps = &self.steps(kind)[schema as usize - 1..];
        let new = steps.iter().fold(old, |data, step| step(data));
        E::decode(kind, &new.to_string())
    }
    // ANCHOR_END: upcast

    fn steps(&self, kind: &str) -> &[Upcaster] {
        self.0.get(kind).map_or(&[], Vec::as_slice)
    }
}
// ANCHOR_END: upcasters

impl Upcasters {
    /// For events whose shape has never changed.
    pub fn none() -> &'static Self {
        static NONE: Upcasters = Upcasters(BTreeMap::new());
        &NONE
    }
}
