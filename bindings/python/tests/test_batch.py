"""The core that adapters share, and each adapter without its framework."""

import functools
import hashlib
import http.server
import io
import sys
import threading
import types

import numpy
import pytest

import ottava
from ottava import batch

PIL = pytest.importorskip("PIL.Image", reason="Pillow is not there")
SMALL = "mobilenet_v1_0.25_128_quant"


@pytest.fixture
def path(models):
    return models / f"{SMALL}.tflite"


@pytest.fixture
def pictures(models):
    encoded = []
    for name in ("cat", "bird"):
        file = io.BytesIO()
        PIL.open(models / f"{name}.bmp").save(file, "JPEG", quality=90)
        encoded.append(file.getvalue())
    return [*encoded, b"this is no picture", encoded[0][:100]]


def test_rows_are_those_of_classify_and_errors_are_rows(path, pictures):
    rows = batch.Classifier(path, top=2).rows(pictures)
    session = ottava.Session(path, threads=1)
    for row, picture in zip(rows[:2], pictures):
        answers = ottava.classify(session, PIL.open(io.BytesIO(picture)), top=2)
        assert row.classes == [answer.index for answer in answers]
        assert row.probabilities == [answer.probability for answer in answers]
        assert row.error == "" and row.decoder.startswith("pillow ")
    for row in rows[2:]:
        assert row.classes == [] and row.error.partition(":")[0] in ("UnidentifiedImageError", "OSError")
    known = batch.columns(rows)
    assert [list(known), len(known["classes"])] == [["classes", "probabilities", "error", "decoder"], 4]


def test_threads_may_share_a_classifier(path, pictures):
    classifier = batch.Classifier(path)
    wanted = classifier.rows(pictures)
    got = [None] * 4

    def work(number):
        got[number] = [classifier.rows(pictures) for _ in range(20)]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(rows == wanted for of_thread in got for rows in of_thread)


def test_the_digest_depends_on_rows_and_not_on_their_order(path, pictures):
    rows = batch.Classifier(path).rows(pictures)
    of = lambda order: [{"name": f"{index}", **vars(rows[index])} for index in order]
    assert batch.digest(of([0, 1, 2]), "name") == batch.digest(of([2, 0, 1]), "name")
    assert batch.digest(of([0, 1]), "name") != batch.digest(of([0, 1, 2]), "name")


def test_models_come_by_path_and_uri_and_are_checked(path, tmp_path, monkeypatch):
    known = hashlib.sha256(path.read_bytes()).hexdigest()
    assert batch.local_model(path, known.upper()) == str(path)
    assert batch.local_model(path.as_uri(), known) == str(path)
    with pytest.raises(ottava.Error, match="is another file"):
        batch.local_model(path, "0" * 64)
    with pytest.raises(ottava.Error, match="no-such-file"):
        batch.local_model(tmp_path / "no-such-file", known)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(path.parent))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        uri = f"http://127.0.0.1:{server.server_port}/{path.name}"
        with pytest.raises(ottava.Error, match="needs the sha256"):
            batch.local_model(uri)
        with pytest.raises(ottava.Error, match="is another file"):
            batch.local_model(uri, "0" * 64)
        brought = batch.local_model(uri, known)
        server.shutdown()
    # From then on it is there.
    assert batch.local_model(uri, known) == brought
    assert len(list((tmp_path).rglob("*.tflite"))) == 1


def module(monkeypatch, name, **attributes):
    """Puts a module of a framework's name in its place, and forgets the adapter afterwards."""
    made = types.ModuleType(name)
    vars(made).update(attributes)
    monkeypatch.setitem(sys.modules, name, made)
    return made


class Dataset:
    def map_batches(self, function, **options):
        return function, options


