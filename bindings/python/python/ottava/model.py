"""Models and sessions: arrays in, arrays out."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy

from . import _native, plans
from .profile import Profile

__all__ = ["Model", "Session", "Tensor"]


@dataclass(frozen=True)
class Tensor:
    """What is known of an input or output."""

    #: As the file has it, which may be empty.
    name: str
    #: Its index in the file.
    index: int
    shape: tuple[int, ...]
    dtype: numpy.dtype
    #: Of a quantized tensor: real values are `scale * (stored - zero_point)`. One each, or one for each index of a dimension.
    scales: tuple[float, ...] = ()
    zero_points: tuple[int, ...] = ()

    @classmethod
    def _of(cls, known: dict[str, Any]) -> Tensor:
        return cls(
            name=known["name"],
            index=known["tensor"],
            shape=tuple(known["shape"]),
            dtype=numpy.dtype(known["dtype"]),
            scales=tuple(known["scales"]),
            zero_points=tuple(known["zero_points"]),
        )

    def real(self, stored: Any) -> numpy.ndarray:
        """The real values of stored ones, as float64; those of tensors that are not quantized are themselves."""
        stored = numpy.asarray(stored)
        if len(self.scales) != 1:
            return stored.astype(numpy.float64)
        return self.scales[0] * (stored.astype(numpy.float64) - self.zero_points[0])


class Model:
    """A verified `.tflite` or `.ottava` file. Models of the same file are one in the process, and are mapped, not read."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Raises `ottava.Error`: the file cannot be opened, is damaged, or has operators that do not run."""
        self._native = plans.open_model(path)

    @classmethod
    def from_bytes(cls, content: bytes, name: str = "model") -> Model:
        """A model of a file's bytes, which are copied; `name` is what errors call it."""
        made = cls.__new__(cls)
        made._native = _native.Model.from_bytes(content, name)
        return made

    @property
    def name(self) -> str:
        """What errors call it: its file."""
        return self._native.name

    @property
    def size_bytes(self) -> int:
        return self._native.size_bytes

    @property
    def macs(self) -> int:
        """Multiplications of a run."""
        return self._native.macs

    @property
    def inputs(self) -> list[Tensor]:
        return [Tensor._of(self._native.tensor(index)) for index in self._native.inputs]

    @property
    def outputs(self) -> list[Tensor]:
        return [Tensor._of(self._native.tensor(index)) for index in self._native.outputs]

    @property
    def operators(self) -> list[str]:
        """Names of the file's operators, in order."""
        return self._native.operators()

    @property
    def packed_sections(self) -> list[str]:
        """What a packed model has packed weights for; nothing of other files."""
        return self._native.packed_sections()

    def check_packed(self) -> None:
        """Compares a packed model's checksums, which reads all of it. Raises `ottava.Error` where one differs."""
        self._native.check_packed()

    @functools.cached_property
    def _gives_probabilities(self) -> bool:
        """Whether the first output is what a SOFTMAX made, as it is or stored in another way."""
        writers = {tensor: node for node in self._native.nodes() for tensor in node[3]}
        node = writers.get(self._native.outputs[0])
        while node is not None and node[1] in ("RESHAPE", "QUANTIZE", "DEQUANTIZE"):
            node = writers.get(node[2][0])
        return node is not None and node[1] == "SOFTMAX"

    def session(self, **options: Any) -> Session:
        """A session of the model; the options are those of `Session`."""
        return Session(self, **options)

    def __repr__(self) -> str:
        return f"<ottava.Model {self.name}: {len(self.operators)} operators, {self.macs / 1e6:.1f} MMAC>"

    def _repr_html_(self) -> str:
        from .html import tensors_table

        return tensors_table(repr(self)[1:-1], self.inputs, self.outputs)


