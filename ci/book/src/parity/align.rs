//! The differences between two sequences, by their longest common subsequence.

/// A difference, with positions in both sequences.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Edit {
    /// Both have something at this place, and it is not the same.
    Differs { en: usize, zh: usize },
    /// The English side has `en`; the Chinese side does not, before its `zh`.
    Missing { en: usize, zh: usize },
    /// The Chinese side has `zh`; the English side does not, before its `en`.
    Extra { en: usize, zh: usize },
}

/// Compares two sequences of keys.
pub(super) fn align(en: &[String], zh: &[String]) -> Vec<Edit> {
    let common = lengths(en, zh);
    let (mut edits, mut gap) = (Vec::new(), (0, 0));
    let (mut left, mut right) = (0, 0);
    while left < en.len() && right < zh.len() {
        if en[left] == zh[right] {
            close(&mut edits, gap, (left, right));
            (left, right) = (left + 1, right + 1);
            gap = (left, right);
        } else if common[left + 1][right] >= common[left][right + 1] {
            left += 1;
        } else {
            right += 1;
        }
    }
    close(&mut edits, gap, (en.len(), zh.len()));
    edits
}

/// What stands between two common elements: pairs first, then what is left of the longer side.
fn close(edits: &mut Vec<Edit>, from: (usize, usize), to: (usize, usize)) {
    let pairs = (to.0 - from.0).min(to.1 - from.1);
    edits.extend((0..pairs).map(|step| Edit::Differs { en: from.0 + step, zh: from.1 + step }));
    edits.extend((from.0 + pairs..to.0).map(|en| Edit::Missing { en, zh: to.1 }));
    edits.extend((from.1 + pairs..to.1).map(|zh| Edit::Extra { en: to.0, zh }));
}

/// The length of the longest common subsequence of what follows each pair of positions.
fn lengths(en: &[String], zh: &[String]) -> Vec<Vec<usize>> {
    let mut common = vec![vec![0; zh.len() + 1]; en.len() + 1];
    for left in (0..en.len()).rev() {
        for right in (0..zh.len()).rev() {
            common[left][right] = match en[left] == zh[right] {
                true => common[left + 1][right + 1] + 1,
                false => common[left + 1][right].max(common[left][right + 1]),
            };
        }
    }
    common
}

#[cfg(test)]
mod tests {
    use super::{Edit::*, *};

    fn edits(en: &str, zh: &str) -> Vec<Edit> {
        let keys = |text: &str| text.chars().map(String::from).collect::<Vec<_>>();
        align(&keys(en), &keys(zh))
    }

    #[test]
    fn finds_each_difference_once() {
        assert_eq!(edits("abc", "abc"), []);
        assert_eq!(edits("abc", "axc"), [Differs { en: 1, zh: 1 }]);
        assert_eq!(edits("abc", "ac"), [Missing { en: 1, zh: 1 }]);
        assert_eq!(edits("ac", "abc"), [Extra { en: 1, zh: 1 }]);
        assert_eq!(edits("ab", ""), [Missing { en: 0, zh: 0 }, Missing { en: 1, zh: 0 }]);
        assert_eq!(edits("abcd", "bcx"), [Missing { en: 0, zh: 0 }, Differs { en: 3, zh: 2 }]);
    }
}
