#!/usr/bin/env python3
"""Classifies a folder of pictures in one process, by Ray, Beam and Spark, undisturbed and disturbed, and prints a hash of the rows of each.

    batch.py pictures FOLDER [--count 2000]      makes JPEGs
    batch.py single FOLDER MODEL                 this process; and LiteRT's reference kernels, where ai-edge-litert is there
    batch.py plain FOLDER MODEL                  two processes with nothing between them, for their time
    batch.py ray FOLDER MODEL [--fault actor|node|driver] [--actors N]
    batch.py beam FOLDER MODEL
    batch.py spark FOLDER MODEL

Each framework wants an environment of its own, with the wheel in it: `pip install 'ottava[ray]'` and so on. Ray runs as a cluster of three nodes
of two logical CPUs on this machine.
"""

import argparse
import multiprocessing
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import time

import numpy

from ottava import batch

BATCH = 16


def make_pictures(folder, count):
    from PIL import Image

    folder.mkdir(parents=True, exist_ok=True)
    generator = numpy.random.default_rng(7)
    for number in range(count):
        small = generator.integers(0, 256, (6, 8, 3), numpy.uint8)
        picture = Image.fromarray(small).resize((320, 240), Image.Resampling.BICUBIC)
        picture.save(folder / f"{number:05}.jpg", quality=90)
    # One that cannot be read is a row as well.
    (folder / f"{count - 1:05}.jpg").write_bytes(b"this is no picture")


def read(paths):
    return [{"name": path.name, **vars(row)} for path, row in paths]


def single(folder, model):
    paths = sorted(folder.glob("*.jpg"))
    classifier = batch.Classifier(model, threads=1)
    start = time.perf_counter()
    rows = read((path, classifier.row(path.read_bytes())) for path in paths)
    seconds = time.perf_counter() - start
    print(f"one process: {len(rows)} rows, {sum(bool(row['error']) for row in rows)} errors, {seconds:.1f} s, {batch.digest(rows, 'name')}")
    try:
        from ai_edge_litert.interpreter import Interpreter, OpResolverType
    except ImportError:
        print("LiteRT's reference kernels: ai-edge-litert is not there")
        return
    interpreter = Interpreter(str(model), experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
    interpreter.allocate_tensors()
    classifier.session = Reference(classifier.session, interpreter)
    rows = read((path, classifier.row(path.read_bytes())) for path in paths)
    print(f"LiteRT's reference kernels: {batch.digest(rows, 'name')}")


class Reference:
    """A session whose runs are LiteRT's."""

    def __init__(self, session, interpreter):
        self.model, self.outputs, self._interpreter = session.model, session.outputs, interpreter

    def run(self, value):
        self._interpreter.set_tensor(self._interpreter.get_input_details()[0]["index"], value)
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(it["index"]) for it in self._interpreter.get_output_details()]


def part(arguments):
    model, paths = arguments
    classifier = batch.Classifier(model, threads=1)
    return read((path, classifier.row(path.read_bytes())) for path in paths)


def plain(folder, model):
    paths = sorted(folder.glob("*.jpg"))
    start = time.perf_counter()
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        rows = sum(pool.map(part, [(model, paths[0::2]), (model, paths[1::2])]), [])
    print(f"two processes: {len(rows)} rows, {time.perf_counter() - start:.1f} s, {batch.digest(rows, 'name')}")


def on_ray(folder, model, fault, actors):
    import ray
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 2})
    workers = [cluster.add_node(num_cpus=2) for _ in range(2)]
    cluster.wait_for_nodes()
    try:
        if fault == "driver":
            rows = killed_driver(cluster.address, folder, model, actors)
        else:
            ray.init(address=cluster.address, log_to_driver=False)
            if fault:
                threading.Thread(target=disturb, args=(fault, cluster, workers), daemon=True).start()
            start = time.perf_counter()
            rows = named(data(folder, model, actors).take_all())
            print(f"  {time.perf_counter() - start:.1f} s with the start of the actors")
            ray.shutdown()
    finally:
        cluster.shutdown()
    print(f"Ray, {fault or 'undisturbed'}: {len(rows)} rows, {batch.digest(rows, 'name')}")


def data(folder, model, actors):
    import ray

    import ottava.ray

    pictures = ray.data.read_binary_files(str(folder), include_paths=True, override_num_blocks=40)
    return ottava.ray.classify(pictures, model, actors=actors, batch_size=BATCH)


def named(rows):
    return [{**row, "name": os.path.basename(row["path"])} for row in rows]


