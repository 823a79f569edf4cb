//! TFLite_Detection_PostProcess, a custom operator.

use std::sync::Arc;

use ottava_ref::ops::detection_postprocess::{
    Candidates, DetectionParams, Detections, boxes_from_uint8, detection_postprocess, scores_from_uint8,
};

use super::flex_map::FlexMap;
use super::import::ScaleZero;
use super::view::input;
use super::{ImportContext, InputShapes, Lower, Operator, TensorView, TensorViewMut, TypeList, shape_of};
use crate::error::{Error, Result};
use crate::tensor::DType;

/// The name that files know the operator by.
pub(crate) const NAME: &str = "TFLite_Detection_PostProcess";

/// Boxes kept of each class where the options do not say.
const DETECTIONS_PER_CLASS: i64 = 100;

/// Numbers of a box.
const CORNERS: usize = 4;

/// Decodes boxes and keeps the best that do not overlap.
#[derive(Clone, Debug)]
struct DetectionPostprocess {
    params: DetectionParams,
    /// Of boxes, scores and anchors, where they are uint8.
    quantization: [Option<ScaleZero>; 3],
}

/// Floats or uint8, boxes and anchors alike, to floats.
pub(crate) fn types(types: &TypeList) -> bool {
    let inputs = (0..3).all(|index| types.input_is(index, &[DType::F32, DType::U8]));
    inputs && types.inputs.first() == types.inputs.get(2) && types.outputs.iter().all(|dtype| *dtype == DType::F32)
}

pub(crate) fn import(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    context.expect_operands(3..=3, 4..=4)?;
    let bytes = context.operator.custom_options()?.ok_or_else(|| Error::invalid("has no options"))?;
    let params = params_of(&FlexMap::new(bytes)?)?;
    let mut quantization = [None; 3];
    for (index, quantization) in quantization.iter_mut().enumerate() {
        if context.input(index)?.dtype == DType::U8 {
            *quantization = Some(context.quantization(context.inputs[index])?);
        }
    }
    Ok(Arc::new(DetectionPostprocess { params, quantization }))
}

fn params_of(options: &FlexMap<'_>) -> Result<DetectionParams> {
    let count = |name: &str, default: i64| {
        let value = options.integer(name).unwrap_or(default);
        let count = u16::try_from(value).ok().filter(|count| *count > 0).map(usize::from);
        count.ok_or_else(|| Error::invalid(format!("option {name} is {value}; 1 to {} expected", u16::MAX)))
    };
    let params = DetectionParams {
        max_detections: count("max_detections", 0)?,
        max_classes_per_detection: count("max_classes_per_detection", 0)?,
        detections_per_class: count("detections_per_class", DETECTIONS_PER_CLASS)?,
        regular: options.integer("use_regular_nms").unwrap_or(0) != 0,
        score_threshold: options.real("nms_score_threshold"),
        iou_threshold: options.real("nms_iou_threshold"),
        classes: count("num_classes", 0)?,
        units: ["y_scale", "x_scale", "h_scale", "w_scale"].map(|name| options.real(name)),
    };
    if !(params.iou_threshold > 0.0 && params.iou_threshold <= 1.0) {
        return Err(Error::invalid(format!(
            "option nms_iou_threshold is {}; above 0 to 1 expected",
            params.iou_threshold
        )));
    }
    Ok(params)
}

impl DetectionPostprocess {
    /// Real values of input `index`.
    fn real(&self, x: &TensorView<'_>, index: usize) -> Vec<f32> {
        match self.quantization[index] {
            None => x.values(),
            Some(ScaleZero { scale, zero_point }) if index == 1 => scores_from_uint8(scale, zero_point, x.bytes),
            Some(ScaleZero { scale, zero_point }) => boxes_from_uint8(scale, zero_point, x.bytes),
        }
    }
}

impl Operator for DetectionPostprocess {
    fn name(&self) -> &'static str {
        NAME
    }

    fn infer_shapes(&self, inputs: &InputShapes<'_>) -> Result<Vec<Vec<usize>>> {
        let (boxes, scores, anchors) = (shape_of(inputs, 0)?, shape_of(inputs, 1)?, shape_of(inputs, 2)?);
        let classes = self.params.classes;
        let fits = match (boxes, scores, anchors) {
            (&[1, count, columns], &[1, of_scores, score_columns], &[of_anchors, CORNERS]) => {
                let classes_fit = score_columns == classes || score_columns == classes + 1;
                count == of_scores && count == of_anchors && columns >= CORNERS && classes_fit
            }
            _ => false,
        };
        if !fits {
            return Err(Error::invalid(format!(
                "boxes {boxes:?}, scores {scores:?} and anchors {anchors:?} for {classes} classes; \
                 [1, N, 4], [1, N, {classes}] with or without a background, and [N, 4] expected"
            )));
        }
        let slots = self.params.max_detections * self.params.max_classes_per_detection;
        Ok(vec![vec![1, slots, CORNERS], vec![1, slots], vec![1, slots], vec![1]])
    }

    fn mixes_batch(&self) -> bool {
        true
    }

    fn reference(&self, inputs: &[Option<TensorView<'_>>], outputs: &mut [TensorViewMut<'_>]) -> Result<()> {
        let (boxes, scores, anchors) = (input(inputs, 0)?, input(inputs, 1)?, input(inputs, 2)?);
        let last = |x: &TensorView<'_>| x.shape.last().copied().unwrap_or_default();
        let candidates = Candidates {
            boxes: &self.real(&boxes, 0),
            box_columns: last(&boxes),
            scores: &self.real(&scores, 1),
            score_columns: last(&scores),
            anchors: &self.real(&anchors, 2),
        };
        let slots = self.params.max_detections * self.params.max_classes_per_detection;
        let (mut corners, mut classes, mut best) = (vec![0.0; CORNERS * slots], vec![0.0; slots], vec![0.0; slots]);
        let mut count = 0.0;
        let mut detections =
            Detections { boxes: &mut corners, classes: &mut classes, scores: &mut best, count: &mut count };
        detection_postprocess(&self.params, &candidates, &mut detections)?;
        for (output, values) in outputs.iter_mut().zip([&corners, &classes, &best, &vec![count]]) {
            output.store(values)?;
        }
        Ok(())
    }

    fn work_is_bounded(&self) -> bool {
        false
    }
}

impl Lower for DetectionPostprocess {}
