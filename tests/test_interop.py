"""PyTorch's names and layouts: there and back bit for bit, by hand without PyTorch, and equal results where it is."""

import subprocess
import sys

import numpy as np
import pytest

from nnfromscratch import functional, kernels
from nnfromscratch.errors import CheckpointError, DtypeError, RangeError, ShapeError, StaleBackwardError
from nnfromscratch.interop import from_torch, to_torch
from nnfromscratch.layers import (
    ELU,
    AvgPool2d,
    BatchNorm,
    Conv2d,
    ConvTranspose2d,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    GaussianNoise,
    Layer,
    LayerNorm,
    LeakyReLU,
    MaxPool2d,
    ReLU,
    Reshape,
    Sequential,
    Sigmoid,
    Softplus,
    Tanh,
)

ROWS, IMAGES = (5, 6), (3, 2, 7, 6)
F32, F64 = np.float32, np.float64
TOLERANCE = {F32: 1e-4, F64: 1e-12}  # of the largest number, or of 1


def rng(seed=0):
    return np.random.default_rng(seed)


# name: (shape of x, our layer, PyTorch's module)
CASES = {
    "Dense": (ROWS, lambda t: Dense(6, 4, rng=rng(), dtype=t), lambda nn: nn.Linear(6, 4)),
    "Dense no bias": (
        ROWS,
        lambda t: Dense(6, 6, bias=False, rng=rng(), dtype=t),
        lambda nn: nn.Linear(6, 6, bias=False),
    ),
    "Conv2d": (
        IMAGES,
        lambda t: Conv2d(2, 3, (3, 2), stride=(1, 2), padding=(2, 1), rng=rng(), dtype=t),
        lambda nn: nn.Conv2d(2, 3, (3, 2), stride=(1, 2), padding=(2, 1)),
    ),
    "Conv2d same, no bias": (
        IMAGES,
        lambda t: Conv2d(2, 3, (4, 2), padding="same", bias=False, rng=rng(), dtype=t),
        lambda nn: nn.Conv2d(2, 3, (4, 2), padding="same", bias=False),
    ),
    "ConvTranspose2d": (
        IMAGES,
        lambda t: ConvTranspose2d(2, 3, (3, 4), stride=2, padding=1, output_padding=(0, 1), rng=rng(), dtype=t),
        lambda nn: nn.ConvTranspose2d(2, 3, (3, 4), stride=2, padding=1, output_padding=(0, 1)),
    ),
    "ConvTranspose2d no bias": (
        IMAGES,
        lambda t: ConvTranspose2d(2, 2, 3, bias=False, rng=rng(), dtype=t),
        lambda nn: nn.ConvTranspose2d(2, 2, 3, bias=False),
    ),
    "BatchNorm of rows": (
        ROWS,
        lambda t: BatchNorm(6, eps=0.01, momentum=0.3, dtype=t),
        lambda nn: nn.BatchNorm1d(6, eps=0.01, momentum=0.3),
    ),
    "BatchNorm of images": (IMAGES, lambda t: BatchNorm(2, dtype=t), lambda nn: nn.BatchNorm2d(2)),
    "LayerNorm": (ROWS, lambda t: LayerNorm(6, eps=0.02, dtype=t), lambda nn: nn.LayerNorm(6, eps=0.02)),
    "LayerNorm of images": (IMAGES, lambda t: LayerNorm((7, 6), dtype=t), lambda nn: nn.LayerNorm((7, 6))),
    "MaxPool2d": (
        IMAGES,
        lambda t: MaxPool2d(3, stride=2, padding=1),
        lambda nn: nn.MaxPool2d(3, stride=2, padding=1),
    ),
    "AvgPool2d": (
        IMAGES,
        lambda t: AvgPool2d((3, 2), stride=1, padding=1),
        lambda nn: nn.AvgPool2d((3, 2), stride=1, padding=1, count_include_pad=False),
    ),
    "Flatten": (IMAGES, lambda t: Flatten(), lambda nn: nn.Flatten()),
    "Reshape": (ROWS, lambda t: Reshape((3, 2, 1)), lambda nn: nn.Unflatten(1, (3, 2, 1))),
    "ReLU": (ROWS, lambda t: ReLU(), lambda nn: nn.ReLU()),
    "LeakyReLU": (ROWS, lambda t: LeakyReLU(), lambda nn: nn.LeakyReLU(0.2)),
    "ELU": (ROWS, lambda t: ELU(0.7), lambda nn: nn.ELU(0.7)),
    "Sigmoid": (ROWS, lambda t: Sigmoid(), lambda nn: nn.Sigmoid()),
    "Tanh": (ROWS, lambda t: Tanh(), lambda nn: nn.Tanh()),
    "Softplus": (ROWS, lambda t: Softplus(), lambda nn: nn.Softplus()),
    "Dropout": (ROWS, lambda t: Dropout(0.5, rng=rng()), lambda nn: nn.Dropout(0.5)),
    "GaussianNoise": (ROWS, lambda t: GaussianNoise(0.5, rng=rng()), lambda nn: nn.Identity()),
}
NOISE = ("Dropout", "GaussianNoise")


