"""Apache Spark: a column of encoded pictures becomes a column of answers.

    classify = ottava_udf("mobilenet_v2.tflite")
    pictures.select("path", classify("content").alias("answer"))
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy
from pyspark.ml.functions import predict_batch_udf
from pyspark.sql.types import ArrayType, DoubleType, IntegerType, StringType, StructField, StructType

from .batch import Classifier

__all__ = ["ANSWER", "ottava_udf"]

#: The type of an answer.
ANSWER = StructType(
    [
        StructField("classes", ArrayType(IntegerType())),
        StructField("probabilities", ArrayType(DoubleType())),
        StructField("error", StringType()),
        StructField("decoder", StringType()),
    ]
)


def ottava_udf(
    model: str | os.PathLike[str], *, sha256: str | None = None, threads: int = 1, batch_size: int = 32, **options: Any
) -> Callable[..., Any]:
    """A function of a column of encoded pictures, whose values are of the type `ANSWER`.

    model: a path or URI that every executor can read, with the file's sha256; options: those of `ottava.batch.Classifier`. Python workers
    keep the session that they have made. A picture that cannot be read is an answer with an error.
    """
    path = os.fspath(model)

    def make() -> Callable[[numpy.ndarray], list[dict[str, Any]]]:
        classifier = Classifier(path, sha256=sha256, threads=threads, **options)

        def predict(pictures: numpy.ndarray) -> list[dict[str, Any]]:
            return [
                {
                    "classes": numpy.array(row.classes, numpy.int32),
                    "probabilities": numpy.array(row.probabilities, numpy.float64),
                    "error": row.error,
                    "decoder": row.decoder,
                }
                for row in classifier.rows(pictures)
            ]

        return predict

    return predict_batch_udf(make, return_type=ANSWER, batch_size=batch_size)
