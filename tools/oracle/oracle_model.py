"""Models of one operator, and their results by the reference kernels of ai-edge-litert."""

from dataclasses import dataclass

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter, OpResolverType

TENSOR_TYPES = {
    "float32": schema.TensorType.FLOAT32,
    "float16": schema.TensorType.FLOAT16,
    "int32": schema.TensorType.INT32,
    "int64": schema.TensorType.INT64,
    "int16": schema.TensorType.INT16,
    "int8": schema.TensorType.INT8,
    "uint8": schema.TensorType.UINT8,
    "float64": schema.TensorType.FLOAT64,
    "uint16": schema.TensorType.UINT16,
    "uint32": schema.TensorType.UINT32,
    "uint64": schema.TensorType.UINT64,
    "bool": schema.TensorType.BOOL,
}


@dataclass
class Tensor:
    """A tensor of the model: `fixed` data become a constant, other data are fed at run time."""

    shape: list
    dtype: str
    scale: list = None
    zero_point: int = 0
    dimension: int = 0
    data: np.ndarray = None
    fixed: bool = False

    def table(self, name, buffer):
        """The schema's table of this tensor."""
        tensor = schema.TensorT()
        tensor.name = name
        tensor.shape = list(self.shape)
        tensor.type = TENSOR_TYPES[self.dtype]
        tensor.buffer = buffer
        tensor.hasRank = True
        if self.scale is not None:
            quantization = schema.QuantizationParametersT()
            quantization.scale = [float(s) for s in self.scale]
            quantization.zeroPoint = [int(self.zero_point)] * len(self.scale)
            quantization.quantizedDimension = self.dimension
            tensor.quantization = quantization
        return tensor


def constant(values, dtype="int32"):
    """A constant operand without quantization, such as axes or a shape."""
    data = np.asarray(values, dtype)
    return Tensor(list(data.shape), dtype, data=data, fixed=True)


@dataclass
class Case:
    """One operator with its operands (None where an optional one is absent) and results.

    The outputs' shapes are those that the oracle computes. `expected` replaces the oracle's results where the oracle
    is known to be wrong (docs/numerics.md says where); with `within` it is one of several right results, and the oracle's
    may differ from it by so much, element by element. `custom` is the name of a custom operator, whose `options` are
    the bytes of its FlexBuffer. `resolver` is for operators that the reference kernels do not have.
    """

    operator: str
    options: object
    inputs: list
    outputs: list
    expected: list = None
    within: list = None
    custom: str = None
    resolver: str = "BUILTIN_REF"
    version: int = 1


def code_of(case):
    """The table that names the operator."""
    code = schema.OperatorCodeT()
    code.builtinCode = getattr(schema.BuiltinOperator, "CUSTOM" if case.custom else case.operator)
    code.deprecatedBuiltinCode = min(code.builtinCode, 127)
    code.customCode = case.custom
    code.version = case.version
    return code


def node_of(case, inputs, outputs):
    """The operator's table, between tensors of these indices."""
    node = schema.OperatorT()
    node.opcodeIndex = 0
    node.inputs, node.outputs = inputs, outputs
    if case.custom:
        node.customOptions = np.frombuffer(case.options, np.uint8)
    elif case.options is not None:
        kind = type(case.options).__name__.removesuffix("T")
        node.builtinOptionsType = getattr(schema.BuiltinOptions, kind)
        node.builtinOptions = case.options
    return node


def build_model(case):
    """The bytes of a model of one operator."""
    model = schema.ModelT()
    model.version = 3
    model.operatorCodes = [code_of(case)]
    model.buffers = [schema.BufferT()]
    graph = schema.SubGraphT()
    graph.tensors, graph.inputs, indices = [], [], []
    for number, tensor in enumerate(case.inputs):
        if tensor is None:
            indices.append(-1)
            continue
        buffer = 0
        if tensor.fixed:
            content = schema.BufferT()
            content.data = np.frombuffer(tensor.data.tobytes(), np.uint8)
            buffer = len(model.buffers)
            model.buffers.append(content)
        else:
            graph.inputs.append(len(graph.tensors))
        indices.append(len(graph.tensors))
        graph.tensors.append(tensor.table(f"input{number}", buffer))
    first = len(graph.tensors)
    graph.outputs = list(range(first, first + len(case.outputs)))
    graph.tensors += [tensor.table(f"output{number}", 0) for number, tensor in enumerate(case.outputs)]
    graph.operators = [node_of(case, indices, graph.outputs)]
    model.subgraphs = [graph]
    builder = flatbuffers.Builder(4096)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def run(case):
    """Output arrays of the reference kernel; sets the outputs' shapes."""
    interpreter = Interpreter(
        model_content=build_model(case),
        experimental_op_resolver_type=getattr(OpResolverType, case.resolver),
        num_threads=1,
    )
    interpreter.allocate_tensors()
    fed = [t for t in case.inputs if t is not None and not t.fixed]
    for detail, tensor in zip(interpreter.get_input_details(), fed, strict=True):
        interpreter.set_tensor(detail["index"], tensor.data)
    interpreter.invoke()
    results = [interpreter.get_tensor(detail["index"]) for detail in interpreter.get_output_details()]
    for tensor, result in zip(case.outputs, results, strict=True):
        tensor.shape = list(result.shape)
    return results


def options(kind, **fields):
    """A table of operator options; fields left out keep the schema's defaults."""
    table = getattr(schema, kind + "T")()
    for name, value in fields.items():
        if name not in vars(table):
            raise AttributeError(f"{kind} has no field {name}")
        setattr(table, name, value)
    return table