def nested(t=F32, *, bias=True):
    return Sequential(
        Conv2d(1, 2, 3, padding=1, rng=rng(1), dtype=t),
        Sequential(BatchNorm(2, dtype=t), ReLU(), Sequential(MaxPool2d(2), Flatten())),
        Dropout(0.5, rng=rng(2)),
        Dense(8, 3, bias=bias, rng=rng(3), dtype=t),
    )


def randomized(layer, seed=0):
    """The same layer with random numbers in all its arrays; variances stay above zero."""
    draw = rng(seed)
    for home in (layer.params, layer.state):
        for name, value in home.items():
            if isinstance(value, np.ndarray):
                home[name] = draw.standard_normal(value.shape).astype(value.dtype)
                if "variance" in name:
                    home[name] = home[name] ** 2 + value.dtype.type(0.5)
    return layer


def bits(layer):
    """Everything that the layer remembers, to compare."""
    homes = (layer.params, layer.state)
    return [
        (name, v.dtype, v.shape, v.tobytes()) if isinstance(v, np.ndarray) else (name, str(v.bit_generator.state))
        for home in homes
        for name, v in home.items()
    ]


def versions(network):
    return [layer.params.version for layer in network if not isinstance(layer, Sequential)]


@pytest.mark.parametrize("dtype", [F32, F64])
@pytest.mark.parametrize("name", [*CASES, "nested"])
def test_every_layer_goes_there_and_back_bit_for_bit(name, dtype):
    make = nested if name == "nested" else CASES[name][1]
    layer, other = randomized(make(dtype), 1), randomized(make(dtype), 2)
    state_dict = to_torch(layer)
    assert all(a.dtype == dtype or key.endswith("num_batches_tracked") for key, a in state_dict.items())
    from_torch(other, state_dict)
    assert bits(other) == bits(layer)


def test_the_names_and_shapes_of_a_network():
    described = {name: (array.dtype.name, array.shape) for name, array in to_torch(nested(bias=False)).items()}
    assert list(described.items()) == [
        ("0.weight", ("float32", (2, 1, 3, 3))),
        ("0.bias", ("float32", (2,))),
        ("1.0.weight", ("float32", (2,))),
        ("1.0.bias", ("float32", (2,))),
        ("1.0.running_mean", ("float32", (2,))),
        ("1.0.running_var", ("float32", (2,))),
        ("1.0.num_batches_tracked", ("int64", ())),
        ("3.weight", ("float32", (3, 8))),
    ]


def test_a_layer_without_arrays_has_an_empty_dictionary():
    assert to_torch(Sequential(ReLU(), Sequential(), Dropout(0.5, rng=rng()))) == {}
    from_torch(ReLU(), {})


def test_a_linear_modules_weight_by_hand():
    layer = Dense(2, 3, rng=rng(), dtype=F64)
    from_torch(layer, {"weight": np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), "bias": np.array([0.1, 0.2, 0.3])})
    np.testing.assert_allclose(layer.predict(np.array([[1.0, 10.0]])), [[21.1, 43.2, 65.3]], rtol=1e-14)
    np.testing.assert_array_equal(to_torch(layer)["weight"], [[1, 2], [3, 4], [5, 6]])


