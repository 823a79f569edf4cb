"""The examples of docs/python.md and the notebook run, and the programs of LiteRT's guides with another import."""

import pathlib
import re
import shutil
import tarfile

import numpy
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]


@pytest.fixture
def here(models, tmp_path, monkeypatch):
    """A folder with the files that examples name."""
    for name, file in {
        "mobilenet_v2.tflite": "mobilenet_v2_1.0_224_quant.tflite",
        "cat.bmp": "cat.bmp",
        "labels.txt": "imagenet_labels.txt",
    }.items():
        shutil.copy(models / file, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_guide(here, capsys):
    text = (ROOT / "docs" / "python.md").read_text()
    blocks = re.findall(r"<!-- run -->\n```python\n(.*?)```", text, re.S)
    assert len(blocks) == 4
    names = {}
    for block in blocks:
        exec(compile(block, "docs/python.md", "exec"), names)  # noqa: S102: it is our own
    assert "Egyptian cat" in capsys.readouterr().out


def test_the_notebook(here):
    nbformat = pytest.importorskip("nbformat", reason="nbclient is not there")
    nbclient = pytest.importorskip("nbclient", reason="nbclient is not there")
    notebook = nbformat.read(ROOT / "bindings" / "python" / "examples" / "quickstart.ipynb", as_version=4)
    nbclient.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(here)}}).execute()
    shown = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert any("Egyptian cat" in str(output) for output in shown)
    assert sum("text/html" in output.get("data", {}) for output in shown) >= 2


def label_image(interpreter_type, model, picture):
    """What LiteRT's guide to image classification does: the five likeliest classes of a picture."""
    interpreter = interpreter_type(model_path=str(model), num_threads=None)
    interpreter.allocate_tensors()
    input_details, output_details = interpreter.get_input_details(), interpreter.get_output_details()
    floating = input_details[0]["dtype"] == numpy.float32
    height, width = input_details[0]["shape"][1:3]
    image = pytest.importorskip("PIL.Image").open(picture).resize((width, height))
    input_data = numpy.expand_dims(image, axis=0)
    if floating:
        input_data = (numpy.float32(input_data) - 127.5) / 127.5
    interpreter.set_tensor(input_details[0]["index"], input_data)
    interpreter.invoke()
    results = numpy.squeeze(interpreter.get_tensor(output_details[0]["index"]))
    return list(results.argsort()[-5:][::-1]), results


def test_the_program_that_classifies(models):
    litert = pytest.importorskip("ai_edge_litert.interpreter", reason="ai-edge-litert is not there")
    from ottava.interpreter import Interpreter

    for name in ("mobilenet_v2_1.0_224_quant", "mobilenet_v1_0.25_128_quant"):
        path = models / f"{name}.tflite"
        mine, values = label_image(Interpreter, path, models / "cat.bmp")

        def exact(model_path, num_threads, path=path):
            return litert.Interpreter(model_path, experimental_op_resolver_type=litert.OpResolverType.BUILTIN_REF)

        _, wanted = label_image(exact, path, models / "cat.bmp")
        assert values.tobytes() == wanted.tobytes()
        assert mine[0] == wanted.argmax()


def test_the_program_that_detects(tmp_path):
    litert = pytest.importorskip("ai_edge_litert.interpreter", reason="ai-edge-litert is not there")
    from ottava import interpreter as ours

    with tarfile.open(ROOT / "models" / "golden" / "DETECTION_POSTPROCESS.tar.gz") as archive:
        (tmp_path / "detect.tflite").write_bytes(archive.extractfile("float32.fast-00.tflite").read())

    def detect(module):
        interpreter = module.Interpreter(model_path=str(tmp_path / "detect.tflite"))
        interpreter.allocate_tensors()
        generator = numpy.random.default_rng(5)
        for details in interpreter.get_input_details():
            interpreter.set_tensor(details["index"], generator.random(details["shape"], numpy.float32))
        interpreter.invoke()
        boxes, classes, scores, count = (
            interpreter.get_tensor(details["index"]) for details in interpreter.get_output_details()
        )
        found = int(count[0])
        return boxes[0][:found].tobytes(), classes[0][:found].tolist(), scores[0][:found].tobytes()

    assert detect(ours) == detect(litert)
