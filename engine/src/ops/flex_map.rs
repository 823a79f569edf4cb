//! Options of custom operators: a FlexBuffer whose root is a map from names to numbers.
//!
//! A FlexBuffer ends with the type and the width of its root. A map is a vector of values with a byte of type each
//! behind it, and before it the distance to a vector of keys, that vector's width and the count:
//!
//! ```text
//! [distance to keys][width of keys][count] value ... value type ... type
//! ```
//!
//! Distances go backwards. Every read is checked, so any bytes are safe: what leads nowhere is not there.

use crate::error::{Error, Result};

/// Types of values, the upper six bits of a type byte.
mod kind {
    pub(super) const NULL: u8 = 0;
    pub(super) const INT: u8 = 1;
    pub(super) const UINT: u8 = 2;
    pub(super) const FLOAT: u8 = 3;
    pub(super) const INDIRECT_INT: u8 = 6;
    pub(super) const INDIRECT_UINT: u8 = 7;
    pub(super) const INDIRECT_FLOAT: u8 = 8;
    pub(super) const MAP: u8 = 9;
    pub(super) const BOOL: u8 = 26;
}

/// More entries than any operator has options.
const MAX_ENTRIES: usize = 256;

/// A number among the options.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Number {
    Integer(i64),
    Real(f64),
}

/// A map of numbers inside a FlexBuffer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FlexMap<'a> {
    bytes: &'a [u8],
    /// Where the values start, how wide each is, and how many there are.
    values: usize,
    width: usize,
    count: usize,
    /// Where the keys' distances start and how wide each is.
    keys: usize,
    key_width: usize,
}

impl<'a> FlexMap<'a> {
    /// The map that the buffer holds.
    ///
    /// # Errors
    /// When it holds something else.
    pub(crate) fn new(bytes: &'a [u8]) -> Result<Self> {
        Self::read(bytes).ok_or_else(|| Error::corrupt("the options are no map"))
    }

    fn read(bytes: &'a [u8]) -> Option<Self> {
        let &[.., packed_type, root_width] = bytes else { return None };
        if packed_type >> 2 != kind::MAP {
            return None;
        }
        let root_width = usize::from(root_width);
        let root = bytes.len().checked_sub(2 + root_width)?;
        let values = follow(bytes, root, root_width)?;
        let width = 1_usize << (packed_type & 3);
        let count = usize::try_from(unsigned(bytes, values.checked_sub(width)?, width)?).ok()?;
        let key_width = usize::try_from(unsigned(bytes, values.checked_sub(2 * width)?, width)?).ok()?;
        let keys = follow(bytes, values.checked_sub(3 * width)?, width)?;
        let fits = count <= MAX_ENTRIES && matches!(key_width, 1 | 2 | 4 | 8);
        fits.then_some(Self { bytes, values, width, count, keys, key_width })
    }

    /// The value of a name; `None` where there is none, or null, or no number.
    fn get(&self, name: &str) -> Option<Number> {
        let index = (0..self.count).find(|&index| self.has_key(index, name))?;
        let at = self.values + index * self.width;
        let packed_type = *self.bytes.get(self.values + self.count * self.width + index)?;
        let (kind, indirect_width) = (packed_type >> 2, 1 << (packed_type & 3));
        let read = |at, width, kind| match kind {
            kind::INT => Some(Number::Integer(signed(self.bytes, at, width)?)),
            kind::UINT | kind::BOOL => Some(Number::Integer(unsigned(self.bytes, at, width)?.try_into().ok()?)),
            _ => Some(Number::Real(real(self.bytes, at, width)?)),
        };
        match kind {
            kind::NULL => None,
            kind::INT | kind::UINT | kind::BOOL | kind::FLOAT => read(at, self.width, kind),
            kind::INDIRECT_INT | kind::INDIRECT_UINT | kind::INDIRECT_FLOAT => {
                let at = follow(self.bytes, at, self.width)?;
                read(at, indirect_width, kind - kind::INDIRECT_INT + kind::INT)
            }
            _ => None,
        }
    }

    /// Whether key `index` is `name`. Looks no further than the name is long: all keys may lead to the same long text.
    fn has_key(&self, index: usize, name: &str) -> bool {
        let at = follow(self.bytes, self.keys + index * self.key_width, self.key_width);
        let rest = at.and_then(|at| self.bytes.get(at..)?.strip_prefix(name.as_bytes()));
        rest.is_some_and(|rest| rest.first() == Some(&0))
    }

