"""Pictures."""

import numpy
import pytest

import ottava

PIL = pytest.importorskip("PIL.Image", reason="Pillow is not there")


@pytest.fixture
def session(models):
    return ottava.Session(models / "mobilenet_v2_1.0_224_quant.tflite", threads=1)


def test_the_example_names_what_is_in_the_picture(models, session):
    labels = models / "imagenet_labels.txt"
    for picture in (models / "cat.bmp", PIL.open(models / "cat.bmp"), numpy.asarray(PIL.open(models / "cat.bmp"))):
        answers = ottava.classify(session, picture, labels=labels)
        assert [answer.index for answer in answers] == [286, 282, 283]
        assert answers[0].label == "Egyptian cat"
        assert answers[0].probability > answers[1].probability > answers[2].probability


def test_answers_are_those_of_the_command(models, capfd):
    from ottava import _native

    for name in ("mobilenet_v2_1.0_224_quant", "mobilenet_v2_keras_f32", "inception_v3_int8"):
        model = models / f"{name}.tflite"
        assert _native.command(["ottava", "classify", str(model), str(models / "bird.bmp"), "--top", "5"]) == 0
        lines = capfd.readouterr().out.splitlines()[1:]
        answers = ottava.classify(model, models / "bird.bmp", top=5)
        assert [int(line.split()[2]) for line in lines] == [answer.index for answer in answers]
        assert [line.split()[0] for line in lines] == [f"{100 * answer.probability:.2f}" for answer in answers]


def test_grey_and_transparent_pictures_and_crops(session):
    generator = numpy.random.default_rng(2)
    prepare = ottava.Preprocessor(session, crop=(3, 5, 224, 224))
    rgb = generator.integers(0, 256, (240, 250, 3), numpy.uint8)
    # A crop of the input's size is the pixels.
    assert (prepare(rgb)[0] == rgb[5:229, 3:227]).all()
    rgba = numpy.dstack([rgb, numpy.full((240, 250, 1), 255, numpy.uint8)])
    assert (prepare(rgba) == prepare(rgb)).all()
    grey = rgb[..., 0]
    assert (prepare(grey)[0] == grey[5:229, 3:227, None]).all()
    out = numpy.empty((1, 224, 224, 3), numpy.uint8)
    assert prepare(rgb, out=out) is out


def test_what_is_no_picture_is_refused(session):
    prepare = ottava.Preprocessor(session)
    for picture, text in [
        (numpy.zeros((4, 4, 2), numpy.uint8), "1, 3 or 4 channels"),
        (numpy.zeros((4, 4, 3), numpy.float32), "are uint8"),
        (numpy.zeros((0, 4, 3), numpy.uint8), "not 4x0"),
    ]:
        with pytest.raises(ottava.Error, match=text):
            prepare(picture)
    for options in ({"crop": "left"}, {"filter": "sharp"}, {"crop": (0, 0, 0, 5)}):
        with pytest.raises(ottava.Error):
            ottava.Preprocessor(session, **options)(numpy.zeros((9, 9, 3), numpy.uint8))
    with pytest.raises(ottava.Error, match="labels for 2 classes"):
        ottava.classify(session, numpy.zeros((9, 9, 3), numpy.uint8), labels=["a", "b"])
