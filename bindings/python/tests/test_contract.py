"""`ottava.interpreter` beside `ai_edge_litert.interpreter`, call by call. docs/python.md has a table of what differs."""

import pathlib
import tarfile

import numpy
import pytest
from conftest import DYNAMIC, FLOATS, QUANTIZED

from ottava import interpreter as ours

litert = pytest.importorskip("ai_edge_litert.interpreter", reason="ai-edge-litert is not there: nothing to compare with")

#: One operator each, of the recordings: 16x8, several inputs and outputs, four outputs.
OPERATORS = {
    "CONV_2D": "int16-00",
    "ADD": "int8-00",
    "SPLIT": "int8-00",
    "TOPK_V2": "int8-00",
    "FULLY_CONNECTED": "int8-00",
    "DETECTION_POSTPROCESS": "float32.fast-00",
}
NETWORKS = [*QUANTIZED, *FLOATS, *DYNAMIC]


@pytest.fixture(scope="session")
def operator_files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("operators")
    recordings = pathlib.Path(__file__).resolve().parents[3] / "models" / "golden"
    for name, case in OPERATORS.items():
        with tarfile.open(recordings / f"{name}.tar.gz") as archive:
            (folder / f"{name}.tflite").write_bytes(archive.extractfile(f"{case}.tflite").read())
    return folder


@pytest.fixture(params=[*NETWORKS, *OPERATORS])
def path(request, models, operator_files):
    folder = operator_files if request.param in OPERATORS else models
    return folder / f"{request.param}.tflite"


