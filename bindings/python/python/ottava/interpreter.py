"""LiteRT's `Interpreter` on Ottava: change the import, keep the program.

    from ottava.interpreter import Interpreter      # was: from ai_edge_litert.interpreter import Interpreter

Names, arguments, dictionaries and texts of errors are those of `ai_edge_litert.interpreter` 2.3.0; docs/python.md lists what differs.
"""

from __future__ import annotations

import enum
import operator
import os
from collections.abc import Callable
from typing import Any

import numpy

from . import _details, _native, plans
from ._delegates import Delegate, load_delegate
from ._signatures import SignatureRunner

__all__ = ["Delegate", "Interpreter", "InterpreterWithCustomOps", "OpResolverType", "SignatureRunner", "load_delegate"]

_VIEWED = """There is at least 1 reference to internal data
      in the interpreter in the form of a numpy array or slice. Be sure to
      only hold the function returned from tensor() if you are using raw
      data access."""


@enum.unique
class OpResolverType(enum.Enum):
    """Which kernels run. BUILTIN_REF is the reference backend, operator by operator; all others are Ottava's kernels, which give the
    same bytes."""

    AUTO = 0
    BUILTIN = 1
    BUILTIN_REF = 2
    BUILTIN_WITHOUT_DEFAULT_DELEGATES = 3