def actors_at_work():
    """Processes of actors; Ray names them by what they run."""
    found = []
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            name = (process / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if name.startswith("ray::") and "MapWorker" in name:
            found.append(int(process.name))
    return found


def disturb(fault, cluster, workers):
    """Kills an actor's process or takes a node away once actors are at work."""
    while not (found := actors_at_work()):
        time.sleep(0.2)
    time.sleep(3)
    if fault == "actor":
        os.kill(found[0], signal.SIGKILL)
        print(f"  killed the actor in process {found[0]}")
    else:
        cluster.remove_node(workers[1], allow_graceful=False)
        print("  took a node away")


def killed_driver(address, folder, model, actors):
    """The rows that a driver leaves that was killed half-way, and another that took up its checkpoint."""
    import pyarrow.parquet

    with tempfile.TemporaryDirectory() as scratch:
        out, checkpoint = f"{scratch}/rows", f"{scratch}/checkpoint"
        command = [sys.executable, __file__, "driver", str(folder), str(model), "--address", address, "--scratch", scratch]
        command += ["--actors", str(actors)]
        first = subprocess.Popen(command)
        files = lambda: list(pathlib.Path(checkpoint).rglob("*.parquet"))
        while len(files()) < 8 and first.poll() is None:
            time.sleep(0.2)
        first.kill()
        first.wait()
        print(f"  killed the driver with {len(files())} blocks in its checkpoint")
        subprocess.run(command, check=True)
        written = pyarrow.parquet.read_table(out).to_pylist()
    unique = {row["path"]: row for row in written}
    print(f"  {len(written)} rows were written, {len(unique)} of them of different pictures")
    return named(unique.values())


def driver(folder, model, address, scratch, actors):
    import ray
    from ray.data.checkpoint import CheckpointConfig

    ray.init(address=address, log_to_driver=False)
    ray.data.DataContext.get_current().checkpoint_config = CheckpointConfig(
        id_column="path", checkpoint_path=f"{scratch}/checkpoint", delete_checkpoint_on_success=False
    )
    data(folder, model, actors).write_parquet(f"{scratch}/rows")


def on_beam(folder, model):
    import apache_beam
    from apache_beam.ml.inference.base import KeyedModelHandler, RunInference

    from ottava.beam import OttavaModelHandler

    with tempfile.TemporaryDirectory() as scratch:
        with apache_beam.Pipeline(runner="DirectRunner") as pipeline:
            (
                pipeline
                | apache_beam.Create(sorted(map(str, folder.glob("*.jpg"))))
                | apache_beam.Map(lambda path: (os.path.basename(path), pathlib.Path(path).read_bytes()))
                | RunInference(KeyedModelHandler(OttavaModelHandler(model, max_batch_size=BATCH)))
                | apache_beam.Map(lambda pair: repr({"name": pair[0], **vars(pair[1].inference)}))
                | apache_beam.io.WriteToText(f"{scratch}/rows")
            )
        lines = [line for file in pathlib.Path(scratch).iterdir() for line in file.read_text().splitlines()]
    rows = [eval(line, {"__builtins__": {}}) for line in lines]  # noqa: S307: this program has written them
    print(f"Beam: {len(rows)} rows, {batch.digest(rows, 'name')}")


def on_spark(folder, model):
    from pyspark.sql import SparkSession
    from pyspark.sql.functions import element_at, split

    from ottava.spark import ottava_udf

    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    spark = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    pictures = spark.read.format("binaryFile").load(f"{folder}/*.jpg")
    answers = pictures.select(element_at(split("path", "/"), -1).alias("name"), ottava_udf(model, batch_size=BATCH)("content").alias("answer"))
    rows = [{"name": row.name, **row.answer.asDict()} for row in answers.collect()]
    spark.stop()
    print(f"Spark: {len(rows)} rows, {batch.digest(rows, 'name')}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["pictures", "single", "plain", "ray", "driver", "beam", "spark"])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("model", nargs="?")
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--fault", choices=["actor", "node", "driver"])
    parser.add_argument("--actors", type=int, default=2)
    parser.add_argument("--address")
    parser.add_argument("--scratch")
    args = parser.parse_args()
    args.folder = args.folder.resolve()
    match args.what:
        case "pictures":
            make_pictures(args.folder, args.count)
        case "single":
            single(args.folder, args.model)
        case "plain":
            plain(args.folder, args.model)
        case "ray":
            on_ray(args.folder, args.model, args.fault, args.actors)
        case "driver":
            driver(args.folder, args.model, args.address, args.scratch, args.actors)
        case "beam":
            on_beam(args.folder, args.model)
        case "spark":
            on_spark(args.folder, args.model)


if __name__ == "__main__":
    main()
