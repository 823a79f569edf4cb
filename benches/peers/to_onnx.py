#!/usr/bin/env python3
"""The same quantized network as ONNX, for engines that do not read .tflite.

    .venv/bin/python benches/peers/to_onnx.py MODEL.tflite OUT.onnx [--batch N] [--check]

The graph is in QDQ form: every operator between DequantizeLinear and QuantizeLinear with the file's own scales and zero
points, which is what ONNX Runtime turns into its integer kernels. Activations are uint8 (int8 ones are moved by 128),
int8 weights stay int8 (U8S8), uint8 weights keep their zero point; images are NCHW. The operators are those of
image classifiers: ADD, AVERAGE_POOL_2D, CONCATENATION, CONV_2D, DEPTHWISE_CONV_2D, FULLY_CONNECTED, MAX_POOL_2D, MEAN
over the image, PAD before a convolution, RESHAPE of a 1x1 image, SOFTMAX.

The work is the same, the bytes are not: ONNX Runtime rounds in another way. `--check` tells by how much its outputs
differ from LiteRT's, which says whether the graph is right.
"""

import argparse

import numpy as np
import onnx
from ai_edge_litert import schema_py_generated as schema
from onnx import TensorProto, helper, numpy_helper

OPERATORS = {code: name for name, code in vars(schema.BuiltinOperator).items() if isinstance(code, int)}
DTYPES = {schema.TensorType.INT8: np.int8, schema.TensorType.UINT8: np.uint8, schema.TensorType.INT32: np.int32}
RELU, RELU6 = schema.ActivationFunctionType.RELU, schema.ActivationFunctionType.RELU6
SAME = schema.Padding.SAME


class Network:
    """A .tflite graph and the ONNX nodes made from it so far."""

    def __init__(self, path, batch):
        with open(path, "rb") as file:
            self.model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(file.read(), 0))
        self.graph, self.batch = self.model.subgraphs[0], batch
        self.nodes, self.constants, self.floats, self.pads = [], {}, {}, {}

    def shape(self, tensor):
        return [int(size) for size in self.graph.tensors[tensor].shape]

    def data(self, tensor):
        info = self.graph.tensors[tensor]
        bytes_ = np.asarray(self.model.buffers[info.buffer].data, np.uint8)
        return np.frombuffer(bytes_.tobytes(), DTYPES[info.type]).reshape(self.shape(tensor))

    def quantization(self, tensor):
        """Scales and zero points, as the file has them."""
        quantization = self.graph.tensors[tensor].quantization
        return np.asarray(quantization.scale, np.float32), np.asarray(quantization.zeroPoint, np.int64)

    def stored(self, tensor):
        """Scale and zero point of an activation as uint8."""
        (scale,), (zero,) = self.quantization(tensor)
        moved = 128 if self.graph.tensors[tensor].type == schema.TensorType.INT8 else 0
        return scale, np.uint8(zero + moved)

    def constant(self, name, value):
        self.constants[name] = numpy_helper.from_array(np.asarray(value, order="C"), name)
        return name

    def node(self, kind, inputs, output, **attributes):
        self.nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def parameters(self, tensor):
        scale, zero = self.stored(tensor)
        return [self.constant(f"s{tensor}", np.float32(scale)), self.constant(f"z{tensor}", zero)]

    def real(self, tensor):
        """The name of an activation in real numbers."""
        if tensor not in self.floats:
            inputs = [f"t{tensor}"] + self.parameters(tensor)
            self.floats[tensor] = self.node("DequantizeLinear", inputs, f"f{tensor}")
        return self.floats[tensor]

    def quantize(self, name, tensor, activation=0):
        """The activation function, where quantizing alone does not clamp as much, and the way back to uint8."""
        scale, zero = self.stored(tensor)
        above = scale * (255 - int(zero)) > 6 + scale / 2
        if activation == RELU6 and above:
            limits = [self.constant("zero", np.float32(0)), self.constant("six", np.float32(6))]
            name = self.node("Clip", [name] + limits, f"a{tensor}")
        elif activation in (RELU, RELU6) and zero > 0:
            name = self.node("Relu", [name], f"a{tensor}")
        elif activation not in (0, RELU, RELU6):
            raise SystemExit(f"activation function {activation} is not known here")
        self.node("QuantizeLinear", [name] + self.parameters(tensor), f"t{tensor}")

    def weights(self, tensor, axis, order):
        """Weights in real numbers, transposed; their scales."""
        scale, zero = self.quantization(tensor)
        values = self.data(tensor).transpose(order)
        vector = len(scale) > 1
        inputs = [
            self.constant(f"t{tensor}", values),
            self.constant(f"s{tensor}", scale if vector else scale[0]),
            self.constant(f"z{tensor}", (zero if vector else zero[0]).astype(values.dtype)),
        ]
        return self.node("DequantizeLinear", inputs, f"f{tensor}", **({"axis": axis} if vector else {})), scale

    def bias(self, tensor, scales, source):
        scale = (scales * self.stored(source)[0]).astype(np.float32)
        inputs = [self.constant(f"t{tensor}", self.data(tensor))]
        inputs.append(self.constant(f"s{tensor}", scale if len(scale) > 1 else scale[0]))
        return self.node("DequantizeLinear", inputs, f"f{tensor}", **({"axis": 0} if len(scale) > 1 else {}))


