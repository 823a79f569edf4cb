//! TFLite_Detection_PostProcess: boxes from anchors, then non-maximum suppression
//! (`docs/numerics.md` §7.31).

use alloc::vec::Vec;
use core::cmp::Ordering;

use crate::error::{Error, Result};
use crate::ops::partial_sort::greatest_first;

/// Options of the operator.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DetectionParams {
    /// How many boxes are kept.
    pub max_detections: usize,
    /// How many classes each box is reported with.
    pub max_classes_per_detection: usize,
    /// How many boxes of a class are kept, where classes are taken one by one.
    pub detections_per_class: usize,
    /// Whether classes are taken one by one; else boxes by their best class.
    pub regular: bool,
    /// Boxes of a lower score are left out.
    pub score_threshold: f32,
    /// Boxes that overlap a better one by a larger share are left out.
    pub iou_threshold: f32,
    /// Classes without the background.
    pub classes: usize,
    /// Units of the encoded y, x, height and width.
    pub units: [f32; 4],
}

/// What the operator reads, all in real numbers.
#[derive(Clone, Copy, Debug)]
pub struct Candidates<'a> {
    /// `[N, box_columns]`: y, x, height and width relative to the anchor, then columns that do not count.
    pub boxes: &'a [f32],
    /// At least 4.
    pub box_columns: usize,
    /// `[N, score_columns]`.
    pub scores: &'a [f32],
    /// The classes, with or without a background before them.
    pub score_columns: usize,
    /// `[N, 4]`: y, x, height and width.
    pub anchors: &'a [f32],
}

/// What the operator writes; M is `max_detections · max_classes_per_detection`. Slots without a box are 0.
#[derive(Debug)]
pub struct Detections<'a> {
    /// `[M, 4]`: the least y and x, the greatest y and x.
    pub boxes: &'a mut [f32],
    /// `[M]`, counted without the background.
    pub classes: &'a mut [f32],
    /// `[M]`.
    pub scores: &'a mut [f32],
    /// How many boxes there are.
    pub count: &'a mut f32,
}

impl Detections<'_> {
    fn put(&mut self, slot: usize, corners: &[f32; 4], class: usize, score: f32) {
        self.boxes[4 * slot..4 * slot + 4].copy_from_slice(corners);
        self.classes[slot] = class as f32;
        self.scores[slot] = score;
    }
}

/// Decodes the boxes and keeps the best that do not overlap.
///
/// # Errors
/// When a box has a negative extent.
///
/// # Panics
/// When lengths do not match, or there are fewer columns than the options say.
pub fn detection_postprocess(
    params: &DetectionParams,
    candidates: &Candidates<'_>,
    output: &mut Detections<'_>,
) -> Result<()> {
    let boxes = decode(params, candidates);
    assert_eq!(candidates.scores.len(), boxes.len() * candidates.score_columns, "scores of {} boxes", boxes.len());
    assert!(params.classes <= candidates.score_columns, "{} columns of scores", candidates.score_columns);
    if let Some(corners) = boxes.iter().find(|[y0, x0, y1, x1]| y0 > y1 || x0 > x1) {
        return Err(Error::NegativeExtent(*corners));
    }
    output.boxes.fill(0.0);
    output.classes.fill(0.0);
    output.scores.fill(0.0);
    if params.regular {
        class_by_class(params, candidates, &boxes, output)
    } else {
        by_best_class(params, candidates, &boxes, output)
    }
    Ok(())
}

/// The corners of each box: each number computed in f64 and rounded once, the corners in f32.
fn decode(params: &DetectionParams, candidates: &Candidates<'_>) -> Vec<[f32; 4]> {
    let units = params.units.map(f64::from);
    let anchors = candidates.anchors.as_chunks::<4>().0;
    let encoded = candidates.boxes.chunks(candidates.box_columns);
    assert_eq!(encoded.len(), anchors.len(), "boxes and anchors");
    let decode_one = |(encoded, anchor): (&[f32], &[f32; 4])| {
        let value: [f64; 4] = core::array::from_fn(|i| f64::from(encoded[i]) / units[i]);
        let [y, x, height, width] = anchor.map(f64::from);
        let centre = [(value[0] * height + y) as f32, (value[1] * width + x) as f32];
        let half = [(0.5 * libm::exp(value[2]) * height) as f32, (0.5 * libm::exp(value[3]) * width) as f32];
        [centre[0] - half[0], centre[1] - half[1], centre[0] + half[0], centre[1] + half[1]]
    };
    encoded.zip(anchors).map(decode_one).collect()
}

