"""Pictures: what makes inputs of them, and what is in them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy

from . import _native
from .model import Model, Session

__all__ = ["Answer", "Preprocessor", "classify"]

#: What float32 networks are trained on, mostly: pixels as -1 to 1.
_CENTRED = ((127.5,) * 3, (127.5,) * 3)
#: Networks with a background class number the 1000 classes of ImageNet from 1.
_IMAGENET = 1000


class Preprocessor:
    """Crops, resizes, normalizes and quantizes decoded pictures for an input of a session: the same bytes on every machine."""

    def __init__(
        self,
        session: Session,
        input: int = 0,
        *,
        crop: str | tuple[int, int, int, int] = "center",
        filter: str = "bilinear",
        mean: Sequence[float] | None = None,
        deviation: Sequence[float] | None = None,
        threads: int = 1,
    ) -> None:
        """crop: "center", the largest square in the middle; "whole"; or (left, top, width, height).
        filter: "bilinear" or "area".
        mean, deviation: of red, green and blue, of pixels from 0 to 255. Without them quantized inputs take pixels as they are, and
            float32 inputs take them from -1 to 1 (127.5 and 127.5).
        """
        tensor = session.inputs[input]
        normalization = None
        if mean is not None or deviation is not None:
            normalization = (tuple(mean or (0.0,) * 3), tuple(deviation or (1.0,) * 3))
        elif tensor.dtype == numpy.float32:
            normalization = _CENTRED
        self._native = _native.Preprocessor(session._plan, input, crop, filter, normalization, threads)
        #: The input that pictures become.
        self.input = tensor

    def __call__(self, picture: Any, out: numpy.ndarray | None = None) -> numpy.ndarray:
        """The input of a picture: an array of uint8 of height, width and 1, 3 or 4 channels (none: grey), or what Pillow has opened."""
        pixels = _pixels(picture)
        if out is None:
            out = numpy.empty(self.input.shape, self.input.dtype)
        self._native.run(pixels, out)
        return out


@dataclass(frozen=True)
class Answer:
    """A class that a picture may show."""

    index: int
    probability: float
    #: Empty without labels.
    label: str = ""


def classify(
    model: Model | Session | str | os.PathLike[str],
    picture: Any,
    *,
    labels: Sequence[str] | str | os.PathLike[str] | None = None,
    top: int = 3,
    **options: Any,
) -> list[Answer]:
    """The classes that a picture shows, the likeliest first.

    model: a session, which is the fastest for many pictures, a model, or a file.
    picture: a file (needs Pillow), what Pillow has opened, or an array as `Preprocessor` takes it.
    labels: names of the classes, or a file with one a line.
    options: those of `Preprocessor`.
    """
    session = model if isinstance(model, Session) else Session(model)
    prepared = Preprocessor(session, **options)(picture)
    scores = probabilities(session, session.run(prepared)[0])
    # The lower class first among equals.
    best = numpy.argsort(-scores, kind="stable")[:top]
    names = _names(labels, len(scores))
    return [Answer(int(index), float(scores[index]), names[index] if names else "") for index in best]


def probabilities(session: Session, output: numpy.ndarray) -> numpy.ndarray:
    """The probabilities of all classes, from the first output of a network that classifies."""
    scores = session.outputs[0].real(output).reshape(-1)
    if not session.model._gives_probabilities:
        powers = numpy.exp(scores - scores.max())
        scores = powers / powers.sum()
    return scores


def _pixels(picture: Any) -> numpy.ndarray:
    if isinstance(picture, (str, os.PathLike)):
        from PIL import Image

        with Image.open(picture) as opened:
            return _pixels(opened)
    if hasattr(picture, "convert") and hasattr(picture, "mode"):
        known = picture if picture.mode in ("L", "RGB", "RGBA") else picture.convert("RGB")
        return numpy.ascontiguousarray(numpy.asarray(known))
    pixels = numpy.ascontiguousarray(picture)
    if pixels.dtype != numpy.uint8:
        raise _native.Error(f"a picture's elements are uint8, and these are {pixels.dtype}")
    return pixels


def _names(labels: Sequence[str] | str | os.PathLike[str] | None, classes: int) -> list[str] | None:
    if labels is None:
        return None
    if isinstance(labels, (str, os.PathLike)):
        with open(labels, encoding="utf-8-sig") as file:
            names = [line.strip() for line in file.read().rstrip().splitlines()]
    else:
        names = list(labels)
    if classes == _IMAGENET + 1 and len(names) == _IMAGENET:
        return ["background", *names]
    if classes == _IMAGENET and len(names) == _IMAGENET + 1:
        return names[1:]
    if len(names) != classes:
        raise _native.Error(f"there are labels for {len(names)} classes, and the model has {classes}")
    return names
