#!/usr/bin/env python3
"""The goals for speed, measured in one go: every row with what it asks and what was measured.

    .venv/bin/python benches/peers/goals.py [--models DIR] [--rounds 5] [--markdown FILE] [--json FILE]

`--models` is the folder with `inception_v3_int8.tflite`, `inception_v3_uint8.tflite` and
`mobilenet_v2_1.0_224_quant.tflite` and `deeplabv3_mnv2_dm05_pascal_quant.tflite`; the int8 MobileNet v2 and ResNet-50 are built-in ones. Rounds, engines and conditions are those
of `compare.py`, with all models in one interleaving, so that ratios between them hold too. Takes about five minutes.
"""

import argparse
import os

import compare
from compare import Case

MODELS = {
    "inception_v3_int8": "Inception v3 int8",
    "inception_v3_uint8": "Inception v3 uint8",
    "mobilenet_v2_1.0_224_quant": "MobileNet v2 uint8",
    "mobilenet-v2": "MobileNet v2 int8",
    "deeplabv3_mnv2_dm05_pascal_quant": "DeepLab v3 513 uint8",
    "resnet50": "ResNet-50 int8",
    "resnet50-uint8": "ResNet-50 uint8",
}
INT8, UINT8, MOBILE_UINT8, MOBILE_INT8, DEEPLAB, RESNET_INT8, RESNET_UINT8 = MODELS

# What runs: (model, threads, batch) and the engines.
WORK = {
    (INT8, 1, 1): "ottava ottava-vnni ottava-avx2 openvino openvino-vnni openvino-avx2 litert onnxruntime",
    (INT8, 2, 1): "ottava ottava-vnni ottava-avx2 openvino openvino-vnni openvino-avx2 litert onnxruntime",
    (INT8, 2, 8): "ottava ottava-vnni openvino-throughput openvino-throughput-vnni",
    (UINT8, 1, 1): "ottava ottava-vnni ottava-avx2 openvino openvino-vnni litert onnxruntime",
    (MOBILE_INT8, 1, 1): "ottava ottava-vnni openvino openvino-vnni litert onnxruntime",
    (MOBILE_UINT8, 1, 1): "ottava ottava-vnni openvino openvino-vnni litert onnxruntime",
    (DEEPLAB, 1, 1): "ottava ottava-vnni openvino openvino-vnni litert onnxruntime",
    (RESNET_INT8, 1, 1): "ottava ottava-vnni ottava-avx2 openvino openvino-vnni openvino-avx2 litert onnxruntime",
    (RESNET_UINT8, 1, 1): "ottava ottava-vnni ottava-avx2 openvino openvino-vnni openvino-avx2 litert onnxruntime",
}

