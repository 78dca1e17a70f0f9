//! Events across streams, by their tags: the scope of a decision that is about more than one stream.

use crate::event::Tag;

/// All of these tags, and one of these kinds.
///
/// ```
/// use event_sourcing::{Query, Tag};
///
/// let accounts_of_ann = Query::tagged([Tag::new("owner", "ann")?]).of_kinds(["account_opened"]);
/// # Ok::<(), event_sourcing::InvalidTag>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    pub(crate) tags: Vec<Tag>,
    pub(crate) kinds: Vec<String>,
}

impl Query {
    /// Events that have all of these tags.
    pub fn tagged(tags: impl IntoIterator<Item = Tag>) -> Self {
        Self { tags: tags.into_iter().collect(), kinds: Vec::new() }
    }

    /// Of those, only these kinds.
    #[must_use]
    pub fn of_kinds(mut self, kinds: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.kinds = kinds.into_iter().map(Into::into).collect();
        self
    }

    /// As the database takes it.
    pub(crate) fn parts(&self) -> (Vec<String>, &[String]) {
        (self.tags.iter().map(|tag| tag.as_str().to_owned()).collect(), &self.kinds)
    }
}
