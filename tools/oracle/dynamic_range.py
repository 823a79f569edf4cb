#!/usr/bin/env python3
"""Prints the CRC-32 of the logits that `engine/tests/dynamic_range.rs` expects, by the reference kernels of the oracle.

    pip install ai-edge-litert==2.3.0 numpy
    python tools/oracle/dynamic_range.py MODELS

MODELS is the folder with `inception_v3_dynamic.tflite` and `golden/`. Inputs are those of the goldens, rounded to multiples of a half:
products of such numbers are exact, so that it does not matter how the float32 convolution at the beginning rounds them.
"""

import pathlib
import sys
import zlib

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

NAME = "inception_v3_dynamic"


def main():
    folder = pathlib.Path(sys.argv[1])
    for photo in ("grace_hopper", "cat", "bird"):
        interpreter = Interpreter(
            model_path=str(folder / f"{NAME}.tflite"),
            experimental_op_resolver_type=OpResolverType.BUILTIN_REF,
            experimental_preserve_all_tensors=True,
        )
        interpreter.allocate_tensors()
        pixels = np.load(folder / "golden" / f"{NAME}.{photo}.input.npy")
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], np.round(pixels * 2) / np.float32(2))
        interpreter.invoke()
        # The network ends with a product and its SOFTMAX, whose outputs follow each other.
        logits = interpreter.get_tensor(interpreter.get_output_details()[0]["index"] - 1)
        print(photo, logits.shape, hex(zlib.crc32(logits.tobytes())))


if __name__ == "__main__":
    main()