def test_convolutions_by_hand():
    """One pixel of one channel spreads the kernel of that channel; convolution takes each number once."""
    weight = np.arange(1.0, 13.0).reshape(2, 3, 2, 1)  # PyTorch's (in, out, KH, KW), and ours
    spread = ConvTranspose2d(2, 3, (2, 1), rng=rng(), dtype=F64)
    from_torch(spread, {"weight": weight, "bias": np.zeros(3)})
    x = np.zeros((1, 2, 1, 1))
    x[0, 1] = 1
    with kernels.use("loops"):
        np.testing.assert_array_equal(spread.predict(x)[0, :, :, 0], [[7, 8], [9, 10], [11, 12]])
        gather = Conv2d(3, 2, (2, 1), rng=rng(), dtype=F64)  # (out, in, KH, KW)
        from_torch(gather, {"weight": weight, "bias": np.array([0.0, 100.0])})
        np.testing.assert_array_equal(gather.predict(np.ones((1, 3, 2, 1)))[0, :, 0, 0], [21, 157])


def test_running_statistics_by_hand():
    layer = Sequential(BatchNorm(2, eps=1e-9, dtype=F64))
    from_torch(
        layer,
        {
            "0.weight": np.array([2.0, 3.0]),
            "0.bias": np.array([0.5, 0.0]),
            "0.running_mean": np.array([1.0, -1.0]),
            "0.running_var": np.array([4.0, 9.0]),
            "0.num_batches_tracked": np.array(17),
        },
    )
    np.testing.assert_allclose(layer.predict(np.array([[5.0, 2.0]])), [[4.5, 3.0]], rtol=1e-8)
    np.testing.assert_array_equal(layer.state["0.running_variance"], [4.0, 9.0])


def test_the_statistics_of_training_are_written_and_the_count_is_zero():
    layer = BatchNorm(1, momentum=0.5, dtype=F64)
    layer.forward(np.array([[1.0], [2.0], [6.0]]))  # mean 3, unbiased variance 7
    state_dict = to_torch(layer)
    np.testing.assert_allclose(state_dict["running_mean"], [1.5], rtol=1e-14)
    np.testing.assert_allclose(state_dict["running_var"], [4.0], rtol=1e-14)
    count = state_dict["num_batches_tracked"]
    assert isinstance(count, np.ndarray)
    assert (count.dtype, count.shape, count) == (np.int64, (), 0)


@pytest.mark.parametrize("count", [None, np.array(3), 3.5, "many"])
def test_the_count_may_be_anything_or_missing(count):
    layer = randomized(BatchNorm(2))
    state_dict = to_torch(randomized(BatchNorm(2), 1))
    del state_dict["num_batches_tracked"]
    if count is not None:
        state_dict["num_batches_tracked"] = count
    from_torch(layer, state_dict)
    assert set(layer.state) == {"running_mean", "running_variance"}
    np.testing.assert_array_equal(layer.state["running_variance"], state_dict["running_var"])


def test_nothing_is_shared_and_everything_is_contiguous():
    network = randomized(nested())
    network.params["3.weight"] = np.asfortranarray(network.params["3.weight"])
    network.params["0.weight"] = network.params["0.weight"].transpose(1, 2, 3, 0).copy().transpose(3, 0, 1, 2)
    state_dict = to_torch(network)
    own = [*network.params.values(), *(v for v in network.state.values() if isinstance(v, np.ndarray))]
    for array in state_dict.values():
        assert array.flags.c_contiguous
        assert not any(np.shares_memory(array, other) for other in own)

    turned = {name: np.asfortranarray(array) for name, array in state_dict.items()}
    for array in turned.values():
        array.flags.writeable = False
    from_torch(network, turned)
    for array in (*network.params.values(), *(v for v in network.state.values() if isinstance(v, np.ndarray))):
        assert array.flags.c_contiguous
        assert array.flags.writeable
        assert not any(np.shares_memory(array, other) for other in turned.values())


def test_what_numpy_understands_is_taken(tmp_path):
    class Tensor:
        def __init__(self, array):
            self.array = array

        def __array__(self, dtype=None, copy=None):
            return self.array

    network, wanted = nested(), randomized(nested(), 4)
    from_torch(network, {name: Tensor(array) for name, array in to_torch(wanted).items()})
    assert bits(network) == bits(wanted)
    wanted = randomized(wanted, 5)
    np.savez(tmp_path / "state.npz", **to_torch(wanted))
    with np.load(tmp_path / "state.npz") as file:
        from_torch(network, file)
    assert bits(network) == bits(wanted)


def test_reading_makes_earlier_backwards_stale():
    network = Sequential(Dense(2, 2, rng=rng()))
    y, backward = network.forward(np.ones((1, 2), F32))
    from_torch(network, to_torch(network))
    with pytest.raises(StaleBackwardError):
        backward(y)