def window(network, source, output, options, size, dilation=(1, 1)):
    """Attributes of a window; `source` may be an image that a PAD made, which becomes the window's own padding."""
    source, padded = network.pads.get(source, (source, [0] * 4))
    image, result = network.shape(source)[1:3], network.shape(output)[1:3]
    stride = [options.strideH, options.strideW]
    pads = list(padded)
    if options.padding == SAME:
        for axis in range(2):
            covered = (result[axis] - 1) * stride[axis] + (size[axis] - 1) * dilation[axis] + 1
            total = max(covered - image[axis] - padded[axis] - padded[axis + 2], 0)
            pads[axis] += total // 2
            pads[axis + 2] += total - total // 2
    return source, {"kernel_shape": list(size), "strides": stride, "pads": pads}


def convolution(network, inputs, output, options, depthwise):
    filters, height, width, depth = network.shape(inputs[1])
    dilation = [options.dilationHFactor, options.dilationWFactor]
    source, attributes = window(network, inputs[0], output, options, (height, width), dilation)
    channels = network.shape(source)[3]
    order = (3, 0, 1, 2) if depthwise else (0, 3, 1, 2)
    weights, scales = network.weights(inputs[1], 0, order)
    names = [network.real(source), weights]
    names += [network.bias(inputs[2], scales, source)] if len(inputs) > 2 and inputs[2] >= 0 else []
    group = channels if depthwise else channels // depth
    network.node("Conv", names, f"r{output}", group=group, dilations=dilation, **attributes)
    network.quantize(f"r{output}", output, options.fusedActivationFunction)


def fully_connected(network, inputs, output, options):
    weights, scales = network.weights(inputs[1], 0, (0, 1))
    names = [network.real(inputs[0]), weights, network.bias(inputs[2], scales, inputs[0])]
    network.node("Gemm", names, f"r{output}", transB=1)
    network.quantize(f"r{output}", output, options.fusedActivationFunction)


def pool(network, inputs, output, options, kind):
    source, attributes = window(network, inputs[0], output, options, (options.filterHeight, options.filterWidth))
    if kind == "MaxPool":
        network.node(kind, [f"t{source}"], f"t{output}", **attributes)
    else:
        network.node(kind, [network.real(source)], f"r{output}", count_include_pad=0, **attributes)
        network.quantize(f"r{output}", output)


def mean(network, inputs, output, options):
    if sorted(network.data(inputs[1]).ravel() % 4) != [1, 2]:
        raise SystemExit("MEAN over anything but the image is not known here")
    network.node("GlobalAveragePool", [network.real(inputs[0])], f"r{output}")
    flat = not options.keepDims
    if flat:
        network.node("Flatten", [f"r{output}"], f"m{output}")
    network.quantize(f"m{output}" if flat else f"r{output}", output)


def pad(network, inputs, output):
    before, after = network.data(inputs[1])[1:3].T.tolist()
    network.pads[output] = (inputs[0], before + after)