# Ours over another's, in time for one image, and the most that it may be.
RATIOS = [
    ((INT8, 1, 1, "ottava-vnni"), (INT8, 1, 1, "openvino-vnni"), 0.82),
    ((INT8, 2, 1, "ottava-vnni"), (INT8, 2, 1, "openvino-vnni"), 0.77),
    ((INT8, 2, 1, "ottava-vnni"), (INT8, 1, 1, "ottava-vnni"), 1 / 1.95),
    ((UINT8, 1, 1, "ottava-vnni"), (UINT8, 1, 1, "openvino-vnni"), 0.27),
    ((UINT8, 1, 1, "ottava-vnni"), (UINT8, 1, 1, "litert"), 0.27),
    ((MOBILE_INT8, 1, 1, "ottava-vnni"), (MOBILE_INT8, 1, 1, "openvino-vnni"), 0.66),
    ((MOBILE_INT8, 1, 1, "ottava-vnni"), (MOBILE_INT8, 1, 1, "litert"), 0.66),
    ((MOBILE_UINT8, 1, 1, "ottava-vnni"), (MOBILE_UINT8, 1, 1, "openvino-vnni"), 0.34),
    ((MOBILE_UINT8, 1, 1, "ottava-vnni"), (MOBILE_UINT8, 1, 1, "litert"), 0.34),
    ((DEEPLAB, 1, 1, "ottava-vnni"), (DEEPLAB, 1, 1, "openvino-vnni"), 0.33),
    ((DEEPLAB, 1, 1, "ottava-vnni"), (DEEPLAB, 1, 1, "litert"), 0.33),
    ((INT8, 1, 1, "ottava-avx2"), (INT8, 1, 1, "openvino-avx2"), 0.78),
    ((RESNET_INT8, 1, 1, "ottava-vnni"), (RESNET_INT8, 1, 1, "openvino-vnni"), 0.82),
    ((RESNET_INT8, 1, 1, "ottava-avx2"), (RESNET_INT8, 1, 1, "openvino-avx2"), 0.85),
    ((INT8, 2, 8, "ottava-vnni"), (INT8, 2, 1, "ottava-vnni"), 1 / 1.05),
    ((INT8, 2, 8, "ottava-vnni"), (INT8, 2, 8, "openvino-throughput-vnni"), 1.0),
    # The same with all that the CPU has.
    ((INT8, 1, 1, "ottava"), (INT8, 1, 1, "openvino"), 0.90),
    ((INT8, 1, 1, "ottava"), (INT8, 1, 1, "litert"), 0.68),
    ((INT8, 2, 1, "ottava"), (INT8, 2, 1, "openvino"), 0.85),
    ((UINT8, 1, 1, "ottava"), (INT8, 1, 1, "ottava"), 1.06),
    ((MOBILE_INT8, 1, 1, "ottava"), (MOBILE_INT8, 1, 1, "litert"), 0.66),
    ((MOBILE_UINT8, 1, 1, "ottava"), (MOBILE_UINT8, 1, 1, "litert"), 0.34),
    ((INT8, 2, 8, "ottava"), (INT8, 2, 8, "openvino-throughput"), 1.0),
]
# At least so much of the measured peak.
PEAK = ((INT8, 1, 1, "ottava-vnni"), 0.92)


def text(key):
    model, threads, batch, engine = key
    many = f", batch {batch}" if batch > 1 else ""
    return f"{engine}, {MODELS[model]}, {threads} thread{'s' if threads > 1 else ''}{many}"


def verdicts(rows):
    """One object for each goal; those whose engines did not run have no figure."""
    found = {(row["model"], row["threads"], row["batch"], row["engine"]): row for row in rows}
    image_ms = {key: row["median_ms"] / row["batch"] for key, row in found.items()}
    goals = []

    def goal(what, against, asked, measured, is_met):
        met = measured is not None and is_met(measured)
        goals.append({"what": what, "against": against, "goal": asked, "measured": measured, "met": met})

    for ours, other, most in RATIOS:
        ratio = image_ms[ours] / image_ms[other] if ours in image_ms and other in image_ms else None
        goal(text(ours), text(other), f"at most {most:.3f}", ratio, lambda ratio: ratio <= most)
    key, least = PEAK
    share = found[key]["share_of_peak"] if key in found else None
    against = "the measured peak, taps in range"
    goal(text(key), against, f"at least {least}", share, lambda share: share >= least)
    return goals


def markdown(goals):
    lines = ["| what | against | goal (time for an image) | measured | met |", "|---|---|---|--:|---|"]
    for goal in goals:
        measured = "-" if goal["measured"] is None else f"{goal['measured']:.3f}"
        cells = [goal["what"], goal["against"], goal["goal"], measured, "yes" if goal["met"] else "no"]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", default="../shared/models", metavar="DIR")
    compare.common_arguments(parser)
    options = parser.parse_args()
    in_folder = {model: os.path.join(options.models, f"{model}.tflite") for model in MODELS if "_" in model}
    file = lambda model: in_folder.get(model, model)
    options.paths = compare.paths(options, [file(model) for model in MODELS])
    facts = compare.conditions(options)
    cases = [(Case(file(model), threads, batch), WORK[model, threads, batch]) for model, threads, batch in WORK]
    work = [(case, engine) for case, engines in cases for engine in engines.split()]
    rows = compare.results(compare.measure(options, work))
    goals = verdicts(rows)
    body = "\n".join([compare.heading(facts), markdown(goals), compare.markdown(rows)])
    compare.report(options, body, {"conditions": facts, "goals": goals, "results": rows})


if __name__ == "__main__":
    main()
