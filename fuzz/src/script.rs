//! Input bytes as a script: every value that a target wants is taken from the front.

/// Integers that are often the edge of something.
const EDGES: [i64; 16] =
    [-1, 0, 1, 2, 3, 4, 7, 8, 127, 128, 255, -128, 65_536, i32::MAX as i64, i32::MIN as i64, i64::MIN];

/// What is left of the input; zeros follow its end.
pub(crate) struct Script<'a>(&'a [u8]);

impl<'a> Script<'a> {
    pub(crate) fn new(input: &'a [u8]) -> Self {
        Self(input)
    }

    pub(crate) fn byte(&mut self) -> u8 {
        let Some((&first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        first
    }

    pub(crate) fn u32(&mut self) -> u32 {
        u32::from_le_bytes([(); 4].map(|()| self.byte()))
    }

    pub(crate) fn u64(&mut self) -> u64 {
        u64::from_le_bytes([(); 8].map(|()| self.byte()))
    }

    /// An index below `len`, which must not be 0.
    pub(crate) fn index(&mut self, len: usize) -> usize {
        let wide = if len > 256 { self.u32() as usize } else { usize::from(self.byte()) };
        wide % len
    }

    /// An element, if there are any.
    pub(crate) fn pick<'b, T>(&mut self, list: &'b mut [T]) -> Option<&'b mut T> {
        if list.is_empty() {
            return None;
        }
        let index = self.index(list.len());
        list.get_mut(index)
    }

    /// An edge, something near the old value, or anything.
    pub(crate) fn integer(&mut self, old: i64) -> i64 {
        match self.byte() % 4 {
            0 => EDGES[self.index(EDGES.len())],
            1 => old.wrapping_add(i64::from(self.byte() as i8)),
            2 => i64::from(self.byte()),
            _ => i64::from(self.u32() as i32),
        }
    }

    /// As [`Script::integer`], cut to 32 bits.
    pub(crate) fn i32(&mut self, old: i32) -> i32 {
        self.integer(i64::from(old)) as i32
    }

    /// Scaled by a power of two, or any bits.
    pub(crate) fn f32(&mut self, old: f32) -> f32 {
        match self.byte() % 4 {
            0 => old * (i32::from(self.byte() as i8) as f32).exp2(),
            1 => [0.0, -0.0, 1.0, f32::MAX, f32::MIN_POSITIVE, f32::INFINITY, f32::NAN, 1e-45][self.index(8)],
            2 => old * (1.0 + f32::from(self.byte()) / 256.0),
            _ => f32::from_bits(self.u32()),
        }
    }
}