class Interpreter:
    """Runs a model with memory of its own for inputs and outputs.

    `invoke` runs without the interpreter's lock, so that interpreters on different Python threads run at once. Interpreters of one file
    with the same options share its packed weights and its threads.
    """

    def __init__(
        self,
        model_path: str | os.PathLike[str] | None = None,
        model_content: bytes | None = None,
        experimental_delegates: list[Delegate] | None = None,
        num_threads: int | None = None,
        experimental_op_resolver_type: OpResolverType = OpResolverType.AUTO,
        experimental_preserve_all_tensors: bool = False,
        experimental_disable_delegate_clustering: bool = False,
        experimental_default_delegate_latest_features: bool = False,
        experimental_compress_quantization_zero_points: bool = False,
        experimental_disable_delegate_node_fusion: bool = False,
        experimental_force_delegate_node_profiling: bool = False,
    ) -> None:
        """num_threads: one for each CPU that the process may use if None.
        experimental_preserve_all_tensors: keeps tensors between operators for `get_tensor`.
        Options of delegates and of zero points change nothing.
        """
        backend = "reference" if _resolver(experimental_op_resolver_type) is OpResolverType.BUILTIN_REF else "optimized"
        if num_threads is not None:
            if not isinstance(num_threads, int):
                raise ValueError("type of num_threads should be int")
            if num_threads < 1:
                raise ValueError("num_threads should >= 1")
        if model_path and model_content:
            raise ValueError("Can't both provide `model_path` and `model_content`")
        self._delegates = list(experimental_delegates or [])
        for delegate in self._delegates:
            if not isinstance(delegate, Delegate):
                raise ValueError(f"{delegate!r} is no delegate of ottava.interpreter.load_delegate")
        self._model = _open(model_path, model_content)
        self._content = model_content
        self._threads = num_threads
        self._backend = backend
        self._keep = experimental_preserve_all_tensors
        self._compress = experimental_compress_quantization_zero_points
        self._inputs, self._outputs = self._model.inputs, self._model.outputs
        self._known: dict[int, dict[str, Any]] = {}
        self._signatures = self._model.signatures()
        #: Shapes that inputs are to have, and shapes that outputs had when tensors were allocated.
        self._shapes = {index: tuple(self._tensor(index)["shape"]) for index in (*self._inputs, *self._outputs)}
        #: What runs; None before tensors are allocated, and after a resize.
        self._interpreter: _native.Session | None = None
        self._plan: _native.Plan | None = None

    # ---- tensors

    @property
    def experimental_compress_quantization_zero_points(self) -> bool:
        """What the constructor was told; zero points are never compressed."""
        return self._compress

    def allocate_tensors(self) -> None:
        """Plans the network for the shapes that its inputs have, unless that was done."""
        self._ensure_safe()
        if self._interpreter is not None:
            return
        original = [tuple(self._tensor(index)["shape"]) for index in self._inputs]
        shapes = [
            (position, list(self._shapes[index]))
            for position, index in enumerate(self._inputs)
            if self._shapes[index] != original[position]
        ]
        keywords = plans.keywords(threads=self._threads, backend=self._backend, shapes=shapes, keep_intermediates=self._keep)
        try:
            self._plan = plans.plan(self._model, keywords)
            self._interpreter = _native.Session(self._plan)
        except _native.Error as error:
            raise RuntimeError(_prepared(error)) from None
        for known in (*self._plan.inputs(), *self._plan.outputs()):
            self._shapes[known["tensor"]] = tuple(known["shape"])

    def get_input_details(self) -> list[dict[str, Any]]:
        """What is known of each input."""
        return [self._get_tensor_details(index, 0) for index in self._inputs]

    def get_output_details(self) -> list[dict[str, Any]]:
        """What is known of each output; their shapes after a resize once tensors are allocated."""
        return [self._get_tensor_details(index, 0) for index in self._outputs]

    def get_tensor_details(self, subgraph_index: int = 0) -> list[dict[str, Any]]:
        """What is known of each tensor of the file."""
        if subgraph_index != 0:
            raise ValueError(
                f"subgraph_index is out of range: {subgraph_index} for the model, which has 1 subgraphs."
            )
        return [self._get_tensor_details(index, 0) for index in range(self._model.tensor_count)]

    def get_tensor(self, tensor_index: int, subgraph_index: int = 0) -> numpy.ndarray:
        """A copy of an input, an output, a constant, or with `experimental_preserve_all_tensors` of any tensor."""
        if subgraph_index != 0:
            raise ValueError(f"Invalid subgraph index {subgraph_index} exceeds max subgraph index 1")
        index = self._index(tensor_index)
        shape, dtype = self._extent(index)
        if index in self._shapes:
            if self._interpreter is None:
                raise ValueError("Tensor data is null. Run allocate_tensors() first")
            array = numpy.empty(shape, dtype)
            self._interpreter.read(index, array)
            return _returned(array)
        stored = self._model.constant(index)
        if stored is None and self._interpreter is not None:
            stored = self._interpreter.intermediate(index)
        if stored is None:
            raise ValueError("Tensor data is null. Run allocate_tensors() first")
        return _returned(numpy.frombuffer(bytearray(stored), dtype).reshape(shape).copy())

    def set_tensor(self, tensor_index: int, value: Any) -> None:
        """Copies an array, or what NumPy makes one of, into an input."""
        index = self._index(tensor_index)
        array = numpy.asarray(value, order="C")
        shape, dtype = self._extent(index)
        if array.dtype != dtype:
            name = self._tensor(index)["name"]
            raise ValueError(
                f"Cannot set tensor: Got value of type {_details.type_name(array.dtype)} "
                f"but expected type {_details.type_name(dtype)} for input {index}, name: {name} "
            )
        if array.shape != shape:
            if array.ndim != len(shape):
                raise ValueError(
                    f"Cannot set tensor: Dimension mismatch. Got {array.ndim} but expected {len(shape)} for input {index}."
                )
            axis = next(axis for axis, (got, wanted) in enumerate(zip(array.shape, shape)) if got != wanted)
            raise ValueError(
                f"Cannot set tensor: Dimension mismatch. Got {array.shape[axis]} but expected {shape[axis]} "
                f"for dimension {axis} of input {index}."
            )
        if index not in self._shapes:
            kind = "a constant" if self._tensor(index)["constant"] else "neither an input nor an output"
            raise ValueError(f"Cannot set tensor: Tensor {index} is {kind}.")
        if self._interpreter is None:
            raise ValueError("Cannot set tensor: Tensor is unallocated. Try calling allocate_tensors() first")
        self._interpreter.write(index, array)

    def tensor(self, tensor_index: int) -> Callable[[], numpy.ndarray]:
        """A function whose result shows an input's or output's memory. While such an array lives, nothing runs and nothing moves."""
        return lambda: self._view(tensor_index)

    def resize_tensor_input(self, input_index: int, tensor_size: Any, strict: bool = False) -> None:
        """Gives an input another shape, for the next `allocate_tensors`; if `strict`, only in dimensions that the file leaves open."""
        self._ensure_safe()
        size = numpy.array(tensor_size, dtype=numpy.int32)
        if size.ndim != 1:
            raise ValueError(f"Shape should be 1D instead of {size.ndim}.")
        index = operator.index(input_index)
        if not 0 <= index < self._model.tensor_count:
            raise RuntimeError("tensor_index < context_.tensors_size && tensor_index >= 0 was not true.")
        shape = tuple(int(extent) for extent in size)
        if index not in self._inputs:
            raise ValueError(f"Cannot resize tensor {index}: it is no input.")
        if shape == self._shapes[index]:
            return
        if strict:
            self._check_open(index, shape)
        if any(extent < 0 for extent in shape):
            raise RuntimeError("BytesRequired number of elements overflowed.\n")
        self._shapes[index] = shape
        self._interpreter = self._plan = None

    # ---- runs

    def invoke(self) -> None:
        """Runs the network."""
        self._ensure_safe()
        if self._interpreter is None:
            raise RuntimeError("Invoke called on model that is not ready.")
        try:
            self._interpreter.run()
        except _native.Error as error:
            raise RuntimeError(str(error)) from None

    def reset_all_variables(self) -> None:
        """Nothing: no network with variables is accepted."""

    def num_subgraphs(self) -> int:
        """1: of several, the first is the network, and no operator that runs calls the others."""
        return 1

    # ---- signatures

    def get_signature_list(self) -> dict[str, dict[str, list[str]]]:
        """Names of inputs and outputs of each signature, by its key."""
        return {
            key: {"inputs": [name for name, _ in inputs], "outputs": [name for name, _ in outputs]}
            for key, inputs, outputs in self._signatures
        }

    def get_signature_runner(self, signature_key: str | None = None) -> SignatureRunner:
        """A runner of the signature of a key; of the only one for None."""
        if signature_key is None:
            if len(self._signatures) != 1:
                raise ValueError(
                    f"SignatureDef signature_key is None and model has {len(self._signatures)} Signatures. "
                    "None is only allowed when the model has 1 SignatureDef"
                )
            signature_key = self._signatures[0][0]
        if all(signature_key != key for key, _, _ in self._signatures):
            raise ValueError(f'Invalid signature_key provided: "{signature_key}".')
        return SignatureRunner(self, signature_key)

    # ---- what programs use although it is private

    def _get_tensor_details(self, tensor_index: int, subgraph_index: int = 0) -> dict[str, Any]:
        index = self._index(tensor_index)
        return _details.tensor(self._tensor(index), self._shapes.get(index))

    def _get_ops_details(self) -> list[dict[str, Any]]:
        nodes = {index: (inputs, outputs) for index, _, inputs, outputs in self._model.nodes()}
        details = []
        for index, name in enumerate(self._model.operators()):
            name = name.removeprefix("CUSTOM '").removesuffix("'")
            # Those on constants alone are not in the graph that runs.
            inputs, outputs = nodes.get(index, ([], []))
            details.append(_details.operator(index, name, inputs, outputs, lambda tensor: self._tensor(tensor)["dtype"]))
        return details

    def _get_op_details(self, op_index: int) -> dict[str, Any]:
        details = self._get_ops_details()
        if not 0 <= op_index < len(details):
            raise ValueError("Invalid node index")
        return details[op_index]

    def _get_full_signature_list(self) -> dict[str, dict[str, dict[str, int]]]:
        return {key: {"inputs": dict(inputs), "outputs": dict(outputs)} for key, inputs, outputs in self._signatures}

    def _native_handle(self) -> int:
        raise NotImplementedError("There is no interpreter of LiteRT's behind this one")

    def _safe_to_run(self) -> bool:
        """Whether no array shows the memory of inputs and outputs."""
        return self._interpreter is None or self._interpreter.views == 0

    def _ensure_safe(self) -> None:
        if not self._safe_to_run():
            raise RuntimeError(_VIEWED)

    # ---- ours

    def profile(self) -> Any:
        """An `ottava.Profile`: where the time of the last run went, layer by layer."""
        from .profile import Profile

        if self._interpreter is None or self._plan is None:
            raise RuntimeError("There is no run to tell of: tensors are not allocated.")
        return Profile._of(self._plan, self._interpreter)

    def _tensor(self, index: int) -> dict[str, Any]:
        known = self._known.get(index)
        if known is None:
            known = self._known[index] = self._model.tensor(index)
            known["numpy"] = _details.dtype(known["dtype"])
        return known

    def _index(self, given: Any) -> int:
        index = operator.index(given)
        if not 0 <= index < self._model.tensor_count:
            raise ValueError(f"Invalid tensor index {index} exceeds max tensor index {self._model.tensor_count}")
        return index

    def _extent(self, index: int) -> tuple[tuple[int, ...], numpy.dtype]:
        known = self._tensor(index)
        shape = self._shapes.get(index)
        return (tuple(known["shape"]) if shape is None else shape), known["numpy"]

    def _view(self, tensor_index: int) -> numpy.ndarray:
        index = self._index(tensor_index)
        shape, dtype = self._extent(index)
        if index not in self._shapes:
            # Constants do not move and cannot be written; tensors between operators have no memory of their own.
            array = self.get_tensor(index)
            array.flags.writeable = False
            return array
        if self._interpreter is None:
            raise ValueError("Tensor data is null. Run allocate_tensors() first")
        return numpy.asarray(self._interpreter.view(index, dtype.str, list(shape), dtype.itemsize))

    def _check_open(self, index: int, shape: tuple[int, ...]) -> None:
        declared = self._tensor(index)["signature"]
        if len(declared) != len(shape):
            raise RuntimeError(f"Attempting to resize tensor {index} of {len(declared)} dimensions to {len(shape)}.")
        for dimension, (known, wanted) in enumerate(zip(declared, shape)):
            if known not in (-1, wanted):
                raise RuntimeError(
                    f"Attempting to resize dimension {dimension} of tensor {index} with value {known} to {wanted}. "
                    "ResizeInputTensorStrict only allows mutating unknown dimensions identified by -1."
                )


