//! Results that are written over what they are computed from.
//!
//! An elementwise layer that takes an operand's bytes for the last time may put its result in their place, if its kernel reads each
//! element before it writes the element there ([`Layer::may_overwrite`](ottava_kernels::Layer::may_overwrite)). Then both are one
//! buffer, which lives from the operand's first layer to the result's last, and the step needs one buffer less.
//!
//! What the caller provides or gets stays apart: its bytes may be the caller's own memory.

use super::arena::Span;
use crate::graph::Graph;
use crate::lowering::{LoweredLayer, Operand, Place, Places};

/// A layer whose result may be written over an operand, by the numbers of their buffers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Overwriting {
    pub(super) layer: usize,
    pub(super) read: usize,
    pub(super) written: usize,
}

/// Operands of a layer that its result may be written over, as far as the kernel and the places of both allow it: each is a whole
/// buffer, and nothing else that the layer reads lies in the operand's.
pub(super) fn overwritten<'a>(
    graph: &'a Graph,
    places: &'a Places,
    layer: &'a LoweredLayer,
) -> impl Iterator<Item = Operand> + 'a {
    let is_whole = |operand: Operand| match operand {
        Operand::Temporary(_) => true,
        Operand::Tensor(id) => {
            let Place { root, offset, pixel_stride } = places.of(id);
            let size = |id: usize| graph.tensors[id].size_bytes();
            offset == 0 && pixel_stride.is_none() && size(id) == size(root)
        }
    };
    let shares = move |one: Operand, other: Operand| match (one, other) {
        (Operand::Tensor(one), Operand::Tensor(other)) => {
            places.of(one).root == places.of(other).root && places.of(one) != places.of(other)
        }
        _ => false,
    };
    let suits = move |index: usize, read: Operand| {
        // Layers that may have few inputs; others can have thousands.
        let may = layer.outputs.len() == 1 && layer.layer.may_overwrite(index);
        may && is_whole(layer.outputs[0]) && is_whole(read) && !layer.inputs.iter().any(|&other| shares(read, other))
    };
    layer.inputs.iter().enumerate().filter(move |&(index, &read)| suits(index, read)).map(|(_, &read)| read)
}

/// Lets each result have the buffer of an operand that it may overwrite and that nothing needs any more, if both are of one size;
/// `outside` are buffers that stay apart. Gives the buffer that each is in, whose span becomes that of all in it.
pub(super) fn share(
    overwriting: &[Overwriting],
    spans: &mut [Option<Span>],
    sizes: &[usize],
    outside: &[bool],
) -> Vec<usize> {
    let mut homes: Vec<usize> = (0..spans.len()).collect();
    for &Overwriting { layer, read, written } in overwriting {
        let (Some(of_read), Some(of_written)) = (spans[homes[read]], spans[written]) else { continue };
        let in_turn = of_read.last == layer && of_written.first == layer && homes[written] == written;
        if in_turn && read != written && sizes[read] == sizes[written] && !outside[read] && !outside[written] {
            homes[written] = homes[read];
            spans[homes[read]] = Some(Span { first: of_read.first, last: of_written.last });
        }
    }
    homes
}

#[cfg(test)]
mod tests {
    use super::*;

    const APART: [bool; 3] = [false; 3];

    /// Where buffers of so many bytes end up whose spans are these, if layer 2 may write the second over the first.
    fn shared(spans: [(usize, usize); 3], sizes: [usize; 3], outside: [bool; 3]) -> (Vec<usize>, Option<Span>) {
        let mut spans = spans.map(|(first, last)| Some(Span { first, last }));
        let homes = share(&[Overwriting { layer: 2, read: 0, written: 1 }], &mut spans, &sizes, &outside);
        (homes, spans[0])
    }

    #[test]
    fn what_nothing_needs_any_more_is_overwritten() {
        let turns = [(0, 2), (2, 5), (0, 9)];
        assert_eq!(shared(turns, [64; 3], APART), (vec![0, 0, 2], Some(Span { first: 0, last: 5 })));
    }

    #[test]
    fn what_is_needed_later_or_by_others_stays() {
        let apart = |spans, sizes, outside| assert_eq!(shared(spans, sizes, outside).0, [0, 1, 2]);
        apart([(0, 3), (2, 5), (0, 9)], [64; 3], APART);
        apart([(0, 2), (1, 5), (0, 9)], [64; 3], APART);
        apart([(0, 2), (2, 5), (0, 9)], [128, 64, 64], APART);
        apart([(0, 2), (2, 5), (0, 9)], [64; 3], [true, false, false]);
        apart([(0, 2), (2, 5), (0, 9)], [64; 3], [false, true, false]);
    }

    #[test]
    fn chains_are_one_buffer_and_a_result_is_over_one_operand() {
        let span = |first, last| Some(Span { first, last });
        let mut spans = [span(0, 1), span(1, 2), span(2, 4), span(0, 2)];
        let overwriting =
            [(1, 0, 1), (2, 1, 2), (2, 3, 2)].map(|(layer, read, written)| Overwriting { layer, read, written });
        assert_eq!(share(&overwriting, &mut spans, &[64; 4], &[false; 4]), [0, 0, 0, 3]);
        assert_eq!((spans[0], spans[3]), (span(0, 4), span(0, 2)));
    }
}
