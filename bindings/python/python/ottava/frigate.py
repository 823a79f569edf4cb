"""A detector service for Frigate, over ZeroMQ: `ottava-frigate --model ssd.tflite`.

Frigate's detector `zmq` sends a picture as two frames, a header in JSON (`shape`, `dtype`) and the bytes of the tensor, and takes 20 rows of six
float32: class, score, and the box's top, left, bottom and right edge as parts of the picture. Rows that are not needed are zeros.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Sequence

import numpy

from ._native import Error
from .model import Session

__all__ = ["Detector", "answer", "main", "serve"]

#: Rows and columns of an answer.
ROWS, COLUMNS = 20, 6
_log = logging.getLogger("ottava.frigate")


class Detector:
    """A network whose outputs are boxes, classes, scores and their number, as those of TensorFlow's detection interface are."""

    def __init__(self, model: str, *, threads: int | None = None, threshold: float = 0.4) -> None:
        """Raises `ottava.Error` where the network is none of these."""
        self.session = Session(model, threads=threads)
        self._threshold = threshold
        shapes = [output.shape for output in self.session.outputs]
        if len(shapes) != 4 or len(shapes[0]) != 3 or shapes[0][2] != 4:
            raise Error(f"{model}: a detector has the outputs boxes, classes, scores and count; this network has outputs of shapes {shapes}")

    def detect(self, picture: numpy.ndarray) -> numpy.ndarray:
        """The rows of a picture, which is the network's input: the likeliest first, those below the threshold left out."""
        outputs = self.session.run(picture)
        boxes, classes, scores, count = (tensor.real(outputs[index]) for index, tensor in enumerate(self.session.outputs))
        rows = numpy.zeros((ROWS, COLUMNS), numpy.float32)
        found = 0
        for index in numpy.argsort(-scores[0][: int(count.reshape(-1)[0])], kind="stable")[:ROWS]:
            if scores[0][index] < self._threshold:
                break
            rows[found] = (classes[0][index], scores[0][index], *boxes[0][index])
            found += 1
        return rows


def answer(detector: Detector, frames: Sequence[bytes]) -> list[bytes]:
    """The frames of an answer. A request that cannot be understood, or does not fit the network, has no detections."""
    try:
        header, payload = frames
        known = json.loads(header)
        picture = numpy.frombuffer(payload, numpy.dtype(known["dtype"])).reshape([int(extent) for extent in known["shape"]])
        rows = detector.detect(picture)
    except (Error, ValueError, TypeError, KeyError) as error:
        _log.warning("a request was not understood: %s", error)
        rows = numpy.zeros((ROWS, COLUMNS), numpy.float32)
    return [json.dumps({"shape": [ROWS, COLUMNS], "dtype": "float32"}).encode(), rows.tobytes()]


def serve(detector: Detector, endpoint: str, requests: int | None = None) -> None:
    """Answers requests at an endpoint, for ever or so many."""
    import zmq

    with zmq.Context() as context, context.socket(zmq.REP) as socket:
        socket.bind(endpoint)
        _log.info("%s answers at %s", detector.session, endpoint)
        while requests is None or requests > 0:
            socket.send_multipart(answer(detector, socket.recv_multipart()))
            requests = None if requests is None else requests - 1


def main(arguments: Sequence[str] | None = None) -> int:
    """The command `ottava-frigate`."""
    parser = argparse.ArgumentParser(prog="ottava-frigate", description="A detector for Frigate's `zmq` detector type.")
    parser.add_argument("--model", required=True, help="a .tflite or .ottava network that detects objects")
    parser.add_argument("--endpoint", default="ipc:///tmp/cache/zmq_detector", help="where to answer [%(default)s, Frigate's default]")
    parser.add_argument("--threads", type=int, help="threads of a run [one for each CPU]")
    parser.add_argument("--threshold", type=float, default=0.4, help="the least score of a detection [%(default)s]")
    known = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        serve(Detector(known.model, threads=known.threads, threshold=known.threshold), known.endpoint)
    except ImportError:
        print("error: ZeroMQ is not there: pip install 'ottava[frigate]'", file=sys.stderr)
        return 1
    except Error as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