def ray_adapter(monkeypatch, cpus):
    assigned = types.SimpleNamespace(get_assigned_resources=lambda: {"CPU": 2.0})
    nodes = [{"Alive": alive, "Resources": {"CPU": each}} for alive, each in ((True, 2.0), (True, cpus - 2), (False, 64.0), (True, 0.0))]
    data = module(monkeypatch, "ray.data", Dataset=Dataset, ActorPoolStrategy=lambda **options: options)
    module(monkeypatch, "ray", data=data, cluster_resources=lambda: {"CPU": cpus}, nodes=lambda: nodes, get_runtime_context=lambda: assigned)
    monkeypatch.delitem(sys.modules, "ottava.ray", raising=False)
    import ottava.ray

    monkeypatch.delitem(sys.modules, "ottava.ray")
    return ottava.ray


def test_ray_makes_a_pool_that_leaves_a_cpu(monkeypatch, path, pictures):
    adapter = ray_adapter(monkeypatch, 6.0)
    predictor, options = adapter.classify(Dataset(), path, actors=2, cpus_per_actor=2, top=1)
    assert (options["compute"], options["num_cpus"]) == ({"size": 2}, 2)
    made = predictor(*options["fn_constructor_args"], **options["fn_constructor_kwargs"])
    assert made._classifier.session.threads == 2
    answers = made({"path": numpy.array(["a", "b"]), "bytes": numpy.array(pictures[1:3], dtype=object)})
    assert list(answers) == ["path", "classes", "probabilities", "error", "decoder"]
    assert answers["classes"][0] == batch.Classifier(path, top=1).row(pictures[1]).classes
    for actors, cpus in ((3, 2), (6, 1), (0, 1)):
        with pytest.raises(ValueError, match="would take all 6 CPUs|are no pool"):
            adapter.classify(Dataset(), path, actors=actors, cpus_per_actor=cpus)
    with pytest.raises(ValueError, match="no node of the cluster has 5 CPUs for an actor: the largest has 4"):
        adapter.classify(Dataset(), path, actors=1, cpus_per_actor=5)


def test_beam_has_a_model_handler(monkeypatch, path, pictures):
    class ModelHandler:
        def __class_getitem__(cls, types):
            return cls

        def __init__(self):
            pass

    for name in ("apache_beam", "apache_beam.ml", "apache_beam.ml.inference"):
        module(monkeypatch, name)
    module(
        monkeypatch,
        "apache_beam.ml.inference.base",
        ModelHandler=ModelHandler,
        PredictionResult=lambda example, inference, model_id: (example, inference, model_id),
    )
    monkeypatch.delitem(sys.modules, "ottava.beam", raising=False)
    from ottava.beam import OttavaModelHandler

    monkeypatch.delitem(sys.modules, "ottava.beam")
    handler = OttavaModelHandler(path, max_batch_size=4, top=1)
    assert handler.batch_elements_kwargs() == {"max_batch_size": 4} and handler.get_num_bytes(pictures) == sum(map(len, pictures))
    made = list(handler.run_inference(pictures, handler.load_model()))
    assert [row for _, row, _ in made] == batch.Classifier(path, top=1).rows(pictures)
    assert [example for example, _, _ in made] == pictures and made[0][2] == str(path)


def test_spark_has_a_function_of_columns(monkeypatch, path, pictures):
    for name in ("pyspark", "pyspark.ml", "pyspark.sql"):
        module(monkeypatch, name)
    same = lambda *arguments: arguments
    kinds = ("ArrayType", "DoubleType", "IntegerType", "StringType", "StructField", "StructType")
    module(monkeypatch, "pyspark.sql.types", **dict.fromkeys(kinds, same))
    module(monkeypatch, "pyspark.ml.functions", predict_batch_udf=lambda make, **options: (make, options))
    monkeypatch.delitem(sys.modules, "ottava.spark", raising=False)
    from ottava.spark import ANSWER, ottava_udf

    monkeypatch.delitem(sys.modules, "ottava.spark")
    make, options = ottava_udf(path, batch_size=8, top=1)
    assert options == {"return_type": ANSWER, "batch_size": 8}
    answers = make()(numpy.array(pictures, dtype=object))
    assert all(len(answer["classes"].shape) == 1 and answer["classes"].dtype == numpy.int32 for answer in answers)
    lists = [{name: getattr(value, "tolist", lambda value=value: value)() for name, value in answer.items()} for answer in answers]
    assert lists == [vars(row) for row in batch.Classifier(path, top=1).rows(pictures)]