def reshape(network, inputs, output):
    if network.shape(inputs[0])[1:3] != [1, 1] or len(network.shape(output)) != 2:
        raise SystemExit("RESHAPE of anything but a 1x1 image is not known here")
    network.node("Flatten", [f"t{inputs[0]}"], f"t{output}")


def operator(network, entry):
    code = network.model.operatorCodes[entry.opcodeIndex]
    name = OPERATORS[max(code.builtinCode, code.deprecatedBuiltinCode)]
    inputs, (output,), options = [int(tensor) for tensor in entry.inputs], entry.outputs, entry.builtinOptions
    reals = lambda: [network.real(tensor) for tensor in inputs]
    if name in ("CONV_2D", "DEPTHWISE_CONV_2D"):
        convolution(network, inputs, output, options, name != "CONV_2D")
    elif name == "FULLY_CONNECTED":
        fully_connected(network, inputs, output, options)
    elif name in ("AVERAGE_POOL_2D", "MAX_POOL_2D"):
        pool(network, inputs, output, options, "MaxPool" if name == "MAX_POOL_2D" else "AveragePool")
    elif name == "MEAN":
        mean(network, inputs, output, options)
    elif name == "PAD":
        pad(network, inputs, output)
    elif name == "RESHAPE":
        reshape(network, inputs, output)
    elif name == "ADD":
        network.node("Add", reals(), f"r{output}")
        network.quantize(f"r{output}", output, options.fusedActivationFunction)
    elif name == "CONCATENATION" and options.axis % 4 == 3:
        network.node("Concat", reals(), f"r{output}", axis=1)
        network.quantize(f"r{output}", output)
    elif name == "SOFTMAX":
        network.node("Softmax", reals(), f"r{output}", axis=-1)
        network.quantize(f"r{output}", output)
    else:
        raise SystemExit(f"{name} is not known here")


def convert(path, batch=1):
    """The ONNX model of a .tflite file."""
    network = Network(path, batch)
    for entry in network.graph.operators:
        operator(network, entry)

    def value(tensor):
        shape = network.shape(tensor)
        shape = [batch] + ([shape[3], *shape[1:3]] if len(shape) == 4 else shape[1:])
        return helper.make_tensor_value_info(f"t{tensor}", TensorProto.UINT8, shape)

    (source,), (result,) = network.graph.inputs, network.graph.outputs
    graph = helper.make_graph(network.nodes, "graph", [value(source)], [value(result)], network.constants.values())
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)], ir_version=8)
    onnx.checker.check_model(model)
    return model


def check(path, model):
    """Prints how far ONNX Runtime's outputs are from LiteRT's."""
    import onnxruntime
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=path)
    interpreter.allocate_tensors()
    source, result = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    moved = lambda detail: np.uint8(0x80 if detail["dtype"] == np.int8 else 0)
    for seed in range(4):
        # Blocks of one color, so that pictures have large structures.
        height, width, channels = source["shape"][1:]
        small = np.random.default_rng(seed).integers(0, 256, (1, height // 16 + 1, width // 16 + 1, channels))
        image = small.repeat(16, 1).repeat(16, 2)[:, :height, :width].astype(np.uint8)
        interpreter.set_tensor(source["index"], (image ^ moved(source)).view(source["dtype"]))
        interpreter.invoke()
        expected = interpreter.get_tensor(result["index"]).view(np.uint8) ^ moved(result)
        (got,) = session.run(None, {session.get_inputs()[0].name: image.transpose(0, 3, 1, 2)})
        difference = np.abs(got.astype(int) - expected)
        same = "the same" if got.ravel()[expected.argmax()] == got.max() else "another"
        print(f"input {seed}: {same} top-1 ({expected.argmax()}, {expected.max()}), ", end="")
        print(f"differences up to {difference.max()} steps, mean {difference.mean():.4f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("output")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--check", action="store_true", help="compare with LiteRT, batch 1")
    arguments = parser.parse_args()
    onnx.save(convert(arguments.model, arguments.batch), arguments.output)
    if arguments.check:
        check(arguments.model, convert(arguments.model))


if __name__ == "__main__":
    main()
