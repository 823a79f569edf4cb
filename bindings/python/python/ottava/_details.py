"""Details of tensors and operators as LiteRT's dictionaries have them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy

#: What LiteRT calls types in its errors.
_TYPE_NAMES = {
    "bool": "BOOL",
    "complex128": "COMPLEX128",
    "complex64": "COMPLEX64",
    "float16": "FLOAT16",
    "float32": "FLOAT32",
    "float64": "FLOAT64",
    "int16": "INT16",
    "int32": "INT32",
    "int64": "INT64",
    "int8": "INT8",
    "uint16": "UINT16",
    "uint32": "UINT32",
    "uint64": "UINT64",
    "uint8": "UINT8",
}


def dtype(name: str) -> numpy.dtype:
    """NumPy's type of a tensor's."""
    return numpy.dtype(numpy.bytes_ if name == "bytes" else name)


def type_name(known: numpy.dtype) -> str:
    """LiteRT's name of a type."""
    if known.kind in "SU":
        return "STRING"
    return _TYPE_NAMES.get(known.name, "NOTYPE")


def tensor(known: dict[str, Any], shape: Sequence[int] | None) -> dict[str, Any]:
    """A tensor, with the shape that it has now where that is another than the file's."""
    shape = known["shape"] if shape is None else shape
    # A file that leaves no dimension open says nothing of what a shape may become.
    signature = known["signature"] if -1 in known["signature"] else shape
    scales = numpy.array(known["scales"], numpy.float32)
    zero_points = numpy.array(known["zero_points"], numpy.int32)
    return {
        "name": known["name"],
        "index": known["tensor"],
        "shape": numpy.array(shape, numpy.int32),
        "shape_signature": numpy.array(signature, numpy.int32),
        "dtype": known["numpy"].type,
        "quantization": (float(scales[0]), int(zero_points[0])) if len(scales) == len(zero_points) == 1 else (0.0, 0),
        "quantization_parameters": {
            "scales": scales,
            "zero_points": zero_points,
            "quantized_dimension": known["quantized_dimension"],
            "block_size": 0,
        },
        "sparsity_parameters": {},
    }


def operator(index: int, name: str, inputs: Sequence[int], outputs: Sequence[int], type_of: Callable[[int], str]) -> dict[str, Any]:
    """An operator of the file; -1 is an input that is left out."""
    return {
        "index": index,
        "op_name": name,
        "inputs": numpy.array(inputs, numpy.int32),
        "outputs": numpy.array(outputs, numpy.int32),
        "operand_types": [dtype(type_of(tensor)).type for tensor in inputs if tensor >= 0],
        "result_types": [dtype(type_of(tensor)).type for tensor in outputs if tensor >= 0],
    }
