#!/usr/bin/env python3
"""One measurement of one engine, in a process of its own; `compare.py` starts it.

    python engines.py ENGINE MODEL THREADS BATCH SECONDS

Prints one line of JSON: the median and the number of the timed runs, in milliseconds for a whole batch.
"""

import json
import os
import statistics
import sys
import time

WARMUP_RUNS = 3


def random_bytes(shape, dtype):
    import numpy as np

    return np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8).view(dtype)


def timed(run, seconds):
    """Runs until the time is over; milliseconds of each."""
    for _ in range(WARMUP_RUNS):
        run()
    times, end = [], time.perf_counter() + seconds
    while not times or time.perf_counter() < end:
        start = time.perf_counter()
        run()
        times.append(1e3 * (time.perf_counter() - start))
    return times


def precisions():
    """What OpenVINO may compute in where it does not compute in integers: what its device lists of float32 and bfloat16.

    A limit on the instruction set takes away the CPU's bfloat16, which OpenVINO does not know: it would choose it by what
    the CPU has.
    """
    import openvino as ov

    held = "ONEDNN_MAX_CPU_ISA" in os.environ
    has_bf16 = "BF16" in ov.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return ["f32", "bf16"] if has_bf16 and not held else ["f32"]


def compiled(model, threads, batch, hint, precision):
    """An OpenVINO network and an input for it."""
    import numpy as np
    import openvino as ov

    core = ov.Core()
    network = core.read_model(model)
    source = network.input(0)
    shape = [1 if size.is_dynamic else size.get_length() for size in source.partial_shape]
    shape[0] = batch
    network.reshape({source: shape})
    config = {"PERFORMANCE_HINT": hint, "INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": precision}
    dtype = np.int8 if source.element_type == ov.Type.i8 else np.uint8
    return core.compile_model(network, "CPU", config), random_bytes(shape, dtype)


def openvino(model, threads, batch, seconds, precision):
    network, image = compiled(model, threads, batch, "LATENCY", precision)
    request = network.create_infer_request()
    return timed(lambda: request.infer({0: image}), seconds)


def openvino_throughput(model, threads, batch, seconds, precision):
    """Images one by one through as many requests as OpenVINO itself wants at a time, never waiting between them."""
    import openvino as ov

    network, image = compiled(model, threads, 1, "THROUGHPUT", precision)
    queue = ov.AsyncInferQueue(network)

    def images(count):
        for _ in range(count):
            queue.start_async({0: image})

    images(WARMUP_RUNS * batch)
    queue.wait_all()
    count, start = 0, time.perf_counter()
    while not count or time.perf_counter() - start < seconds:
        images(batch)
        count += batch
    queue.wait_all()
    return [1e3 * (time.perf_counter() - start) * batch / count]


def in_better_precision(run):
    """An engine that runs in each precision and counts the one with the lower median."""

    def best(*arguments):
        return min((run(*arguments, precision) for precision in precisions()), key=statistics.median)

    return best


def litert(model, threads, batch, seconds):
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=model, num_threads=threads)
    detail = interpreter.get_input_details()[0]
    shape = [batch, *detail["shape"][1:]]
    interpreter.resize_tensor_input(detail["index"], shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(detail["index"], random_bytes(shape, detail["dtype"]))
    return timed(interpreter.invoke, seconds)


def onnxruntime(model, threads, batch, seconds):
    import onnxruntime as ort
    from to_onnx import convert

    options = ort.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    network = convert(model, batch).SerializeToString()
    session = ort.InferenceSession(network, options, providers=["CPUExecutionProvider"])
    source = session.get_inputs()[0]
    feed = {source.name: random_bytes(source.shape, "uint8")}
    return timed(lambda: session.run(None, feed), seconds)


ENGINES = {
    "openvino": in_better_precision(openvino),
    "openvino-throughput": in_better_precision(openvino_throughput),
    "litert": litert,
    "onnxruntime": onnxruntime,
}


def main():
    engine, model, threads, batch, seconds = sys.argv[1:]
    times = ENGINES[engine](model, int(threads), int(batch), float(seconds))
    print(json.dumps({"median_ms": statistics.median(times), "runs": len(times)}))


if __name__ == "__main__":
    main()