def test_an_array_that_refuses_to_be_read_is_named():
    class OnAnotherDevice:
        def __array__(self, dtype=None, copy=None):
            raise RuntimeError("copy me to the CPU first")

    layer = Dense(2, 2, bias=False, rng=rng())
    message = r"state_dict\['weight'\] expects an array, is OnAnotherDevice that NumPy cannot read: copy me to the CPU"
    with pytest.raises(DtypeError, match=message):
        from_torch(layer, {"weight": OnAnotherDevice()})


def without(name):
    return lambda state_dict: state_dict.pop(name)


def replaced(name, value):
    return lambda state_dict: state_dict.update({name: value})


def prefixed(state_dict):
    for name in list(state_dict):
        state_dict[f"net.{name}"] = state_dict.pop(name)


@pytest.mark.parametrize(
    ("spoil", "error", "message"),
    [
        (without("3.bias"), CheckpointError, "from_torch: state_dict expects '3.bias', which it lacks"),
        (without("1.0.running_var"), CheckpointError, "state_dict expects '1.0.running_var', which it lacks"),
        (replaced("2.weight", np.ones(3)), CheckpointError, "state_dict has '2.weight', which the network lacks"),
        (replaced(7, np.ones(3)), CheckpointError, "state_dict has 7, which the network lacks"),
        (replaced("0.num_batches_tracked", 0), CheckpointError, "has '0.num_batches_tracked', which the network lacks"),
        (
            prefixed,
            CheckpointError,
            "from_torch: state_dict expects '0.weight', '0.bias', '1.0.weight', '1.0.bias' and 4 more, which it lacks; "
            "has 'net.0.weight', 'net.0.bias', 'net.1.0.weight', 'net.1.0.bias' and 5 more, which the network lacks",
        ),
        (
            replaced("3.weight", np.ones((8, 3), F32)),
            ShapeError,
            "from_torch: state_dict['3.weight'] expects shape (3, 8), has (8, 3)",
        ),
        (replaced("0.bias", np.ones((2, 1), F32)), ShapeError, "state_dict['0.bias'] expects shape (2,), has (2, 1)"),
        (replaced("1.0.running_mean", np.ones((), F32)), ShapeError, "['1.0.running_mean'] expects shape (2,), has ()"),
        (replaced("3.bias", np.ones(3)), DtypeError, "from_torch: state_dict['3.bias'] expects float32, has float64"),
        (replaced("1.0.running_var", np.ones(2)), DtypeError, "state_dict['1.0.running_var'] expects float32, has flo"),
        (replaced("3.bias", np.ones(3, np.float16)), DtypeError, "state_dict['3.bias'] expects float32, has float16"),
        (replaced("3.bias", np.ones(3, int)), DtypeError, "state_dict['3.bias'] expects float32, has int64"),
        (replaced("3.bias", None), DtypeError, "state_dict['3.bias'] expects float32, has object"),
        (replaced("3.bias", [[1.0], [2.0, 3.0]]), DtypeError, "state_dict['3.bias'] expects an array, is list that "),
    ],
)
def test_what_does_not_fit_changes_nothing(spoil, error, message):
    network = randomized(nested())
    state_dict = to_torch(randomized(nested(), 1))
    spoil(state_dict)
    before = bits(network), versions(network)
    with pytest.raises(error) as raised:
        from_torch(network, state_dict)
    assert message in str(raised.value)
    assert (bits(network), versions(network)) == before


@pytest.mark.parametrize("what", [None, "model.pt", [("weight", 1)], ReLU()])
def test_a_state_dict_is_a_dictionary(what):
    with pytest.raises(DtypeError, match=r"from_torch: state_dict expects a dictionary of arrays by name .*, is \w+$"):
        from_torch(ReLU(), what)


def test_a_network_is_a_layer():
    with pytest.raises(DtypeError, match=r"^to_torch: network expects a Layer, is list$"):
        to_torch([ReLU()])
    with pytest.raises(DtypeError, match=r"^from_torch: network expects a Layer, is dict$"):
        from_torch({}, ReLU())


class Scale(Layer):
    """A layer of somebody's own."""

    def __init__(self):
        super().__init__({"running_variance": np.ones((2, 3))}, {"seen": np.zeros(2, int), "rng": rng()})


