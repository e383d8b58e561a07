"""Images out of generators: their range, their labels, the way between two of them, and generators from checkpoints."""

import numpy as np
import pytest

from nnfromscratch import gan, kernels, models
from nnfromscratch.errors import CheckpointError, DtypeError, RangeError, RunError, ShapeError
from nnfromscratch.gan.sampling import as_bytes, images_of, load_generator, write_samples
from nnfromscratch.layers import Dense, Sequential
from nnfromscratch.optimizers import Adam


@pytest.fixture(autouse=True)
def vectorized():
    with kernels.use("vectorized"):
        yield


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize(("model", "low"), [(models.article_gan, 0), (models.dcgan, -1)], ids=["sigmoid", "tanh"])
def test_samples_are_what_the_generator_makes_of_normal_noise(model, low):
    generator, _ = model(rng=rng(), image_shape=(1, 16, 16), width=4)
    images = gan.draw_samples(generator, 7, rng=rng(1))
    y = generator.predict(rng(1).standard_normal((7, 100), np.float32))
    np.testing.assert_array_equal(images, np.rint((y - low) * (255 / (1 - low))).astype(np.uint8))
    assert images.dtype == np.uint8
    np.testing.assert_array_equal(images, gan.draw_samples(generator, 7, rng=rng(1), batch_size=3))
    assert not np.array_equal(images, gan.draw_samples(generator, 7, rng=rng(2)))


def test_samples_of_float64_and_beside_a_reference_batch():
    generator, _ = models.article_gan(
        rng=rng(), image_shape=(1, 8, 8), width=4, dtype=np.float64, virtual_batch_norm=True
    )
    assert gan.draw_samples(generator, 3, rng=rng()).shape == (3, 1, 8, 8)


def test_bytes_span_the_range_and_nothing_wraps_around():
    assert as_bytes(np.array([-1.0, -0.5, 1.0]), (-1.0, 1.0)).tolist() == [0, 64, 255]
    assert as_bytes(np.array([0.0, 0.5, 1.0, 1.2, -0.1]), (0.0, 1.0)).tolist() == [0, 128, 255, 255, 0]
    assert as_bytes(np.array([0.2, 7.0]), None).tolist() == [51, 255]
    with pytest.raises(RangeError, match="has NaN"):
        as_bytes(np.array([np.nan]), (0.0, 1.0))


def test_a_conditional_generator_gets_its_labels():
    generator, _ = models.conditional_gan(rng=rng(), classes=3, image_shape=(1, 8, 8), width=4)
    noise = rng(1).standard_normal((4, 100), np.float32)
    in_turn = images_of(generator, noise)
    np.testing.assert_array_equal(in_turn, images_of(generator, noise, np.array([0, 1, 2, 0])))
    np.testing.assert_array_equal(in_turn, gan.draw_samples(generator, 4, rng=rng(1)))
    assert not np.array_equal(in_turn, images_of(generator, noise, np.array([1, 1, 2, 0])))
    with pytest.raises(RangeError, match="labels expects"):
        images_of(generator, noise, np.array([0, 1, 2, 3]))


def test_samples_that_cannot_be_drawn():
    generator, _ = models.article_gan(rng=rng(), image_shape=(1, 8, 8), width=4)
    with pytest.raises(RangeError, match="labels expects a generator that is told classes"):
        gan.draw_samples(generator, 2, rng=rng(), labels=np.array([0, 1]))
    with pytest.raises(RangeError, match="draw_samples: count"):
        gan.draw_samples(generator, 0, rng=rng())
    with pytest.raises(DtypeError, match="draw_samples: rng"):
        gan.draw_samples(generator, 2, rng=7)
    with pytest.raises(RangeError, match="input_shape"):
        gan.draw_samples(Sequential(Dense(3, 2, rng=rng())), 2, rng=rng())


def test_samples_in_a_file_are_whole_or_not_there(tmp_path):
    images, labels = rng().integers(0, 256, (5, 1, 4, 4)).astype(np.uint8), np.arange(5)
    write_samples(tmp_path / "plain.npz", images)
    write_samples(tmp_path / "labelled.npz", images, labels)
    with np.load(tmp_path / "plain.npz") as file:
        assert file.files == ["images"]
        np.testing.assert_array_equal(file["images"], images)
    with np.load(tmp_path / "labelled.npz") as file:
        np.testing.assert_array_equal(file["labels"], labels)
    with pytest.raises(RunError):
        write_samples(tmp_path / "nowhere" / "a.npz", images)