    /// An integer; floats are truncated, what is missing is `None`.
    pub(crate) fn integer(&self, name: &str) -> Option<i64> {
        Some(match self.get(name)? {
            Number::Integer(value) => value,
            Number::Real(value) => value as i64,
        })
    }

    /// A float; what is missing is 0.
    pub(crate) fn real(&self, name: &str) -> f32 {
        match self.get(name) {
            Some(Number::Integer(value)) => value as f32,
            Some(Number::Real(value)) => value as f32,
            None => 0.0,
        }
    }
}

/// Where the distance that stands at `at` leads.
fn follow(bytes: &[u8], at: usize, width: usize) -> Option<usize> {
    at.checked_sub(usize::try_from(unsigned(bytes, at, width)?).ok()?)
}

/// The bytes of a number of 1, 2, 4 or 8 bytes, filled up to 8.
fn padded(bytes: &[u8], at: usize, width: usize, fill: u8) -> Option<[u8; 8]> {
    let number = bytes.get(at..at.checked_add(width)?)?;
    let mut all = [fill; 8];
    matches!(width, 1 | 2 | 4 | 8).then(|| all[..width].copy_from_slice(number))?;
    Some(all)
}

fn unsigned(bytes: &[u8], at: usize, width: usize) -> Option<u64> {
    padded(bytes, at, width, 0).map(u64::from_le_bytes)
}

fn signed(bytes: &[u8], at: usize, width: usize) -> Option<i64> {
    let last = *bytes.get(at.checked_add(width)?.checked_sub(1)?)?;
    padded(bytes, at, width, if last < 0x80 { 0 } else { 0xFF }).map(i64::from_le_bytes)
}

fn real(bytes: &[u8], at: usize, width: usize) -> Option<f64> {
    let number = padded(bytes, at, width, 0)?;
    let [a, b, c, d, ..] = number;
    match width {
        2 => Some(half::f16::from_le_bytes([a, b]).to_f64()),
        4 => Some(f32::from_le_bytes([a, b, c, d]).into()),
        8 => Some(f64::from_le_bytes(number)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// {"a": 2, "b": -3, "c": 0.5, "d": true, "e": null} with values and keys of 4 bytes.
    fn buffer() -> Vec<u8> {
        let mut bytes = b"a\0b\0c\0d\0e\0\0\0".to_vec();
        let keys = bytes.len() + 4;
        bytes.extend(5_u32.to_le_bytes());
        for index in 0..5 {
            bytes.extend((keys as u32 + 4 * index - 2 * index).to_le_bytes());
        }
        bytes.extend((bytes.len() as u32 - keys as u32).to_le_bytes());
        bytes.extend(4_u32.to_le_bytes());
        bytes.extend(5_u32.to_le_bytes());
        let values = bytes.len();
        bytes.extend([2_i32.to_le_bytes(), (-3_i32).to_le_bytes(), 0.5_f32.to_le_bytes()].concat());
        bytes.extend([1_u32.to_le_bytes(), 0_u32.to_le_bytes()].concat());
        bytes.extend([kind::INT, kind::INT, kind::FLOAT, kind::BOOL, kind::NULL].map(|kind| kind << 2 | 2));
        bytes.extend([(bytes.len() - values) as u8, kind::MAP << 2 | 2, 1]);
        bytes
    }

    #[test]
    fn numbers_of_every_kind_are_found_by_name() {
        let bytes = buffer();
        let map = FlexMap::new(&bytes).unwrap();
        assert_eq!((map.integer("a"), map.integer("b"), map.integer("c")), (Some(2), Some(-3), Some(0)));
        assert_eq!((map.real("a"), map.real("b"), map.real("c")), (2.0, -3.0, 0.5));
        assert_eq!((map.integer("d"), map.integer("e"), map.integer("f")), (Some(1), None, None));
        assert_eq!(map.real("f"), 0.0);
    }

    #[test]
    fn damaged_bytes_never_panic() {
        let good = buffer();
        let read_all = |bytes: &[u8]| {
            if let Ok(map) = FlexMap::new(bytes) {
                for name in ["a", "b", "c", "d", "e", "f"] {
                    let _ = (map.integer(name), map.real(name));
                }
            }
        };
        for at in 0..good.len() {
            read_all(&good[..at]);
            read_all(&good[at..]);
            for byte in 0..=255 {
                let mut bytes = good.clone();
                bytes[at] = byte;
                read_all(&bytes);
                // Two neighbours, so that distances of several bytes overflow.
                if let Some(next) = bytes.get_mut(at + 1) {
                    *next = !byte;
                }
                read_all(&bytes);
            }
        }
    }
}