def plain(value):
    """A value as what can be compared: arrays with their type and shape."""
    if isinstance(value, (numpy.ndarray, numpy.generic)):
        return ("array", value.dtype.str, value.shape, value.tolist())
    if isinstance(value, dict):
        return {key: plain(it) for key, it in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(plain(it) for it in value)
    return value


def outcome(call):
    try:
        return ("value", plain(call()))
    except Exception as error:  # noqa: BLE001: whatever it is, is what is compared
        return (type(error), str(error))


def same(mine, theirs, what):
    """Values are equal; errors have the type and the text, with our reason behind it."""
    if theirs[0] == "value" or mine[0] == "value":
        assert mine == theirs, what
        return
    assert mine[0] is theirs[0], (what, mine, theirs)
    # Texts of LiteRT's kernels begin with the place in its source, and gather in the course of an interpreter's life.
    text = mine[1].split(" (")[0] if mine[1].split(" (")[0] in theirs[1] else mine[1]
    assert text.strip() and text in theirs[1], (what, mine[1], theirs[1])


def both(path, **options):
    of_litert = dict(options)
    of_litert["experimental_op_resolver_type"] = litert.OpResolverType.BUILTIN_REF
    return ours.Interpreter(path, **options), litert.Interpreter(str(path), **of_litert)


def named(details):
    """Tensors by index, without those that LiteRT adds for itself behind those of the file."""
    return {it["index"]: plain(it) for it in details}


def test_details_are_the_same(path):
    mine, theirs = both(path)
    for state in ("made", "allocated"):
        if state == "allocated":
            mine.allocate_tensors()
            theirs.allocate_tensors()
        assert plain(mine.get_input_details()) == plain(theirs.get_input_details()), state
        assert plain(mine.get_output_details()) == plain(theirs.get_output_details()), state
        assert list(mine.get_input_details()[0]) == list(theirs.get_input_details()[0]), "the order of keys"
        wanted = named(theirs.get_tensor_details())
        for index, details in named(mine.get_tensor_details()).items():
            assert details == wanted.get(index, details), (state, index)
    assert plain(mine.get_signature_list()) == plain(theirs.get_signature_list())
    assert mine.num_subgraphs() == theirs.num_subgraphs()


def test_operators_are_the_same(path):
    mine, theirs = both(path)
    folded = {it["index"] for it in mine._get_ops_details()} - {node[0] for node in mine._model.nodes()}
    for got, wanted in zip(mine._get_ops_details(), theirs._get_ops_details(), strict=True):
        if got["index"] in folded:
            got, wanted = [(it["index"], it["op_name"]) for it in (got, wanted)]
        assert plain(got) == plain(wanted)


def inputs_of(interpreter, seed):
    generator = numpy.random.default_rng(seed)
    for details in interpreter.get_input_details():
        if details["dtype"] is numpy.float32:
            yield details["index"], generator.uniform(-1, 1, details["shape"]).astype(numpy.float32)
        else:
            info = numpy.iinfo(details["dtype"])
            yield details["index"], generator.integers(info.min, info.max + 1, details["shape"], details["dtype"])


def test_outputs_are_the_same(path):
    mine, theirs = both(path)
    mine.allocate_tensors()
    theirs.allocate_tensors()
    for index, value in inputs_of(mine, 3):
        assert mine.set_tensor(index, value) is theirs.set_tensor(index, value) is None
        assert (mine.get_tensor(index) == theirs.get_tensor(index)).all()
    assert mine.invoke() is theirs.invoke() is None
    for details in mine.get_output_details():
        got, wanted = mine.get_tensor(details["index"]), theirs.get_tensor(details["index"])
        assert (got.dtype, got.shape) == (wanted.dtype, wanted.shape)
        assert got.flags.owndata and got.flags.writeable
        if path.stem == "DETECTION_POSTPROCESS":
            # LiteRT leaves what lies behind the last detection as it was.
            found = int(theirs.get_tensor(theirs.get_output_details()[3]["index"])[0])
            got, wanted = [array[:found] if array.size == 1 else array[:, :found] for array in (got, wanted)]
        if path.stem in QUANTIZED or path.stem in OPERATORS:
            assert got.tobytes() == wanted.tobytes()
        elif path.stem in FLOATS:
            assert numpy.abs(got - wanted).max() <= 1e-4


def test_constants_are_the_same(path):
    mine, theirs = both(path)
    mine.allocate_tensors()
    theirs.allocate_tensors()
    constants = [it for it in mine.get_tensor_details() if mine._model.tensor(it["index"])["constant"]]
    for details in constants[:40]:
        index = details["index"]
        same(outcome(lambda: mine.get_tensor(index)), outcome(lambda: theirs.get_tensor(index)), index)


def test_signatures_run_the_same(models):
    for name in ("mobilenet_v2_keras_int8", "mobilenet_v2_keras_f32", "inception_v3_int8"):
        mine, theirs = both(models / f"{name}.tflite")
        (key, signature), *others = mine.get_signature_list().items()
        assert not others
        of_mine, of_theirs = mine.get_signature_runner(), theirs.get_signature_runner(key)
        assert plain(of_mine.get_input_details()) == plain(of_theirs.get_input_details())
        assert plain(of_mine.get_output_details()) == plain(of_theirs.get_output_details())
        details = mine.get_input_details()[0]
        for batch in (1, 2):
            shape = (batch, *details["shape"][1:])
            value = numpy.random.default_rng(batch).integers(-128, 128, shape).astype(details["dtype"])
            if details["dtype"] is numpy.float32:
                value /= numpy.float32(128)
            got, wanted = of_mine(**{signature["inputs"][0]: value}), of_theirs(**{signature["inputs"][0]: value})
            assert got.keys() == wanted.keys()
            for output in got:
                assert got[output].shape == wanted[output].shape
                if value.dtype != numpy.float32:
                    assert got[output].tobytes() == wanted[output].tobytes()
        for arguments in ({}, {"zz": value}, {signature["inputs"][0]: value, "zz": value}):
            same(outcome(lambda: of_mine(**arguments)), outcome(lambda: of_theirs(**arguments)), arguments.keys())
        same(outcome(lambda: mine.get_signature_runner("zz")), outcome(lambda: theirs.get_signature_runner("zz")), "key")


def test_resized_networks_are_the_same(models):
    for name, open_dimension in (("mobilenet_v2_keras_int8", True), ("mobilenet_v1_0.25_128_quant", False)):
        mine, theirs = both(models / f"{name}.tflite")
        details = mine.get_input_details()[0]
        index, shape = details["index"], [2, *details["shape"][1:]]
        for strict in (True, False):
            same(
                outcome(lambda: mine.resize_tensor_input(index, shape, strict=strict)),
                outcome(lambda: theirs.resize_tensor_input(index, shape, strict=strict)),
                (name, strict),
            )
            assert plain(mine.get_input_details()) == plain(theirs.get_input_details())
        if not open_dimension:
            continue
        same(outcome(mine.invoke), outcome(theirs.invoke), "invoke before tensors are allocated")
        mine.allocate_tensors()
        theirs.allocate_tensors()
        assert plain(mine.get_output_details()) == plain(theirs.get_output_details())
        for at, value in inputs_of(mine, 4):
            mine.set_tensor(at, value)
            theirs.set_tensor(at, value)
        mine.invoke()
        theirs.invoke()
        output = mine.get_output_details()[0]["index"]
        assert mine.get_tensor(output).tobytes() == theirs.get_tensor(output).tobytes()


SMALL = "mobilenet_v1_0.25_128_quant"

#: What is done to an interpreter, by name; `n` is the module NumPy.
CALLS = {
    "invoke before tensors are allocated": lambda it: it.invoke(),
    "read before tensors are allocated": lambda it: it.get_tensor(it.get_input_details()[0]["index"]),
    "view before tensors are allocated": lambda it: it.tensor(it.get_input_details()[0]["index"])(),
    "set before tensors are allocated": lambda it: it.set_tensor(it.get_input_details()[0]["index"], right(it)),
    "allocate": lambda it: it.allocate_tensors(),
    "allocate again": lambda it: it.allocate_tensors(),
    "set another type": lambda it: it.set_tensor(it.get_input_details()[0]["index"], right(it).astype(numpy.float32)),
    "set other dimensions": lambda it: it.set_tensor(it.get_input_details()[0]["index"], right(it)[0]),
    "set another size": lambda it: it.set_tensor(it.get_input_details()[0]["index"], right(it)[:, :, :127]),
    "set a list": lambda it: it.set_tensor(it.get_input_details()[0]["index"], [1, 2, 3]),
    "set what is not dense": lambda it: it.set_tensor(it.get_input_details()[0]["index"], right(it)[:, ::-1]),
    "set with an index of NumPy's": lambda it: it.set_tensor(numpy.int64(it.get_input_details()[0]["index"]), right(it)),
    "set a tensor that is not there": lambda it: it.set_tensor(9999, right(it)),
    "set a tensor below 0": lambda it: it.set_tensor(-1, right(it)),
    "read a tensor that is not there": lambda it: it.get_tensor(9999),
    "view a tensor that is not there": lambda it: it.tensor(9999)(),
    "read of a graph that is not there": lambda it: it.get_tensor(0, 3),
    "an index that is none": lambda it: it.get_tensor("0"),
    "details of a graph that is not there": lambda it: it.get_tensor_details(3),
    "an operator that is not there": lambda it: it._get_op_details(9999),
    "resize to two dimensions of dimensions": lambda it: it.resize_tensor_input(it.get_input_details()[0]["index"], [[1, 2]]),
    "resize a tensor that is not there": lambda it: it.resize_tensor_input(9999, [1]),
    "resize strictly": lambda it: it.resize_tensor_input(it.get_input_details()[0]["index"], [1, 127, 128, 3], strict=True),
    "resize to less than nothing": lambda it: it.resize_tensor_input(it.get_input_details()[0]["index"], [-1, 128, 128, 3]),
    "no signature": lambda it: it.get_signature_runner(),
    "a signature that is not there": lambda it: it.get_signature_runner("zz"),
    "reset variables": lambda it: it.reset_all_variables(),
    "an unknown keyword": lambda it: it.get_tensor(number=0),
}


def right(interpreter):
    details = interpreter.get_input_details()[0]
    return numpy.arange(numpy.prod(details["shape"]), dtype=numpy.int64).reshape(details["shape"]).astype(details["dtype"])


def test_errors_are_the_same(models):
    mine, theirs = both(models / f"{SMALL}.tflite")
    for what, call in CALLS.items():
        got, wanted = outcome(lambda: call(mine)), outcome(lambda: call(theirs))
        if wanted[0] is TypeError:
            # These texts are those of what makes functions of C++ callable.
            assert got[0] is TypeError, what
            continue
        same(got, wanted, what)


def test_constructors_refuse_the_same(models, tmp_path):
    path = str(models / f"{SMALL}.tflite")
    content = (models / f"{SMALL}.tflite").read_bytes()
    (tmp_path / "empty.tflite").write_bytes(b"")
    (tmp_path / "text.tflite").write_text("this is no model, but it is long enough to be one")
    (tmp_path / "short.tflite").write_bytes(content[:1000])
    cases = [
        {},
        {"model_path": path, "model_content": content},
        {"model_path": "/no/such/file.tflite"},
        {"model_path": str(tmp_path / "empty.tflite")},
        {"model_path": str(tmp_path / "text.tflite")},
        {"model_path": str(tmp_path / "short.tflite")},
        {"model_content": b"abc"},
        {"model_content": bytearray(content)},
        {"model_path": path, "num_threads": 0},
        {"model_path": path, "num_threads": "2"},
        {"model_path": path, "experimental_op_resolver_type": 7},
    ]
    for case in cases:
        got, wanted = outcome(lambda: ours.Interpreter(**case)), outcome(lambda: litert.Interpreter(**case))
        assert wanted[0] != "value" and got[0] is wanted[0], (case.keys(), got, wanted)
        if got[0] is not TypeError:
            same(got, wanted, case.keys())
    for case in ({"model_path": path, "num_threads": True}, {"model_content": content}, {"model_path": pathlib.Path(path)}):
        ours.Interpreter(**case).allocate_tensors()
        litert.Interpreter(**case).allocate_tensors()


def test_names_and_arguments_are_the_same():
    import inspect

    for name in ("Interpreter", "InterpreterWithCustomOps", "SignatureRunner", "OpResolverType", "Delegate", "load_delegate"):
        assert hasattr(litert, name) and hasattr(ours, name)
    for member in litert.OpResolverType:
        assert ours.OpResolverType[member.name].value == member.value
    methods = [name for name in dir(litert.Interpreter) if not name.startswith("_")]
    methods += ["__init__", "_get_ops_details", "_get_op_details", "_get_tensor_details", "_get_full_signature_list"]
    for name in [*methods, "_safe_to_run", "_ensure_safe", "_native_handle"]:
        mine, theirs = getattr(ours.Interpreter, name), getattr(litert.Interpreter, name)
        if not callable(theirs):
            continue
        wanted = list(inspect.signature(theirs).parameters)
        assert list(inspect.signature(mine).parameters)[: len(wanted)] == wanted, name
