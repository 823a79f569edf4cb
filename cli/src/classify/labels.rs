//! Names of classes.

use std::collections::BTreeMap;

/// Networks with a background class number the 1000 classes of ImageNet from 1.
const IMAGENET_CLASSES: usize = 1000;

/// A name for each class.
#[derive(Debug)]
pub struct Labels {
    names: BTreeMap<usize, String>,
    /// Added to a class to get its line: -1, 0 or 1.
    offset: isize,
}

impl Labels {
    /// Reads labels for so many classes, one a line, or `INDEX NAME` lines.
    ///
    /// # Errors
    /// The labels are not those of so many classes.
    pub fn parse(text: &str, classes: usize) -> Result<Self, String> {
        let text = text.trim_start_matches('\u{feff}').trim_end();
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        let indexed: Option<Vec<(usize, &str)>> =
            lines.iter().filter(|line| !line.is_empty()).map(|line| split_index(line)).collect();
        let names: BTreeMap<usize, String> = match indexed {
            Some(pairs) if is_index(&pairs) => pairs.iter().map(|&(i, name)| (i, name.to_owned())).collect(),
            _ => lines.iter().enumerate().map(|(i, line)| (i, (*line).to_owned())).collect(),
        };
        let count = names.last_key_value().map_or(0, |(last, _)| last + 1);
        let offset = match (classes, count) {
            _ if names.values().all(String::is_empty) => return Err("has no labels".to_owned()),
            (classes, count) if classes == count => 0,
            (classes, IMAGENET_CLASSES) if classes == IMAGENET_CLASSES + 1 => -1,
            (IMAGENET_CLASSES, count) if count == IMAGENET_CLASSES + 1 => 1,
            // A table of indices may leave out the classes at its end.
            (classes, count) if count < classes && names.len() < count => 0,
            _ => return Err(format!("has labels for {count} classes, but the model has {classes}")),
        };
        Ok(Self { names, offset })
    }

    /// The name of a class, or what stands for it where it has none.
    pub fn of(&self, class: usize) -> String {
        let line = class.checked_add_signed(self.offset);
        match line.and_then(|line| self.names.get(&line)) {
            Some(name) => name.clone(),
            None if line.is_none() => "background".to_owned(),
            None => "(no label)".to_owned(),
        }
    }
}

fn split_index(line: &str) -> Option<(usize, &str)> {
    let (index, name) = line.split_once([' ', '\t', ',', ':'])?;
    let index = index.parse().ok().filter(|&index: &usize| index < 1 << 24)?;
    Some((index, name.trim_start_matches([' ', '\t', ',', ':'])))
}

/// Indices grow; numbers that begin names (`3 wheeler`) do not.
fn is_index(pairs: &[(usize, &str)]) -> bool {
    pairs.windows(2).all(|pair| pair[0].0 < pair[1].0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(count: usize) -> String {
        (0..count).map(|i| format!("name {}\n", (b'a' + (i % 26) as u8) as char)).collect()
    }

    #[test]
    fn lines_and_indices_are_both_understood() {
        let lines = Labels::parse("cat\ndog, small\nbird\n", 3).unwrap();
        assert_eq!(lines.of(1), "dog, small");
        let indexed = Labels::parse("0  background\n1  tench, Tinca tinca\n2\tgoldfish\n", 3).unwrap();
        assert_eq!((indexed.of(1), indexed.of(2)), ("tench, Tinca tinca".to_owned(), "goldfish".to_owned()));
        let sparse = Labels::parse("0 person\n4 airplane\n", 6).unwrap();
        assert_eq!((sparse.of(4), sparse.of(5)), ("airplane".to_owned(), "(no label)".to_owned()));
    }

    #[test]
    fn a_background_class_on_either_side_is_allowed_for() {
        let labels = Labels::parse(&plain(1000), 1001).unwrap();
        assert_eq!((labels.of(0), labels.of(1)), ("background".to_owned(), "name a".to_owned()));
        assert_eq!(Labels::parse(&plain(1001), 1000).unwrap().of(0), "name b");
    }

    #[test]
    fn labels_of_another_model_are_refused() {
        assert!(Labels::parse(&plain(90), 1001).unwrap_err().contains("90 classes, but the model has 1001"));
        assert!(Labels::parse("", 3).unwrap_err().contains("no labels"));
        assert!(Labels::parse(&plain(4), 3).is_err());
    }
}
