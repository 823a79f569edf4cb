"""Pictures by the thousand: what the adapters for Ray, Beam and Spark share, and what a loop of one's own can use.

A picture is its encoded bytes. It is decoded by Pillow, whose version the results name, since decoders differ in the last bits of pixels;
all that comes after is Ottava's and exact, so that any number of machines gives the same rows.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import tempfile
import urllib.request
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlparse
from urllib.request import url2pathname

import numpy

from ._native import Error
from .model import Session
from .pictures import Preprocessor, probabilities

__all__ = ["Classifier", "Row", "columns", "digest", "local_model"]


@dataclass(frozen=True)
class Row:
    """What is in a picture, or why nobody can tell."""

    #: The likeliest classes, the likeliest first; nothing where there is an error.
    classes: list[int]
    probabilities: list[float]
    #: Empty where there is none.
    error: str
    #: What decoded the picture: its name and version.
    decoder: str


class Classifier:
    """A session, what makes its inputs of encoded pictures, and what makes rows of its outputs. Threads may share it; they run in turns."""

    def __init__(self, model: str | os.PathLike[str], *, sha256: str | None = None, threads: int = 1, top: int = 3, **preprocess: Any) -> None:
        """model: a path, or a URI that `local_model` can bring, with the file's `sha256`.
        preprocess: options of `ottava.Preprocessor`.
        """
        self.session = Session(local_model(model, sha256), threads=threads)
        self._prepare = Preprocessor(self.session, **preprocess)
        self._top = top
        self.decoder = f"pillow {_pillow().__version__}"

    def row(self, picture: bytes) -> Row:
        """The row of one encoded picture. A picture that cannot be read is a row with an error."""
        try:
            prepared = self._prepare(_decode(picture))
        except Exception as error:  # noqa: BLE001: decoders raise whatever they like at bytes that are no picture
            # Decoders name objects by their addresses, which no two processes have in common.
            text = re.sub(r" ?<[^>]*>", "", str(error))
            return Row([], [], f"{type(error).__name__}: {text}", self.decoder)
        scores = probabilities(self.session, self.session.run(prepared)[0])
        best = numpy.argsort(-scores, kind="stable")[: self._top]
        return Row([int(index) for index in best], [float(scores[index]) for index in best], "", self.decoder)

    def rows(self, pictures: Iterable[bytes]) -> list[Row]:
        """The rows of encoded pictures, in their order."""
        return [self.row(bytes(picture)) for picture in pictures]


def columns(rows: Sequence[Row]) -> dict[str, Any]:
    """Rows as columns: `classes`, `probabilities`, `error` and `decoder`."""
    return {
        "classes": _lists([row.classes for row in rows]),
        "probabilities": _lists([row.probabilities for row in rows]),
        "error": numpy.array([row.error for row in rows], dtype=object),
        "decoder": numpy.array([row.decoder for row in rows], dtype=object),
    }


def digest(rows: Iterable[Mapping[str, Any]], key: str) -> str:
    """A hash of rows in the order of their `key`, of which each has another: equal where all classes, probabilities and errors are."""
    known = hashlib.sha256()
    for row in sorted(rows, key=lambda row: str(row[key])):
        classes = [int(index) for index in row["classes"]]
        values = [float(value).hex() for value in row["probabilities"]]
        known.update(repr((str(row[key]), classes, values, bool(row["error"]))).encode())
    return known.hexdigest()


def local_model(model: str | os.PathLike[str], sha256: str | None = None) -> str:
    """The local path of a model: itself, or of a `file:`, `http:` or `https:` URI, whose file is brought once to each machine.

    `sha256`, in hexadecimal digits, is what the file has to have; a URI of another machine needs one. Raises `ottava.Error`.
    """
    model = os.fspath(model)
    parsed = urlparse(model)
    if parsed.scheme == "file":
        model = url2pathname(parsed.path)
    elif parsed.scheme in ("http", "https"):
        if sha256 is None:
            raise Error(f"{model} needs the sha256 of its file, so that all machines have the same")
        return _brought(model, sha256)
    if sha256 is not None:
        _check(model, sha256, _hash(model))
    return model


def _brought(uri: str, sha256: str) -> str:
    folder = os.path.join(tempfile.gettempdir(), f"ottava-models-{os.getuid() if hasattr(os, 'getuid') else 0}")
    os.makedirs(folder, mode=0o700, exist_ok=True)
    path = os.path.join(folder, f"{sha256.lower()}.tflite")
    if not os.path.isfile(path) or _hash(path) != sha256.lower():
        # Processes that come at once each write a file of their own; the last one stays.
        with urllib.request.urlopen(uri) as response, tempfile.NamedTemporaryFile(dir=folder, delete=False) as file:
            file.write(response.read())
        found = _hash(file.name)
        if found != sha256.lower():
            os.unlink(file.name)
        _check(uri, sha256, found)
        os.replace(file.name, path)
    return path


def _check(model: str, wanted: str, found: str) -> None:
    if found != wanted.lower():
        raise Error(f"{model} is another file: its sha256 is {found}, and {wanted} was asked for")


def _hash(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() if hasattr(hashlib, "file_digest") else hashlib.sha256(file.read()).hexdigest()
    except OSError as error:
        raise Error(f"{path}: {error.strerror}") from None


def _pillow() -> Any:
    try:
        import PIL
    except ImportError:
        raise Error("pictures are decoded by Pillow, which is not there: pip install 'ottava[pictures]'") from None
    return PIL


def _decode(picture: bytes) -> numpy.ndarray:
    from PIL import Image

    with Image.open(io.BytesIO(picture)) as opened:
        return numpy.ascontiguousarray(opened.convert("RGB"))


def _lists(values: list[list[Any]]) -> numpy.ndarray:
    """Lists as a column of objects, whose lengths may differ."""
    column = numpy.empty(len(values), dtype=object)
    column[:] = values
    return column
