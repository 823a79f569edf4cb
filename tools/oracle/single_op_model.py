"""Models of one operator, and their results by the reference kernels of ai-edge-litert."""

from dataclasses import dataclass

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter, OpResolverType

TENSOR_TYPES = {
    "float32": schema.TensorType.FLOAT32,
    "int32": schema.TensorType.INT32,
    "int8": schema.TensorType.INT8,
    "uint8": schema.TensorType.UINT8,
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


def build_model(operator, options, inputs, output):
    """The bytes of a model of one operator; `inputs` may hold None for absent operands."""
    model = schema.ModelT()
    model.version = 3
    model.description = "single operator"
    code = schema.OperatorCodeT()
    code.builtinCode = getattr(schema.BuiltinOperator, operator)
    code.deprecatedBuiltinCode = min(code.builtinCode, 127)
    code.version = 1
    model.operatorCodes = [code]
    model.buffers = [schema.BufferT()]
    graph = schema.SubGraphT()
    graph.name = "main"
    graph.tensors, graph.inputs, indices = [], [], []
    for number, tensor in enumerate(inputs):
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
    graph.outputs = [len(graph.tensors)]
    graph.tensors.append(output.table("output", 0))
    node = schema.OperatorT()
    node.opcodeIndex = 0
    node.inputs, node.outputs = indices, graph.outputs
    if options is not None:
        kind = type(options).__name__.removesuffix("T")
        node.builtinOptionsType = getattr(schema.BuiltinOptions, kind)
        node.builtinOptions = options
    graph.operators = [node]
    model.subgraphs = [graph]
    builder = flatbuffers.Builder(4096)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def run(operator, options, inputs, output):
    """Output array of the reference kernel."""
    interpreter = Interpreter(
        model_content=build_model(operator, options, inputs, output),
        experimental_op_resolver_type=OpResolverType.BUILTIN_REF,
        num_threads=1,
    )
    interpreter.allocate_tensors()
    fed = [t for t in inputs if t is not None and not t.fixed]
    for detail, tensor in zip(interpreter.get_input_details(), fed, strict=True):
        interpreter.set_tensor(detail["index"], tensor.data)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])


def options(kind, **fields):
    """A table of operator options; fields left out keep the schema's defaults."""
    table = getattr(schema, kind + "T")()
    for name, value in fields.items():
        if name not in vars(table):
            raise AttributeError(f"{kind} has no field {name}")
        setattr(table, name, value)
    return table
