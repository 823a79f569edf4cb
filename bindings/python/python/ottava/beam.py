"""Apache Beam: a model handler for `RunInference`.

    pictures | RunInference(KeyedModelHandler(OttavaModelHandler("mobilenet_v2.tflite")))
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Any

from apache_beam.ml.inference.base import ModelHandler, PredictionResult

from .batch import Classifier

__all__ = ["OttavaModelHandler"]


class OttavaModelHandler(ModelHandler[bytes, PredictionResult, Classifier]):
    """Classifies encoded pictures: each becomes a `PredictionResult` whose inference is an `ottava.batch.Row`. A picture that cannot be read is
    a row with an error."""

    def __init__(
        self,
        model: str | os.PathLike[str],
        *,
        sha256: str | None = None,
        threads: int = 1,
        min_batch_size: int | None = None,
        max_batch_size: int | None = None,
        **options: Any,
    ) -> None:
        """model: a path or URI that every worker can read, with the file's sha256; options: those of `ottava.batch.Classifier`."""
        super().__init__()
        sizes = {"min_batch_size": min_batch_size, "max_batch_size": max_batch_size}
        self._sizes = {name: size for name, size in sizes.items() if size is not None}
        self._model = os.fspath(model)
        self._options = {"sha256": sha256, "threads": threads, **options}

    def load_model(self) -> Classifier:
        return Classifier(self._model, **self._options)

    def run_inference(
        self, batch: Sequence[bytes], model: Classifier, inference_args: dict[str, Any] | None = None
    ) -> Iterable[PredictionResult]:
        for picture, row in zip(batch, model.rows(batch)):
            yield PredictionResult(picture, row, self._model)

    def batch_elements_kwargs(self) -> dict[str, int]:
        return self._sizes

    def get_num_bytes(self, batch: Sequence[bytes]) -> int:
        return sum(map(len, batch))

    def get_metrics_namespace(self) -> str:
        return "OttavaModelHandler"