/// The scores of a box, without the background.
fn scores_of<'a>(params: &DetectionParams, candidates: &Candidates<'a>, index: usize) -> &'a [f32] {
    let row = &candidates.scores[index * candidates.score_columns..][..candidates.score_columns];
    &row[candidates.score_columns - params.classes..]
}

/// One suppression over all boxes by the score of their best class.
fn by_best_class(
    params: &DetectionParams,
    candidates: &Candidates<'_>,
    boxes: &[[f32; 4]],
    output: &mut Detections<'_>,
) {
    let reported = params.max_classes_per_detection.min(params.classes);
    let order_of = |index| greatest_first(scores_of(params, candidates, index), reported);
    let best: Vec<f32> = (0..boxes.len()).map(|i| scores_of(params, candidates, i)[order_of(i)[0]]).collect();
    let selected = suppress(params, boxes, &best, params.max_detections);
    for (position, &index) in selected.iter().enumerate() {
        for (rank, &class) in order_of(index).iter().enumerate() {
            let slot = position * params.max_classes_per_detection + rank;
            output.put(slot, &boxes[index], class, scores_of(params, candidates, index)[class]);
        }
    }
    *output.count = selected.len() as f32;
}

/// A suppression for each class, and the best boxes of all of them.
fn class_by_class(
    params: &DetectionParams,
    candidates: &Candidates<'_>,
    boxes: &[[f32; 4]],
    output: &mut Detections<'_>,
) {
    let mut kept: Vec<(f32, usize, usize)> = Vec::new();
    for class in 0..params.classes {
        let scores: Vec<f32> = (0..boxes.len()).map(|index| scores_of(params, candidates, index)[class]).collect();
        let selected = suppress(params, boxes, &scores, params.detections_per_class.min(params.max_detections));
        kept.extend(selected.into_iter().map(|index| (scores[index], class, index)));
        // Stable: of equal scores the earlier class stays before the later one.
        kept.sort_by(|a, b| b.0.partial_cmp(&a.0).unwrap_or(Ordering::Equal));
        kept.truncate(params.max_detections);
    }
    for (slot, &(score, class, index)) in kept.iter().enumerate() {
        output.put(slot, &boxes[index], class, score);
    }
    *output.count = kept.len() as f32;
}

/// Indices of up to `most` boxes by falling score, without those that overlap an earlier one too much.
fn suppress(params: &DetectionParams, boxes: &[[f32; 4]], scores: &[f32], most: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..scores.len()).filter(|&index| scores[index] >= params.score_threshold).collect();
    order.sort_by(|&a, &b| scores[b].partial_cmp(&scores[a]).unwrap_or(Ordering::Equal));
    let mut selected: Vec<usize> = Vec::new();
    for index in order {
        if selected.len() == most {
            break;
        }
        let overlaps =
            |&earlier: &usize| intersection_over_union(&boxes[earlier], &boxes[index]) > params.iou_threshold;
        if !selected.iter().any(overlaps) {
            selected.push(index);
        }
    }
    selected
}

/// The share of the intersection in the union of two boxes; 0 where one has no area.
fn intersection_over_union(a: &[f32; 4], b: &[f32; 4]) -> f32 {
    let area = |[y0, x0, y1, x1]: &[f32; 4]| (y1 - y0) * (x1 - x0);
    let (area_a, area_b) = (area(a), area(b));
    if area_a <= 0.0 || area_b <= 0.0 {
        return 0.0;
    }
    let height = a[2].min(b[2]) - a[0].max(b[0]);
    let width = a[3].min(b[3]) - a[1].max(b[1]);
    let intersection = height.max(0.0) * width.max(0.0);
    intersection / (area_a + area_b - intersection)
}

/// Real numbers of uint8 boxes and anchors.
pub fn boxes_from_uint8(scale: f32, zero_point: i32, stored: &[u8]) -> Vec<f32> {
    stored.iter().map(|&q| (f32::from(q) - zero_point as f32) * scale).collect()
}

/// Real numbers of uint8 scores: groups of 8 by a product and a sum in f32, the rest in f64.
pub fn scores_from_uint8(scale: f32, zero_point: i32, stored: &[u8]) -> Vec<f32> {
    let offset = -(zero_point as f32) * scale;
    let in_groups = stored.len() / 8 * 8;
    let real = |(index, &q): (usize, &u8)| {
        if index < in_groups {
            f32::from(q) * scale + offset
        } else {
            (f64::from(scale) * f64::from(i32::from(q) - zero_point)) as f32
        }
    };
    stored.iter().enumerate().map(real).collect()
}
