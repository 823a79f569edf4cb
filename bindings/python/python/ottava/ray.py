"""Ray Data: pictures classified by a pool of actors.

    rows = ottava.ray.classify(ray.data.read_binary_files(folder, include_paths=True), "mobilenet_v2.tflite", actors=4)
"""

from __future__ import annotations

import os
from typing import Any

import ray
import ray.data

from .batch import Classifier, columns

__all__ = ["OttavaPredictor", "classify"]


class OttavaPredictor:
    """What `map_batches` makes an actor of. A batch has encoded pictures in the column `bytes`, and comes back with `classes`,
    `probabilities`, `error` and `decoder` in its place. The actor's CPUs are its threads."""

    def __init__(self, model: str, *, sha256: str | None = None, **options: Any) -> None:
        """model: a path or URI that every machine can read, with the file's sha256; options: those of `ottava.batch.Classifier`."""
        threads = int(ray.get_runtime_context().get_assigned_resources().get("CPU", 1))
        self._classifier = Classifier(model, sha256=sha256, threads=max(threads, 1), **options)

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        others = {name: column for name, column in batch.items() if name != "bytes"}
        return {**others, **columns(self._classifier.rows(batch["bytes"]))}


def classify(
    dataset: ray.data.Dataset,
    model: str | os.PathLike[str],
    *,
    sha256: str | None = None,
    actors: int = 1,
    cpus_per_actor: int = 1,
    batch_size: int = 32,
    **options: Any,
) -> ray.data.Dataset:
    """Classifies the pictures of a data set with a column `bytes`.

    actors, cpus_per_actor: the pool; it has to leave a CPU to what reads pictures, or nothing would ever begin.
    options: those of `ottava.batch.Classifier`.
    Raises ValueError at once where the pool would take every CPU of the cluster, or no node has the CPUs of an actor. A picture that cannot be read is a row with an error. Runs
    that were ended are taken up again by Ray's checkpoints (`ray.data.DataContext`), for which rows keep their other columns.
    """
    wanted, there = actors * cpus_per_actor, int(ray.cluster_resources().get("CPU", 0))
    if actors < 1 or cpus_per_actor < 1:
        raise ValueError(f"{actors} actors of {cpus_per_actor} CPUs are no pool")
    largest = max((int(node["Resources"].get("CPU", 0)) for node in ray.nodes() if node["Alive"]), default=0)
    if cpus_per_actor > largest:
        raise ValueError(f"no node of the cluster has {cpus_per_actor} CPUs for an actor: the largest has {largest}")
    if wanted >= there:
        raise ValueError(
            f"{actors} actors of {cpus_per_actor} CPUs would take all {there} CPUs of the cluster, and none would be left to read pictures: "
            f"use {max(there - 1, 0) // cpus_per_actor} actors at most"
        )
    return dataset.map_batches(
        OttavaPredictor,
        fn_constructor_args=(os.fspath(model),),
        fn_constructor_kwargs={"sha256": sha256, **options},
        compute=ray.data.ActorPoolStrategy(size=actors),
        num_cpus=cpus_per_actor,
        batch_size=batch_size,
    )