class Around(Layer):
    """A layer that is made of another."""

    def __init__(self, inner):
        self.params, self.state = inner.params, inner.state


def test_a_layer_of_ones_own_goes_as_it_is():
    network, other = Sequential(ReLU(), Scale()), Sequential(ReLU(), Scale())
    network.params["1.running_variance"] = np.arange(6.0).reshape(2, 3)
    network.state["1.seen"] = np.array([3, 4])
    state_dict = to_torch(network)
    assert list(state_dict) == ["1.running_variance", "1.seen"]
    np.testing.assert_array_equal(state_dict["1.running_variance"], [[0, 1, 2], [3, 4, 5]])
    from_torch(other, state_dict)
    assert bits(other) == bits(network)


def test_a_dense_layer_of_ones_own_is_dense():
    class Narrow(Dense):
        pass

    layer = Narrow(2, 3, rng=rng())
    np.testing.assert_array_equal(to_torch(layer)["weight"], layer.params["weight"].T)


def test_a_layer_made_of_layers_is_refused():
    network = Sequential(ReLU(), Around(nested()))
    message = r"layer 1 \(Around\) expects parameters and statistics of its own, .* without a dot; has 0\.weight, "
    with pytest.raises(RangeError, match="^to_torch: " + message):
        to_torch(network)
    with pytest.raises(RangeError, match="^from_torch: " + message):
        from_torch(network, {})
    with pytest.raises(RangeError, match=r"layer network \(Around\) expects"):
        to_torch(Around(nested()))


def test_one_name_for_two_arrays_is_refused():
    layer = Layer({"scale": np.ones(2)}, {"scale": np.ones(2)})
    with pytest.raises(RangeError, match=r"layer 0 \(Layer\) expects .* a name of its own .*; has scale, scale$"):
        to_torch(Sequential(layer))


def test_neither_pytorch_nor_numba_is_needed():
    program = """
import sys
for name in ("torch", "numba", "matplotlib"):
    sys.modules[name] = None  # from now on an import of it fails
import numpy as np
from nnfromscratch import interop, layers
network = layers.Sequential(layers.Dense(2, 3, rng=np.random.default_rng(0)), layers.BatchNorm(3))
interop.from_torch(network, interop.to_torch(network))
"""
    subprocess.run([sys.executable, "-c", program], check=True)


# Beside PyTorch, where it is installed


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch")


def as_arrays(module):
    return {name: tensor.numpy().copy() for name, tensor in module.state_dict().items()}


def as_tensors(torch, state_dict):
    return {name: torch.from_numpy(array) for name, array in state_dict.items()}


def assert_near(actual, expected, dtype, what=""):
    actual = np.asarray(actual)
    assert (actual.dtype, actual.shape) == (expected.dtype, expected.shape), what
    error = np.abs(actual - expected).max(initial=0) / max(1, np.abs(expected).max(initial=0))
    assert error <= TOLERANCE[dtype], f"{what}: {error:.2e}"


def assert_same_state(network, module, dtype):
    """All parameters and running statistics, PyTorch's counters aside."""
    ours, theirs = to_torch(network), as_arrays(module)
    assert list(ours) == list(theirs)
    for name, array in theirs.items():
        if not name.endswith("num_batches_tracked"):
            assert_near(ours[name], array, dtype, name)


def assert_same_step(torch, network, module, x, dtype, *, training):
    """The same output and the same gradients for the same x and ∂L/∂y; ours come back by name."""
    module.train(training)
    tensor = torch.from_numpy(x.copy()).requires_grad_()
    module.zero_grad()
    expected = module(tensor)
    dy = rng(9).standard_normal(expected.shape).astype(dtype)
    expected.backward(torch.from_numpy(dy))
    y, backward = network.forward(x, training)
    dx, grads = backward(dy)
    assert_near(y, expected.detach().numpy(), dtype, "y")
    assert_near(dx, tensor.grad.numpy(), dtype, "dx")
    linear = {name for name, part in module.named_modules() if isinstance(part, torch.nn.Linear)}
    theirs = {name: parameter.grad.numpy() for name, parameter in module.named_parameters()}
    assert list(grads) == list(theirs)
    for name, gradient in theirs.items():
        of_dense = name.rpartition(".")[0] in linear and gradient.ndim == 2
        assert_near(grads[name], gradient.T if of_dense else gradient, dtype, name)
    return grads


