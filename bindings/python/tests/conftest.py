"""Where recorded networks are: OTTAVA_MODELS, else ../shared/models beside the repository."""

import os
import pathlib

import numpy
import pytest

QUANTIZED = [
    "mobilenet_v1_0.25_128_quant",
    "mobilenet_v2_1.0_224_quant",
    "mobilenet_v2_keras_int8",
    "deeplabv3_mnv2_dm05_pascal_quant",
    "inception_v3_int8",
    "inception_v3_uint8",
]
#: Of float32. Their probabilities may be this far from the recorded ones, whose sums have another order.
FLOATS = ["mobilenet_v2_keras_f32", "mobilenet_v2_keras_f16"]
BOUND = 1e-4
#: Of dynamic range, with a first layer of float32. A last bit that differs there becomes another int8 value, which their random weights
#: amplify until recordings say nothing of the answer: docs/numerics.md. Our own text of them is exact.
DYNAMIC = ["mobilenet_v2_keras_dynamic", "inception_v3_dynamic"]


def folder():
    given = os.environ.get("OTTAVA_MODELS")
    return pathlib.Path(given) if given else pathlib.Path(__file__).resolve().parents[4] / "shared" / "models"


@pytest.fixture(scope="session")
def models():
    found = folder()
    if not found.is_dir():
        if os.environ.get("OTTAVA_REQUIRE_MODELS") == "1":
            pytest.fail(f"OTTAVA_REQUIRE_MODELS=1, but there is no folder {found}")
        pytest.skip(f"no folder of models: {found}")
    return found


@pytest.fixture
def recordings(models):
    """A function: the recorded inputs and outputs of a network."""

    def read(name):
        inputs = sorted(models.glob(f"golden/{name}.*.input.npy"))
        assert inputs, f"{name} has no recordings"
        return [(numpy.load(file), numpy.load(str(file).replace(".input.npy", ".output0.npy"))) for file in inputs]

    return read
