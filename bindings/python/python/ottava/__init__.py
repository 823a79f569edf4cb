"""Exact and fast inference of quantized TensorFlow Lite models on CPUs.

    import ottava

    session = ottava.Session("mobilenet_v2.tflite")
    outputs = session.run({"input": picture})         # arrays in, arrays out, by name
    print(session.profile())                          # where the time went, layer by layer

`ottava.interpreter` has LiteRT's `Interpreter` for programs that use that. `python -m ottava` is the command.
"""

from ._native import Cancel, Error, __version__, instruction_sets
from .commands import benchmark, verify
from .model import Model, Session, Tensor
from .pictures import Answer, Preprocessor, classify
from .profile import Profile

__all__ = [
    "Answer",
    "Cancel",
    "Error",
    "Model",
    "Preprocessor",
    "Profile",
    "Session",
    "Tensor",
    "__version__",
    "benchmark",
    "classify",
    "instruction_sets",
    "verify",
]
