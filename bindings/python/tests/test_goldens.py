"""Recorded networks and random ones, byte for byte."""

import numpy
import pytest
from conftest import BOUND, DYNAMIC, FLOATS, QUANTIZED

import ottava
from ottava import _native
from ottava.interpreter import Interpreter, OpResolverType


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("name", QUANTIZED)
def test_quantized_networks_give_the_recorded_bytes(models, recordings, name, threads):
    path = models / f"{name}.tflite"
    session = ottava.Session(path, threads=threads)
    interpreter = Interpreter(path, num_threads=threads)
    interpreter.allocate_tensors()
    for value, wanted in recordings(name):
        assert session.run(value)[0].tobytes() == wanted.tobytes()
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], value)
        interpreter.invoke()
        got = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
        assert (got.dtype, got.shape) == (wanted.dtype, wanted.shape)
        assert got.tobytes() == wanted.tobytes()


@pytest.mark.parametrize("name", FLOATS)
def test_float_networks_are_within_their_bound(models, recordings, name):
    session = ottava.Session(models / f"{name}.tflite")
    for value, wanted in recordings(name):
        got = session.run(value)[0]
        assert numpy.abs(got - wanted).max() <= BOUND
        assert got.argmax() == wanted.argmax()


@pytest.mark.parametrize("name", FLOATS + DYNAMIC)
def test_float_networks_have_the_same_bits_on_every_instruction_set_and_number_of_threads(models, recordings, name):
    path = models / f"{name}.tflite"
    value, _ = recordings(name)[0]
    wanted = ottava.Session(path, threads=1).run(value)[0]
    for options in [{"threads": 2}, *({"isa": isa} for isa in ottava.instruction_sets() if isa != "scalar")]:
        assert ottava.Session(path, **options).run(value)[0].tobytes() == wanted.tobytes(), options


@pytest.mark.parametrize("name", ["mobilenet_v2_keras_f32", "mobilenet_v2_keras_dynamic"])
def test_float_networks_have_the_bits_of_our_reference(models, recordings, name):
    path = models / f"{name}.tflite"
    value, _ = recordings(name)[0]
    wanted = ottava.Session(path, backend="reference").run(value)[0]
    assert ottava.Session(path).run(value)[0].tobytes() == wanted.tobytes()


def test_random_networks_give_the_bytes_of_the_reference():
    generator = numpy.random.default_rng(1)
    for seed in range(100):
        content = _native.random_network(seed)
        runs = []
        for options in (
            {"experimental_op_resolver_type": OpResolverType.BUILTIN_REF},
            {"num_threads": 1},
            {"num_threads": 2},
        ):
            interpreter = Interpreter(model_content=content, **options)
            interpreter.allocate_tensors()
            runs.append(interpreter)
        for details in runs[0].get_input_details():
            value = generator.integers(0, 256, details["shape"], numpy.uint8).astype(details["dtype"])
            for interpreter in runs:
                interpreter.set_tensor(details["index"], value)
        for interpreter in runs:
            interpreter.invoke()
        for details in runs[0].get_output_details():
            wanted, *others = (interpreter.get_tensor(details["index"]) for interpreter in runs)
            for got in others:
                assert got.tobytes() == wanted.tobytes(), (seed, details["name"])