class InterpreterWithCustomOps(Interpreter):
    """An interpreter without custom operators: those of others cannot be registered here."""

    def __init__(self, custom_op_registerers: list[Any] | None = None, **kwargs: Any) -> None:
        if custom_op_registerers:
            raise ValueError("Ottava takes no custom operators")
        self._custom_op_registerers: list[Any] = []
        super().__init__(**kwargs)


def _resolver(given: Any) -> OpResolverType:
    if not isinstance(given, OpResolverType):
        # Those of other packages have the same names.
        known = OpResolverType.__members__.get(getattr(given, "name", ""))
        if known is None:
            raise ValueError(f"Unrecognized passed in op resolver type: {given}")
        return known
    return given


def _returned(array: numpy.ndarray) -> Any:
    """An array as NumPy returns it: without dimensions it is a number."""
    return array if array.ndim else array[()]


def _open(path: Any, content: Any) -> _native.Model:
    """The model of a file, or of its bytes; the same errors as LiteRT, with our reason behind."""
    if not path and not content:
        raise ValueError("`model_path` or `model_content` must be specified.")
    try:
        if path:
            return plans.open_model(os.fspath(path))
        if not isinstance(content, bytes):
            raise TypeError(f"model_content is of {type(content).__name__}: it has to be bytes")
        return _native.Model.from_bytes(content, "model_content")
    except _native.Error as error:
        raise ValueError(_opened(path, error)) from None


def _opened(path: Any, error: _native.Error) -> str:
    if error.kind == "Io":
        return f"Could not open '{os.fspath(path)}'.The model allocation is null/empty ({error})"
    if path and os.path.isfile(path) and os.path.getsize(path) == 0:
        return f"mmap of size 0 requested.The model allocation is null/empty ({error})"
    if error.kind in ("NotAModel", "Corrupt"):
        return f"The model is not a valid Flatbuffer buffer ({error})"
    return str(error)


def _prepared(error: _native.Error) -> str:
    if error.operator is None:
        return str(error)
    index, name = error.operator
    return f"{error}\nNode number {index} ({name}) failed to prepare."