SAME = pytest.mark.filterwarnings("ignore:Using padding=.same. with even kernel:UserWarning")  # PyTorch on its copy


@SAME
@pytest.mark.parametrize("dtype", [F32, F64])
@pytest.mark.parametrize("name", CASES)
def test_a_layer_computes_what_the_module_does(torch, name, dtype):
    shape, make, make_module = CASES[name]
    layer, module = randomized(make(dtype)), make_module(torch.nn).to(getattr(torch, np.dtype(dtype).name))
    module.load_state_dict(as_tensors(torch, to_torch(layer)))
    x = rng(1).standard_normal(shape).astype(dtype)
    for training in (False, True, False) if name not in NOISE else (False,):
        assert_same_step(torch, layer, module, x, dtype, training=training)
        assert_same_state(layer, module, dtype)


@SAME
@pytest.mark.parametrize("name", CASES)
def test_a_module_is_read_as_it_is(torch, name):
    shape, make, make_module = CASES[name]
    torch.manual_seed(0)
    module, layer = make_module(torch.nn), randomized(make(F32))
    x = rng(1).standard_normal(shape).astype(F32)
    module(torch.from_numpy(x))  # training mode: running statistics of its own
    from_torch(layer, module.state_dict())  # tensors on the CPU are what NumPy understands
    written = to_torch(layer)
    assert list(written) == list(module.state_dict())
    for key, array in as_arrays(module).items():
        assert (written[key].dtype, written[key].shape) == (array.dtype, array.shape)
        if key != "num_batches_tracked":
            np.testing.assert_array_equal(written[key], array)
    module.eval()
    assert_near(layer.predict(x), module(torch.from_numpy(x)).detach().numpy(), F32)


def lenet(t):
    return Sequential(
        Conv2d(1, 4, 5, padding=2, rng=rng(1), dtype=t), ReLU(), MaxPool2d(2),
        Conv2d(4, 6, 5, padding=2, rng=rng(2), dtype=t), ReLU(), MaxPool2d(2),
        Flatten(), Dense(6 * 7 * 7, 20, rng=rng(3), dtype=t), ReLU(), Dense(20, 10, rng=rng(4), dtype=t),
    )  # fmt: skip


