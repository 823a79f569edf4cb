#!/usr/bin/env python3
"""Runs recorded networks in LiteRT with libottava_delegate.so, and compares with the recordings and with LiteRT's reference kernels.

    litert.py LIBRARY MODELS        needs ai-edge-litert and numpy
"""

import copy
import json
import pathlib
import sys
import tempfile
import threading

import flatbuffers
import numpy
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter, OpResolverType, load_delegate

QUANTIZED = [
    "mobilenet_v1_0.25_128_quant",
    "mobilenet_v2_1.0_224_quant",
    "mobilenet_v2_keras_int8",
    "deeplabv3_mnv2_dm05_pascal_quant",
    "inception_v3_int8",
    "inception_v3_uint8",
]
# Of float32: probabilities, which recordings of the oracle's fast kernels may be this far from, since those add up in another order.
FLOATS = ["mobilenet_v2_keras_f32", "mobilenet_v2_keras_f16"]
BOUND = 1e-4


class Case:
    """A library and a folder of models."""

    def __init__(self, library, models):
        self.library, self.models = library, pathlib.Path(models)

    def delegate(self, **options):
        return load_delegate(self.library, options)

    def interpreter(self, model, delegates=(), **options):
        options.setdefault("experimental_op_resolver_type", OpResolverType.BUILTIN_REF)
        path = str(self.models / f"{model}.tflite")
        made = Interpreter(model_path=path, experimental_delegates=list(delegates) or None, **options)
        made.allocate_tensors()
        return made

    def parts(self, make):
        """The nodes of each part that was taken of the interpreter that `make` makes of a delegate and runs."""
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "report"
            make(report=file)
            lines = file.read_text().splitlines() if file.exists() else []
            return [json.loads(line)["nodes"] for line in lines]

    def recordings(self, model):
        for file in sorted(self.models.glob(f"golden/{model}.*.input.npy")):
            output = str(file).replace(".input.npy", ".output0.npy")
            yield numpy.load(file), numpy.load(output)


def run(interpreter, value):
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], value)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])


def delegate_nodes(interpreter):
    """How many nodes of the host's graph are a delegate's."""
    return [operator["op_name"] for operator in interpreter._get_ops_details()].count("DELEGATE")


def same(name, got, wanted):
    if got.shape != wanted.shape or got.dtype != wanted.dtype or got.tobytes() != wanted.tobytes():
        raise SystemExit(f"error: {name}: {numpy.count_nonzero(got != wanted)} of {wanted.size} values differ")


def check_goldens(case):
    for model in QUANTIZED:
        recordings = list(case.recordings(model))
        operators = len(case.interpreter(model)._get_ops_details())

        def make(host_options, **options):
            interpreter = case.interpreter(model, [case.delegate(**options)], **host_options)
            for value, wanted in recordings:
                same(f"{model}, {options}", run(interpreter, value), wanted)

        # With one zero point for all channels of a filter, as older hosts have it, and with one for each.
        for threads, host_options in [(1, {}), (2, {"experimental_compress_quantization_zero_points": True})]:
            parts = case.parts(lambda **options: make(host_options, num_threads=threads, **options))
            if parts != [list(range(operators))]:
                raise SystemExit(f"error: {model}: the parts are {parts}")
        print(f"{model}: {operators} operators in one part, {len(recordings)} recordings on 1 and 2 threads")


def check_floats(case):
    for model in FLOATS:
        interpreter = case.interpreter(model, [case.delegate()])
        for value, wanted in case.recordings(model):
            got = run(interpreter, value)
            if numpy.abs(got - wanted).max() > BOUND:
                raise SystemExit(f"error: {model}: off by {numpy.abs(got - wanted).max()}")
        if delegate_nodes(interpreter) != 1:
            raise SystemExit(f"error: {model} has {delegate_nodes(interpreter)} parts")
        left = case.interpreter(model, [case.delegate(allow_fp32=False)])
        if delegate_nodes(left) != 0:
            raise SystemExit(f"error: {model}: taken in spite of allow_fp32")
        print(f"{model}: one part, within {BOUND}")


def check_resizing(case):
    model = "mobilenet_v2_keras_int8"
    ours, reference = case.interpreter(model, [case.delegate()]), case.interpreter(model)
    value = next(case.recordings(model))[0]
    generator = numpy.random.default_rng(1)
    for batch in (3, 1, 2):
        shape = [batch, *value.shape[1:]]
        values = generator.integers(-128, 128, shape, dtype=numpy.int8)
        outputs = []
        for interpreter in (ours, reference):
            interpreter.resize_tensor_input(interpreter.get_input_details()[0]["index"], shape)
            interpreter.allocate_tensors()
            outputs.append(run(interpreter, values))
        same(f"batch of {batch}", *outputs)
    print(f"{model}: batches of 3, 1 and 2 as the reference")


def check_layer_by_layer(case):
    """Each operator as a part of its own, whose tensors are the host's."""
    model = "mobilenet_v1_0.25_128_quant"
    options = {"experimental_disable_delegate_node_fusion": True}
    ours = case.interpreter(model, [case.delegate(min_macs=0)], **options)
    for value, wanted in case.recordings(model):
        same(f"{model}, layer by layer", run(ours, value), wanted)
    if delegate_nodes(ours) != len(case.interpreter(model)._get_ops_details()):
        raise SystemExit(f"error: {delegate_nodes(ours)} parts")
    print(f"{model}: {delegate_nodes(ours)} parts of one operator")