class Session:
    """One inference at a time. Sessions of one model with the same options share its packed weights and its threads.

    Different sessions run at once on different Python threads: nothing here holds the interpreter's lock while it runs.
    """

    def __init__(
        self,
        model: Model | str | os.PathLike[str],
        *,
        threads: int | None = None,
        isa: str | None = None,
        backend: str = "optimized",
        batch: int | None = None,
        shapes: Mapping[str | int, Sequence[int]] | None = None,
        winograd: str = "auto",
        cache: str | os.PathLike[str] | None = None,
        keep_intermediates: bool = False,
    ) -> None:
        """Plans a model, or takes a plan that the process has.

        threads: with the caller's own; one for each CPU that the process may use if None.
        isa: an instruction set of `ottava.instruction_sets()`; the best of the CPU if None.
        backend: "optimized", or "reference": each operator as plain loops, for comparing.
        batch: replaces the first dimension of all inputs.
        shapes: other shapes of inputs, by name or index.
        winograd: "auto", "always" or "never".
        cache: a folder where packed weights are kept for the next process.
        keep_intermediates: keeps all tensors for `intermediate`.
        """
        self.model = model if isinstance(model, Model) else Model(model)
        native = self.model._native
        names = [native.tensor(index)["name"] for index in native.inputs]
        resized = [(_position(key, names), list(shape)) for key, shape in (shapes or {}).items()]
        keywords = plans.keywords(
            threads=threads,
            isa=isa,
            backend=backend,
            batch=batch,
            shapes=resized,
            winograd=winograd,
            cache=cache,
            keep_intermediates=keep_intermediates,
        )
        self._plan = plans.plan(native, keywords)
        self._session = _native.Session(self._plan)
        self.inputs = [Tensor._of(known) for known in self._plan.inputs()]
        self.outputs = [Tensor._of(known) for known in self._plan.outputs()]

    @property
    def threads(self) -> int:
        return self._plan.threads

    @property
    def isa(self) -> str:
        return self._plan.isa

    @property
    def memory(self) -> dict[str, int]:
        """Bytes that the plan and each session take."""
        return self._plan.memory()

    def run(self, inputs: Any, *, out: Mapping[str | int, numpy.ndarray] | None = None, cancel: _native.Cancel | None = None) -> Outputs:
        """Runs the network and returns its outputs, by name and by index.

        inputs: an array, or lists of numbers, if there is one input; else arrays by name or index, or a sequence of them. What has `__dlpack__` or is a buffer is
            taken where it lies if its elements lie one after the other. The elements have the input's type: nothing is converted.
        out: arrays to write outputs to, by name or index.
        cancel: ends the run, from another thread or at its deadline.
        Nobody may write the inputs or touch the outputs meanwhile.

        Raises `ottava.Error`; its `kind` is "Cancelled" or "DeadlineExceeded" for a run that was ended, after which the session can run
        again, and "InvalidArgument" for arrays that do not fit.
        """
        arrays = self._arrays(inputs)
        results: list[numpy.ndarray | None] = [None] * len(self.outputs)
        for key, array in (out or {}).items():
            position = _position(key, [output.name for output in self.outputs])
            _check(array, self.outputs[position], "output")
            results[position] = array
        made = [numpy.empty(tensor.shape, tensor.dtype) if array is None else array for array, tensor in zip(results, self.outputs)]
        self._session.run_on(arrays, made, cancel)
        return Outputs(self.outputs, made)

    def profile(self) -> Profile:
        """Where the time of the last run went, layer by layer."""
        return Profile._of(self._plan, self._session)

    def intermediate(self, index: int) -> numpy.ndarray | None:
        """Any tensor of the file after a run, of a session with `keep_intermediates`; None where the plan has none."""
        stored = self._session.intermediate(index)
        if stored is None:
            return None
        known = self.model._native.tensor(index)
        return numpy.frombuffer(bytes(stored), numpy.dtype(known["dtype"])).reshape(known["shape"])

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes a packed model, `.ottava`, which starts at once and whose weights processes share."""
        self._plan.save(os.fspath(path))

    def reset(self) -> None:
        """Makes the session as it was when it was new."""
        self._session.reset()

    def __repr__(self) -> str:
        return f"<ottava.Session of {self.model.name}: {self.isa}, {self.threads} threads>"

    def _arrays(self, inputs: Any) -> list[numpy.ndarray]:
        count = len(self.inputs)
        given: list[Any] = [None] * count
        if isinstance(inputs, Mapping):
            for key, value in inputs.items():
                given[_position(key, [tensor.name for tensor in self.inputs])] = value
        elif isinstance(inputs, (list, tuple)) and (count != 1 or all(map(_is_tensor, inputs))):
            if len(inputs) != count:
                raise _invalid(f"the network has {count} inputs, and {len(inputs)} arrays were given")
            given = list(inputs)
        elif count == 1:
            given[0] = inputs
        else:
            raise _invalid(f"the network has {count} inputs: give arrays by name, {{name: array}}")
        missing = [tensor.name or index for index, (value, tensor) in enumerate(zip(given, self.inputs)) if value is None]
        if missing:
            raise _invalid(f"inputs without an array: {', '.join(map(str, missing))}")
        return [_array(value, tensor) for value, tensor in zip(given, self.inputs)]


class Outputs(dict[Any, numpy.ndarray]):
    """Outputs by name, and by index as a list has them."""

    def __init__(self, tensors: Sequence[Tensor], arrays: Sequence[numpy.ndarray]) -> None:
        super().__init__((tensor.name or str(index), array) for index, (tensor, array) in enumerate(zip(tensors, arrays)))
        self._arrays = list(arrays)

    def __missing__(self, key: Any) -> numpy.ndarray:
        if isinstance(key, int):
            return self._arrays[key]
        raise KeyError(key)


def _invalid(text: str) -> _native.Error:
    error = _native.Error(text)
    error.kind, error.operator = "InvalidArgument", None
    return error


def _position(key: str | int, names: Sequence[str]) -> int:
    """Which tensor a key is."""
    if isinstance(key, int):
        if 0 <= key < len(names):
            return key
        raise _invalid(f"there is no tensor {key} among {len(names)}")
    found = [index for index, name in enumerate(names) if (name or str(index)) == key]
    if len(found) == 1:
        return found[0]
    why = "is the name of several" if found else "is none of their names"
    raise _invalid(f"{key!r} {why}: {', '.join(repr(name or str(index)) for index, name in enumerate(names))}")


def _is_tensor(value: Any) -> bool:
    """Whether it is an array and no number, nor a list of those."""
    return hasattr(value, "__array__") or hasattr(value, "__dlpack__") or isinstance(value, (bytes, bytearray, memoryview))


def _array(value: Any, tensor: Tensor) -> numpy.ndarray:
    """The array of an input, the caller's own memory if that can be."""
    if not isinstance(value, numpy.ndarray):
        if hasattr(value, "__dlpack__") and not hasattr(value, "__array__"):
            value = numpy.from_dlpack(value)
        elif isinstance(value, (bytes, bytearray, memoryview)):
            value = numpy.frombuffer(value, tensor.dtype)
            if value.size == numpy.prod(tensor.shape, dtype=numpy.int64):
                value = value.reshape(tensor.shape)
        elif isinstance(value, (list, tuple)):
            # Numbers without a type take that of the input, if they can.
            found = numpy.asarray(value)
            value = found.astype(tensor.dtype)
            if not numpy.array_equal(found, value):
                raise _invalid(f"input {tensor.name!r} has values that {tensor.dtype} does not have")
        else:
            value = numpy.asarray(value)
    _check(value, tensor, "input")
    return numpy.ascontiguousarray(value) if value.ndim else value


def _check(array: numpy.ndarray, tensor: Tensor, kind: str) -> None:
    if array.dtype != tensor.dtype or array.shape != tensor.shape:
        raise _invalid(
            f"{kind} {tensor.name!r} is {tensor.dtype} of shape {list(tensor.shape)}, and the array {array.dtype} of {list(array.shape)}"
        )
