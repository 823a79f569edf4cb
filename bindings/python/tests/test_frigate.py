"""The detector service, asked as Frigate asks."""

import json
import pathlib
import tarfile
import threading

import numpy
import pytest

import ottava
from ottava import frigate

ROOT = pathlib.Path(__file__).resolve().parents[3]


class Fixed:
    """A session of a network with known outputs."""

    def __init__(self):
        quantized = ((0.5,), (10,))
        self.outputs = [
            ottava.Tensor("boxes", 0, (1, 3, 4), numpy.dtype(numpy.float32)),
            ottava.Tensor("classes", 1, (1, 3), numpy.dtype(numpy.float32)),
            ottava.Tensor("scores", 2, (1, 3), numpy.dtype(numpy.uint8), (0.01,), (0,)),
            ottava.Tensor("count", 3, (1,), numpy.dtype(numpy.uint8), *quantized),
        ]
        self.inputs = [ottava.Tensor("picture", 4, (1, 2, 2, 3), numpy.dtype(numpy.uint8))]

    def run(self, picture):
        if picture.shape != (1, 2, 2, 3) or picture.dtype != numpy.uint8:
            raise ottava.Error("another picture")
        boxes = numpy.arange(12, dtype=numpy.float32).reshape(1, 3, 4) / 12
        classes = numpy.array([[7, 8, 9]], numpy.float32)
        return [boxes, classes, numpy.array([[50, 90, 30]], numpy.uint8), numpy.array([16], numpy.uint8)]


@pytest.fixture
def detector():
    made = frigate.Detector.__new__(frigate.Detector)
    made.session, made._threshold = Fixed(), 0.4
    return made


def request(picture, **header):
    return [json.dumps({"shape": picture.shape, "dtype": picture.dtype.name, "model_type": "ssd", **header}).encode(), picture.tobytes()]


PICTURE = numpy.zeros((1, 2, 2, 3), numpy.uint8)


def test_rows_are_the_likeliest_first_and_above_the_threshold(detector):
    header, rows = frigate.answer(detector, request(PICTURE))
    assert json.loads(header) == {"shape": [20, 6], "dtype": "float32"}
    rows = numpy.frombuffer(rows, numpy.float32).reshape(20, 6)
    wanted = numpy.array([[8, 0.9, 4 / 12, 5 / 12, 6 / 12, 7 / 12], [7, 0.5, 0, 1 / 12, 2 / 12, 3 / 12]], numpy.float32)
    assert (rows[:2] == wanted).all() and not rows[2:].any()


def test_what_is_no_request_has_no_detections(detector):
    for frames in (
        [],
        [b"{}"],
        [b"no json", b""],
        [b"[]", b""],
        request(PICTURE, dtype="no type"),
        request(PICTURE, shape=[1, 2]),
        request(PICTURE, shape="no shape"),
        request(PICTURE.astype(numpy.float32)),
        request(PICTURE)[:1] * 3,
    ):
        _, rows = frigate.answer(detector, frames)
        assert rows == bytes(20 * 6 * 4)


def test_the_service_answers(detector, tmp_path):
    zmq = pytest.importorskip("zmq", reason="pyzmq is not there")
    endpoint = f"ipc://{tmp_path}/detector"
    service = threading.Thread(target=frigate.serve, args=(detector, endpoint, 2))
    service.start()
    with zmq.Context() as context, context.socket(zmq.REQ) as socket:
        socket.setsockopt(zmq.RCVTIMEO, 10_000)
        socket.connect(endpoint)
        for picture, found in ((PICTURE, True), (PICTURE[0], False)):
            socket.send_multipart(request(picture))
            header, rows = socket.recv_multipart()
            assert json.loads(header)["shape"] == [20, 6]
            assert numpy.frombuffer(rows, numpy.float32).any() == found
    service.join(10)
    assert not service.is_alive()


def test_networks_that_detect_nothing_are_refused(models, tmp_path, capsys):
    with pytest.raises(ottava.Error, match="boxes, classes, scores and count"):
        frigate.Detector(str(models / "mobilenet_v1_0.25_128_quant.tflite"))
    assert frigate.main(["--model", "no-such-file.tflite"]) == 1
    assert "no-such-file.tflite" in capsys.readouterr().err
    with tarfile.open(ROOT / "models" / "golden" / "DETECTION_POSTPROCESS.tar.gz") as archive:
        (tmp_path / "detect.tflite").write_bytes(archive.extractfile("float32.fast-00.tflite").read())
    assert frigate.Detector(str(tmp_path / "detect.tflite")).session.inputs
