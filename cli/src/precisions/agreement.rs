//! How often two precisions of a network see the same in a picture, and the right thing.

use serde::Serialize;

use crate::classify::top;

/// Classes that count as likely ones.
pub const LIKELY: usize = 5;

/// Counts over all pictures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Agreement {
    pub pictures: usize,
    /// The likeliest class is the first network's.
    pub top1: usize,
    /// The first network's likeliest class is among the five likeliest.
    pub top5: usize,
    /// The likeliest class is what is in the picture, where that is known.
    pub right: Option<usize>,
}

impl Agreement {
    /// Counts a picture.
    pub fn add(&mut self, exact: &[f64], scores: &[f64], truth: Option<usize>) {
        let classes = |scores: &[f64]| top(scores, LIKELY).into_iter().map(|(class, _)| class).collect::<Vec<_>>();
        let (theirs, ours) = (classes(exact), classes(scores));
        self.pictures += 1;
        if let Some(likeliest) = theirs.first() {
            self.top1 += usize::from(ours.first() == Some(likeliest));
            self.top5 += usize::from(ours.contains(likeliest));
        }
        if let Some(truth) = truth {
            *self.right.get_or_insert(0) += usize::from(ours.first() == Some(&truth));
        }
    }

    /// A part of all pictures in percent.
    pub fn percent(&self, count: usize) -> f64 {
        100.0 * count as f64 / self.pictures.max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_counted() {
        let mut agreement = Agreement::default();
        let exact = [0.1, 0.6, 0.1, 0.1, 0.05, 0.03, 0.02];
        agreement.add(&exact, &exact, Some(1));
        agreement.add(&exact, &[0.6, 0.2, 0.1, 0.05, 0.03, 0.02, 0.0], Some(1));
        agreement.add(&exact, &[0.3, 0.01, 0.2, 0.2, 0.15, 0.14, 0.0], Some(0));
        assert_eq!(agreement, Agreement { pictures: 3, top1: 1, top5: 2, right: Some(2) });
        assert!((agreement.percent(1) - 33.333).abs() < 1e-3);
    }
}
