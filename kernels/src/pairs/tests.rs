//! How dimensions become runs.

use super::*;

fn dimension(size: usize, strides: [usize; 2], output_stride: usize) -> Dimension {
    Dimension { size, strides, output_stride }
}

#[test]
fn short_constants_are_laid_out_several_times() {
    let mut dimensions = [dimension(50, [3, 0], 3), dimension(3, [1, 1], 1)];
    let mut constants = [None, Some(vec![7, 8, 9])];
    widen(&mut dimensions, 1, &mut constants);
    assert_eq!(dimensions, [dimension(1, [150, 0], 150), dimension(150, [1, 1], 1)]);
    assert_eq!(constants[1], Some([7, 8, 9].repeat(50)));
    // 4098 pixels do not fit at once; the largest divisor of 4098 below 1366 is 683.
    let mut dimensions = [dimension(4098, [3, 0], 3), dimension(3, [1, 1], 1)];
    let mut constants = [None, Some(vec![7, 8, 9])];
    widen(&mut dimensions, 1, &mut constants);
    assert_eq!(dimensions, [dimension(6, [2049, 0], 2049), dimension(2049, [1, 1], 1)]);
    let gaps = [dimension(50, [4, 0], 3), dimension(3, [1, 1], 1)];
    let (mut dimensions, mut constants) = (gaps, [None, Some(vec![7, 8, 9])]);
    widen(&mut dimensions, 1, &mut constants);
    assert_eq!(dimensions, gaps);
}

#[test]
fn an_operand_of_one_run_with_the_output_may_be_overwritten() {
    let overwritten = |dimensions: &[Dimension], constants: [Option<Vec<u8>>; 2]| {
        let runs = PairRuns::new(&Pairs { dimensions: dimensions.to_vec(), bytes: 1, constants, threads: 2 }, 1, 16);
        [0, 1].map(|input| runs.may_overwrite(input))
    };
    let dense = [dimension(3, [4, 4], 4), dimension(4, [1, 1], 1)];
    assert_eq!(overwritten(&dense, [None, None]), [true, true]);
    assert_eq!(overwritten(&dense, [Some(vec![0; 12]), None]), [true, false], "constants are no inputs");
    assert_eq!(overwritten(&[dimension(12, [1, 0], 1)], [None, None]), [true, false], "one repeats");
    assert_eq!(overwritten(&[dimension(12, [0, 1], 1)], [Some(vec![0]), None]), [true, false]);
    let gaps = [dimension(3, [5, 5], 4), dimension(4, [1, 1], 1)];
    assert_eq!(overwritten(&gaps, [None, None]), [false, false], "other places");
    let per_pixel = [dimension(3, [4, 1], 4), dimension(4, [1, 0], 1)];
    assert_eq!(overwritten(&per_pixel, [None, None]), [false, false], "several runs");
}

#[test]
fn dimensions_without_gaps_are_coalesced() {
    let dense = [dimension(2, [12, 12], 12), dimension(3, [4, 4], 4), dimension(4, [1, 1], 1)];
    assert_eq!(coalesce(&dense, 1), [dimension(24, [1, 1], 1)]);
    let scalar = [dimension(6, [4, 0], 4), dimension(4, [1, 0], 1)];
    assert_eq!(coalesce(&scalar, 1), [dimension(24, [1, 0], 1)]);
    let per_channel = [dimension(2, [12, 0], 12), dimension(3, [4, 0], 4), dimension(4, [1, 1], 1)];
    assert_eq!(coalesce(&per_channel, 1), [dimension(6, [4, 0], 4), dimension(4, [1, 1], 1)]);
    let apart = [dimension(6, [5, 4], 4), dimension(1, [1, 1], 1)];
    assert_eq!(coalesce(&apart, 1), [apart[0], Dimension::one(1)]);
    assert_eq!(coalesce(&[], 1), [Dimension::one(1)]);
}