def torch_lenet(nn):
    return nn.Sequential(
        nn.Conv2d(1, 4, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(4, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(6 * 7 * 7, 20), nn.ReLU(), nn.Linear(20, 10),
    )  # fmt: skip


def generator(t):
    return Sequential(
        Dense(10, 7 * 7 * 6, bias=False, rng=rng(1), dtype=t),
        Reshape((6, 7, 7)),
        Sequential(BatchNorm(6, dtype=t), ReLU()),
        Sequential(
            ConvTranspose2d(6, 4, 4, stride=2, padding=1, bias=False, rng=rng(2), dtype=t),
            BatchNorm(4, dtype=t),
            ReLU(),
        ),
        ConvTranspose2d(4, 1, 4, stride=2, padding=1, rng=rng(3), dtype=t),
        Sigmoid(),
    )


def torch_generator(nn):
    return nn.Sequential(
        nn.Linear(10, 7 * 7 * 6, bias=False),
        nn.Unflatten(1, (6, 7, 7)),
        nn.Sequential(nn.BatchNorm2d(6), nn.ReLU()),
        nn.Sequential(
            nn.ConvTranspose2d(6, 4, 4, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(4),
            nn.ReLU(),
        ),
        nn.ConvTranspose2d(4, 1, 4, stride=2, padding=1),
        nn.Sigmoid(),
    )


def critic(t):
    return Sequential(
        Conv2d(1, 4, 4, stride=2, padding=1, rng=rng(1), dtype=t), LeakyReLU(0.2),
        Conv2d(4, 6, 4, stride=2, padding=1, rng=rng(2), dtype=t), BatchNorm(6, dtype=t), LeakyReLU(0.2),
        Flatten(), LayerNorm(6 * 7 * 7, dtype=t), Dense(6 * 7 * 7, 1, rng=rng(3), dtype=t),
    )  # fmt: skip


def torch_critic(nn):
    return nn.Sequential(
        nn.Conv2d(1, 4, 4, stride=2, padding=1), nn.LeakyReLU(0.2),
        nn.Conv2d(4, 6, 4, stride=2, padding=1), nn.BatchNorm2d(6), nn.LeakyReLU(0.2),
        nn.Flatten(), nn.LayerNorm(6 * 7 * 7), nn.Linear(6 * 7 * 7, 1),
    )  # fmt: skip


NETWORKS = {
    "lenet": (lenet, torch_lenet, (8, 1, 28, 28)),
    "generator": (generator, torch_generator, (8, 10)),
    "discriminator": (critic, torch_critic, (8, 1, 28, 28)),
}


@pytest.mark.parametrize("dtype", [F32, F64])
@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_trains_as_the_module_does(torch, name, dtype):
    """Outputs and gradients at each of a few steps, then parameters, running statistics and the result of both."""
    make, make_module, shape = NETWORKS[name]
    network, module = make(dtype), make_module(torch.nn).to(getattr(torch, np.dtype(dtype).name))
    module.load_state_dict(as_tensors(torch, to_torch(network)))
    descent = torch.optim.SGD(module.parameters(), lr=0.001)
    for step in range(4):
        x = rng(step).standard_normal(shape).astype(dtype)
        grads = assert_same_step(torch, network, module, x, dtype, training=True)
        descent.step()
        for key, gradient in grads.items():
            network.params[key] -= dtype(0.001) * gradient
        assert_same_state(network, module, dtype)
    assert_same_step(torch, network, module, x, dtype, training=False)

    other = randomized(make(dtype), 7)  # what PyTorch has learned, in a network that has learned nothing
    from_torch(other, as_arrays(module))
    module.eval()
    assert_near(other.predict(x), module(torch.from_numpy(x)).detach().numpy(), dtype)


@pytest.mark.parametrize("dtype", [F32, F64])
def test_an_embedding_is_the_module_of_that_name(torch, dtype):
    """Labels get no gradient in either, so the whole step of the other layers does not fit."""
    network = randomized(
        Sequential(Embedding(5, 4, rng=rng(), dtype=dtype), Tanh(), Dense(4, 3, rng=rng(), dtype=dtype))
    )
    module = torch.nn.Sequential(torch.nn.Embedding(5, 4), torch.nn.Tanh(), torch.nn.Linear(4, 3))
    module.to(getattr(torch, np.dtype(dtype).name)).load_state_dict(as_tensors(torch, to_torch(network)))
    labels, dy = np.array([4, 0, 4, 2]), rng(1).standard_normal((4, 3)).astype(dtype)
    expected = module(torch.from_numpy(labels))
    expected.backward(torch.from_numpy(dy))
    y, backward = network.forward(labels)
    assert_near(y, expected.detach().numpy(), dtype, "y")
    assert_near(backward(dy)[1]["0.weight"], module[0].weight.grad.numpy(), dtype, "0.weight")
    from_torch(network, {name: 2 * array for name, array in as_arrays(module).items()})
    assert_near(network.params["0.weight"], 2 * as_arrays(module)["0.weight"], dtype)


def test_the_loss_of_a_classifier_is_the_same(torch):
    network, module = lenet(F64), torch_lenet(torch.nn).double()
    module.load_state_dict(as_tensors(torch, to_torch(network)))
    x, labels = rng(1).standard_normal((8, 1, 28, 28)), rng(2).integers(10, size=8)
    expected = torch.nn.functional.cross_entropy(module(torch.from_numpy(x)), torch.from_numpy(labels))
    loss, _ = functional.softmax_cross_entropy(network.predict(x), labels)
    assert loss == pytest.approx(expected.item(), rel=1e-12)


def test_tensors_that_numpy_cannot_read_are_named(torch):
    layer, module = Dense(3, 2, rng=rng()), torch.nn.Linear(3, 2)
    before = bits(layer)
    message = r"state_dict\['weight'\] expects an array, is Parameter that NumPy cannot read: .*detach"
    with pytest.raises(DtypeError, match=message):
        from_torch(layer, dict(module.named_parameters()))
    with pytest.raises(DtypeError, match=r"is Tensor that NumPy cannot read: .*BFloat16"):
        from_torch(layer, module.to(torch.bfloat16).state_dict())
    with pytest.raises(DtypeError, match=r"state_dict\['weight'\] expects float32, has float16"):
        from_torch(layer, module.to(torch.float16).state_dict())
    with pytest.raises(DtypeError, match=r"state_dict expects a dictionary .*, is Linear$"):
        from_torch(layer, module)
    assert bits(layer) == before