# --- slerp -------------------------------------------------------------------------------------------------------


def test_the_way_keeps_the_length_and_turns_evenly():
    a = rng().standard_normal(50)
    b = rng(1).standard_normal(50)
    b *= np.linalg.norm(a) / np.linalg.norm(b)
    z = gan.slerp(a, b, np.linspace(0, 1, 9))
    np.testing.assert_allclose(z[0], a)
    np.testing.assert_allclose(z[-1], b)
    lengths = np.linalg.norm(z, axis=1)
    np.testing.assert_allclose(lengths, lengths[0])
    cosines = (z[1:] * z[:-1]).sum(axis=1) / lengths[0] ** 2
    np.testing.assert_allclose(cosines, cosines[0])
    whole = np.arccos(a @ b / lengths[0] ** 2)
    np.testing.assert_allclose(np.arccos(cosines), whole / 8)


def test_the_way_between_vectors_of_one_direction_is_straight():
    a = np.array([3.0, 4.0])
    np.testing.assert_allclose(gan.slerp(a, 2 * a, np.array([0.5])), 1.5 * a[None])
    np.testing.assert_allclose(gan.slerp(a, -a, np.array([0.5])), 0 * a[None], atol=1e-6)
    np.testing.assert_allclose(gan.slerp(a, a, np.array([0.3])), a[None])
    np.testing.assert_allclose(gan.slerp(0 * a, a, np.array([0.5])), 0.5 * a[None])


def test_the_way_keeps_its_type_and_refuses_what_does_not_fit():
    a = np.ones(3, np.float32)
    assert gan.slerp(a, -a, np.array([0.0, 1.0])).dtype == np.float32
    with pytest.raises(DtypeError, match="slerp: end"):
        gan.slerp(a, np.ones(3), np.array([0.0]))
    with pytest.raises(ShapeError, match="slerp: end expects a vector as long as start"):
        gan.slerp(a, np.ones(4, np.float32), np.array([0.0]))
    with pytest.raises(RangeError, match="shares expects numbers from 0 to 1"):
        gan.slerp(a, a, np.array([0.5, 1.5]))


# --- from a checkpoint -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("average", [0.0, 0.5])
def test_the_generator_of_a_checkpoint_is_the_one_that_made_the_samples(average, tmp_path):
    seen = []
    generator, discriminator = models.article_gan(rng=rng(), image_shape=(1, 8, 8), width=4)
    gan.train_gan(
        generator, discriminator, rng(1).random((20, 1, 8, 8), np.float32), objective="non-saturating",
        generator_optimizer=Adam(), discriminator_optimizer=Adam(), steps=5, batch_size=4, rng=rng(2),
        techniques=gan.Techniques(average=average), checkpoint=tmp_path / "game.npz", samples=6, sample_every=5,
        on_samples=lambda step, samples, history: seen.append(samples),
    )  # fmt: skip
    other, _ = models.article_gan(rng=rng(9), image_shape=(1, 8, 8), width=4)
    noise, steps = load_generator(tmp_path / "game.npz", other)
    assert steps == 5
    np.testing.assert_array_equal(other.predict(noise), seen[-1])
    wider, _ = models.article_gan(rng=rng(9), image_shape=(1, 8, 8), width=5)
    with pytest.raises(CheckpointError, match=r"game\.npz"):
        load_generator(tmp_path / "game.npz", wider)


def test_what_is_no_checkpoint_of_a_game(tmp_path):
    generator, _ = models.article_gan(rng=rng(), image_shape=(1, 8, 8), width=4)
    generator.save(tmp_path / "layer.npz")
    with pytest.raises(CheckpointError, match="expects a checkpoint of train_gan, is a saved layer"):
        load_generator(tmp_path / "layer.npz", generator)
    with pytest.raises(CheckpointError, match="there is none"):
        load_generator(tmp_path / "none.npz", generator)
