//! Weights of nine bits as sums of *terms* of eight bits, each of which is a weight of its own dot product.

/// Most terms of a weight.
pub(super) const MAX_TERMS: usize = 3;

/// The terms of a weight: 255 takes three, what lies between -256 and 254 two.
pub(super) fn split(weight: i32) -> [i8; MAX_TERMS] {
    let first = weight.clamp(-128, 127);
    let second = (weight - first).clamp(-128, 127);
    [first as i8, second as i8, (weight - first - second) as i8]
}

/// How many terms a weight needs.
pub(super) fn terms(weight: i32) -> usize {
    split(weight).iter().rposition(|&term| term != 0).map_or(1, |last| last + 1)
}
