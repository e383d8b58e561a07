"""Players that are told the class: the label joins the input, and learns."""

import copy

import numpy as np
import pytest

from nnfromscratch import kernels
from nnfromscratch.errors import CheckpointError, DtypeError, RangeError, ShapeError, StaleBackwardError
from nnfromscratch.gradcheck import gradcheck
from nnfromscratch.layers import BatchNorm, Conv2d, Dense, Dropout, Flatten, Sequential, Tanh
from nnfromscratch.models import Conditional, conditional_dcgan, conditional_gan
from nnfromscratch.optimizers import Adam


@pytest.fixture(autouse=True)
def numpy_kernels():
    with kernels.use("vectorized"):
        yield


def rng(seed=0):
    return np.random.default_rng(seed)


def of_rows(dtype=np.float64, seed=0):
    network = Sequential(Dense(3 + 2, 4, rng=rng(seed), dtype=dtype), Tanh(), input_shape=(5,))
    return Conditional(network, 6, (3,), (2,), rng=rng(seed), dtype=dtype)


def of_images(dtype=np.float64):
    network = Sequential(Conv2d(2 + 1, 2, 3, rng=rng(), dtype=dtype), Tanh(), Flatten())
    return Conditional(network, 6, (2, 4, 5), (1, 4, 5), rng=rng(), dtype=dtype)


LABELS = np.array([5, 0, 5, 2])
KINDS = {"rows": (of_rows, (4, 3)), "images": (of_images, (4, 2, 4, 5))}
every_kind = pytest.mark.parametrize(("make", "shape"), KINDS.values(), ids=KINDS)


@every_kind
def test_what_goes_in(make, shape):
    layer, x = make(), rng(1).standard_normal(shape)
    e = layer.params["embedding.weight"][LABELS].reshape(4, *layer.label_shape)
    expected, _ = layer.network.forward(np.concatenate([x, e], axis=1))
    y, _ = layer.forward(x, LABELS)
    np.testing.assert_array_equal(y, expected)
    np.testing.assert_array_equal(layer.predict(x, LABELS), layer.network.predict(np.concatenate([x, e], axis=1)))
    np.testing.assert_allclose(layer.predict(x, LABELS, batch_size=3), layer.predict(x, LABELS))
    assert layer.output_shape(shape[1:]) == y.shape[1:]


@every_kind
def test_gradients(make, shape):
    layer = make()
    names = list(layer.params)

    def function(x, *params):
        other = copy.deepcopy(layer)
        for name, array in zip(names, params, strict=True):
            other.params[name] = array
        y, way_back = other.forward(x, LABELS)

        def backward(dy):
            dx, grads = way_back(dy)
            return dx, *(grads[name] for name in names)

        return y, backward

    gradcheck(function, rng(1).standard_normal(shape), *layer.params.values(), rng=rng(2))


@every_kind
def test_a_class_that_did_not_occur_gets_no_gradient(make, shape):
    y, backward = make().forward(rng(1).standard_normal(shape), LABELS)
    grads = backward(np.ones_like(y))[1]["embedding.weight"]
    assert [bool(row.any()) for row in grads] == [True, False, True, False, False, True]


@every_kind
def test_wrt(make, shape):
    layer, x = make(), rng(1).standard_normal(shape)
    y, backward = layer.forward(x, LABELS)
    dx, grads = backward(y)
    assert list(grads) == list(layer.params)
    assert dx.shape == x.shape
    only, nothing = backward(y, wrt=("x",))
    np.testing.assert_array_equal(only, dx)
    assert nothing == {}
    nothing, others = backward(y, wrt=("params",))
    assert nothing is None
    assert list(others) == list(grads)
    for name, gradient in grads.items():
        np.testing.assert_array_equal(others[name], gradient)
    with pytest.raises(RangeError, match=r"^Conditional: wrt expects names out of x, params, has 'labels'"):
        backward(y, wrt=("labels",))


def test_with_x_alone_the_table_is_left_alone(monkeypatch):
    layer = of_rows()
    y, backward = layer.forward(np.ones((4, 3)), LABELS)
    monkeypatch.setattr(np, "unique", None)  # by which the embedding adds up its gradient
    backward(y, wrt=("x",))
    with pytest.raises(TypeError):
        backward(y)


@pytest.mark.parametrize("name", ["embedding.weight", "network.0.weight"])
def test_a_stale_way_back(name):
    layer = of_rows()
    y, backward = layer.forward(np.ones((4, 3)), LABELS)
    layer.params[name] = layer.params[name] + 1
    with pytest.raises(StaleBackwardError):
        backward(y)


def test_images_lie_in_the_kernels_order():
    """The batch innermost, whatever the order of x."""
    layer = of_images(np.float32)
    for x in (np.zeros((4, 2, 4, 5), np.float32), np.zeros((4, 5, 2, 4), np.float32).transpose(3, 2, 0, 1)):
        joined, _ = layer.join(x, LABELS)
        assert joined.transpose(2, 1, 3, 0).flags.c_contiguous


