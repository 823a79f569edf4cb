"""TFLite_Detection_PostProcess, a custom operator."""

import numpy as np
from flatbuffers import flexbuffers

from generator import Redraw, operator
from oracle_model import Case, Tensor, run


def quantized(g, real):
    """A float operand, or uint8 with a scale that covers the values."""
    if g.dtype == "float32":
        return Tensor(list(real.shape), "float32", data=real.astype(np.float32))
    least, greatest = min(float(real.min()), 0.0), max(float(real.max()), 1e-3)
    scale = np.float32((greatest - least) / 255)
    zero_point = int(round(-least / scale))
    stored = np.clip(np.round(real / scale) + zero_point, 0, 255).astype(np.uint8)
    return Tensor(list(real.shape), "uint8", [scale], zero_point, data=stored)


def scores(g, shape):
    """Scores in steps that make equal ones likely; now and then all different."""
    real = g.rng.uniform(0, 1, shape)
    steps = g.choice(4, 16, 0)
    return np.round(real * steps) / steps if steps else real


def anchors(g, count):
    """Boxes of several sizes around a few places, so that they overlap."""
    places = g.rng.uniform(0.2, 0.8, (g.integer(1, 4), 2))
    centres = places[g.rng.integers(0, len(places), count)] + g.rng.normal(0, 0.05, (count, 2))
    result = np.concatenate([centres, g.rng.uniform(0.05, 0.4, (count, 2))], axis=1)
    result[: count // 4] = result[0]
    return np.maximum(result, 0)


@operator("DETECTION_POSTPROCESS", "float32.fast", "float32.regular", "uint8.fast", "uint8.regular")
def detection_postprocess(g):
    count, classes = g.integer(1, 40), g.integer(1, 7)
    columns = g.choice(4, 4, 4, 6)
    boxes = g.rng.normal(0, 1, (1, count, columns)) * g.choice(0.0, 1.0, 2.0)
    settings = dict(
        max_detections=g.integer(1, 12), max_classes_per_detection=g.integer(1, 4), num_classes=classes,
        nms_score_threshold=g.choice(0.0, 0.25, 0.5), nms_iou_threshold=g.choice(0.1, 0.5, 0.6, 1.0),
        y_scale=g.choice(10.0, 1.0), x_scale=g.choice(10.0, 1.0), h_scale=5.0, w_scale=g.choice(5.0, 1),
    )
    regular = g.variant == "regular"
    if regular or g.integer(0, 1):
        settings["use_regular_nms"] = regular
    if g.integer(0, 1):
        settings["detections_per_class"] = g.integer(1, 5)
    builder = flexbuffers.Builder()
    builder.MapFromElements(settings)
    anchor = quantized(g, anchors(g, count))
    anchor.fixed = True
    background = g.integer(0, 1)
    inputs = [quantized(g, boxes), quantized(g, scores(g, (1, count, classes + background))), anchor]
    case = Case("DETECTION_POSTPROCESS", bytes(builder.Finish()), inputs,
                [Tensor([], "float32") for _ in range(4)], custom="TFLite_Detection_PostProcess")
    case.expected = written(settings, run(case), regular)
    return case


def written(settings, results, regular):
    """The oracle leaves slots without a box as they were; they are to be 0."""
    per_box, most = settings["max_classes_per_detection"], settings["max_detections"]
    used = np.zeros(most * per_box, bool)
    if regular:
        used[:most] = True
    else:
        ranks = min(per_box, settings["num_classes"])
        for box in range(int(results[3][0])):
            used[box * per_box: box * per_box + ranks] = True
    if not np.isfinite(results[0][0, used]).all():
        raise Redraw
    return [np.where(used[None, :, None], results[0], 0).astype(np.float32),
            *(np.where(used[None], result, 0).astype(np.float32) for result in results[1:3]), results[3]]