def with_foreign_operator(file, at):
    """The model with a BITWISE_XOR, which Ottava lacks, behind operator `at`. What read that operator's output reads the new one's."""
    model = schema.ModelT.InitFromPackedBuf(file, 0)
    graph = model.subgraphs[0]
    output = graph.operators[at].outputs[0]
    constant = schema.TensorT()
    constant.shape, constant.type, constant.buffer = [1], graph.tensors[output].type, len(model.buffers)
    model.buffers.append(schema.BufferT())
    model.buffers[-1].data = [1]
    graph.tensors += [constant, copy.deepcopy(graph.tensors[output])]
    code = schema.OperatorCodeT()
    code.deprecatedBuiltinCode, code.builtinCode, code.version = 127, schema.BuiltinOperator.BITWISE_XOR, 1
    model.operatorCodes.append(code)
    operator = schema.OperatorT()
    operator.opcodeIndex = len(model.operatorCodes) - 1
    operator.inputs, operator.outputs = [output, len(graph.tensors) - 2], [len(graph.tensors) - 1]
    for later in graph.operators[at + 1 :]:
        later.inputs = [len(graph.tensors) - 1 if int(tensor) == output else int(tensor) for tensor in later.inputs]
    graph.operators.insert(at + 1, operator)
    builder = flatbuffers.Builder(1 << 20)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def check_mixed(case):
    """An operator in the middle that Ottava lacks: what lies before and behind it is taken."""
    model, at = "mobilenet_v1_0.25_128_quant", 10
    content = with_foreign_operator((case.models / f"{model}.tflite").read_bytes(), at)
    recordings = list(case.recordings(model))

    def interpreter(delegates):
        options = {"experimental_op_resolver_type": OpResolverType.BUILTIN_REF, "num_threads": 2}
        made = Interpreter(model_content=content, experimental_delegates=delegates, **options)
        made.allocate_tensors()
        return made

    reference = interpreter(None)
    operators = len(reference._get_ops_details())

    def make(**options):
        ours = interpreter([case.delegate(min_macs=1000, **options)])
        for value, recorded in recordings:
            wanted = run(reference, value)
            if wanted.tobytes() == recorded.tobytes():
                raise SystemExit("error: the operator changes nothing")
            same(f"{model} with BITWISE_XOR", run(ours, value), wanted)

    parts = case.parts(make)
    if sorted(parts) != [list(range(at + 1)), list(range(at + 2, operators))]:
        raise SystemExit(f"error: the parts are {parts}")
    print(f"{model} with BITWISE_XOR: {operators - 1} operators in two parts, as the reference")


def check_threads(case):
    """Interpreters of one delegate side by side, one of which outlives it."""
    model = "mobilenet_v1_0.25_128_quant"
    delegate = case.delegate(num_threads=2)
    recordings = list(case.recordings(model))
    failures = []

    def work():
        interpreter = case.interpreter(model, [delegate])
        for _ in range(20):
            for value, wanted in recordings:
                if run(interpreter, value).tobytes() != wanted.tobytes():
                    failures.append(model)

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if failures:
        raise SystemExit("error: interpreters side by side differ from the recordings")
    print(f"{model}: three interpreters of one delegate side by side")


def check_options(case):
    for key, value, wanted in [
        ("threads", 2, "there is no option 'threads'"),
        ("num_threads", 0, "option 'num_threads' is '0'"),
        ("isa", "mmx", "option 'isa'"),
    ]:
        try:
            case.delegate(**{key: value})
        except ValueError as error:
            if wanted not in str(error):
                raise SystemExit(f"error: {key}={value} says {error}") from error
        else:
            raise SystemExit(f"error: {key}={value} was taken")
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "report"
        model = "mobilenet_v1_0.25_128_quant"
        interpreter = case.interpreter(model, [case.delegate(isa="scalar", report=file)])
        for value, wanted in case.recordings(model):
            same(f"{model}, scalar", run(interpreter, value), wanted)
        del interpreter
        report = json.loads(file.read_text())
        if report["isa"] != "scalar" or report["runs"] != 3 or not all(layer["ns"] > 0 for layer in report["layers"]):
            raise SystemExit(f"error: the report is {report}")
    print("options: wrong ones are errors, isa and report do what they say")


def check_memory(case):
    """Delegates come and go without a trace."""
    model = "mobilenet_v1_0.25_128_quant"
    value, wanted = next(case.recordings(model))

    def resident():
        status = pathlib.Path("/proc/self/status").read_text().splitlines()
        return int(next(line for line in status if line.startswith("VmRSS")).split()[1])

    for cycle in range(100):
        same(model, run(case.interpreter(model, [case.delegate(num_threads=2)]), value), wanted)
        if cycle == 19:
            before = resident()
    grown = resident() - before
    if grown > 4096:
        raise SystemExit(f"error: 80 delegates left {grown} KiB")
    print(f"100 delegates: the last 80 left {grown} KiB")


def main():
    case = Case(*sys.argv[1:3])
    for check in [
        check_goldens,
        check_floats,
        check_resizing,
        check_layer_by_layer,
        check_mixed,
        check_threads,
        check_options,
        check_memory,
    ]:
        check(case)


if __name__ == "__main__":
    main()