def test_state_and_files(tmp_path):
    network = Sequential(Dense(5, 4, rng=rng()), BatchNorm(4), Dropout(0.5, rng=rng()))
    layer = Conditional(network, 6, (3,), (2,), rng=rng())
    assert sorted(layer.state) == ["network.1.running_mean", "network.1.running_variance", "network.2.rng"]
    layer.forward(np.ones((4, 3), np.float32), LABELS)
    assert layer.state["network.1.running_mean"].any()
    layer.save(tmp_path / "it.npz")
    other = Conditional(copy.deepcopy(network), 6, (3,), (2,), rng=rng(1))
    x = np.ones((4, 3), np.float32)
    assert (other.predict(x, LABELS) != layer.predict(x, LABELS)).any()
    other.load(tmp_path / "it.npz")
    np.testing.assert_array_equal(other.predict(x, LABELS), layer.predict(x, LABELS))
    with pytest.raises(CheckpointError):
        Conditional(network, 7, (3,), (2,), rng=rng()).load(tmp_path / "it.npz")
    double = layer.astype(np.float64)
    assert {array.dtype for array in double.params.values()} == {np.dtype(np.float64)}
    assert layer.dtype == np.float32


def test_another_network_around_the_same_embedding():
    layer = of_rows()
    inner = Sequential(Dense(5, 2, rng=rng(), dtype=np.float64))
    other = layer.around(inner)
    assert other.params["embedding.weight"] is layer.params["embedding.weight"]
    assert other.forward(np.ones((4, 3)), LABELS)[0].shape == (4, 2)
    assert layer.forward(np.ones((4, 3)), LABELS)[0].shape == (4, 4)
    y, backward = other.forward(np.ones((4, 3)), LABELS)
    Adam().step(other.params, backward(y)[1])
    np.testing.assert_array_equal(other.params["embedding.weight"], layer.params["embedding.weight"])


def test_an_empty_batch():
    y, backward = of_rows().forward(np.ones((0, 3)), np.zeros(0, int))
    dx, grads = backward(y)
    assert (y.shape, dx.shape) == ((0, 4), (0, 3))
    assert not any(gradient.any() for gradient in grads.values())


@pytest.mark.parametrize(
    ("x", "labels", "error", "said"),
    [
        (np.ones((4, 2)), LABELS, ShapeError, r"^Conditional: x expects shape \(N, 3\), has \(4, 2\)"),
        (np.ones((4, 3)), LABELS[:3], ShapeError, r"^Conditional: labels expects shape \(4,\), has \(3,\)"),
        (np.ones((4, 3)), LABELS[:, None], ShapeError, r"^Conditional: labels expects shape \(4,\), has \(4, 1\)"),
        (np.ones((4, 3)), LABELS + 1, RangeError, "labels expects whole numbers from 0 to 5"),
        (np.ones((4, 3)), LABELS * 1.0, DtypeError, "labels expects an array of whole numbers, is float64"),
        (np.ones((4, 3), np.float32), LABELS, DtypeError, "^Conditional: .* float"),
    ],
)
def test_input_that_does_not_fit(x, labels, error, said):
    for call in (of_rows().forward, of_rows().predict):
        with pytest.raises(error, match=said):
            call(x, labels)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ((0, (3,), (2,)), RangeError),
        ((6, (3,), (0,)), RangeError),
        ((6, (3,), ()), ShapeError),
        ((6, (2, 4, 5), (1, 5, 4)), ShapeError),
        ((6, (2, 4, 5), (1,)), ShapeError),
    ],
)
def test_shapes_that_cannot_be_joined(arguments, error):
    with pytest.raises(error, match=r"^Conditional: "):
        Conditional(Sequential(), *arguments, rng=rng())


# --- the models


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("image_shape", [(1, 28, 28), (3, 32, 32)])
@pytest.mark.parametrize("make", [conditional_gan, conditional_dcgan])
def test_noise_and_labels_become_images_and_scores(make, image_shape, dtype):
    generator, discriminator = make(
        rng=rng(), classes=6, latent=7, label_size=3, image_shape=image_shape, width=4, dtype=dtype
    )
    images, _ = generator.forward(rng(1).standard_normal((4, 7)).astype(dtype), LABELS)
    scores, _ = discriminator.forward(images, LABELS)
    assert (images.shape, images.dtype, scores.shape, scores.dtype) == ((4, *image_shape), dtype, (4, 1), dtype)
    assert (generator.output_shape((7,)), discriminator.output_shape(image_shape)) == (image_shape, (1,))
    assert (generator.classes, discriminator.classes) == (6, 6)


@pytest.mark.parametrize("make", [conditional_gan, conditional_dcgan])
def test_the_label_matters_to_both(make):
    generator, discriminator = make(rng=rng(), width=4)
    noise = rng(1).standard_normal((1, 100), np.float32)
    images = [generator.predict(noise, np.array([label])) for label in (3, 7)]
    assert np.abs(images[0] - images[1]).max() > 1e-4
    scores = [discriminator.predict(images[0], np.array([label])) for label in (3, 7)]
    assert np.abs(scores[0] - scores[1]).max() > 1e-5


@pytest.mark.parametrize("argument", ["classes", "latent", "label_size", "width"])
@pytest.mark.parametrize("make", [conditional_gan, conditional_dcgan])
def test_a_size_under_1(make, argument):
    with pytest.raises(RangeError, match=rf"^{make.__name__}: {argument} expects a whole number of at least 1, is 0"):
        make(rng=rng(), **{argument: 0})


@pytest.mark.parametrize("make", [conditional_gan, conditional_dcgan])
def test_what_is_no_image_shape(make):
    with pytest.raises(ShapeError, match=rf"^{make.__name__}: image_shape expects"):
        make(rng=rng(), image_shape=(28, 28))
