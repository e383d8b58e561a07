"""A network's parameters under PyTorch's names and in its layouts: dictionaries of NumPy arrays, both ways.

What PyTorch calls a ``state_dict`` is a dictionary from names such as "0.weight" to arrays. Two functions make one from
a network here and put one into it; neither needs PyTorch. Two things differ between the two libraries: a dense weight,
which is (in, out) here so that the equation reads y = x·W + b, is (out, in) there; and batch normalization's running
variance has a shorter name. Convolution weights are (F, C, KH, KW), transposed-convolution weights (C, F, KH, KW) in
both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any, NamedTuple

import numpy as np

from nnfromscratch.errors import CheckpointError, DtypeError, RangeError, require_shape
from nnfromscratch.layers import BatchNorm, Dense, Layer, Sequential
from nnfromscratch.types import Array

_COUNTER = "num_batches_tracked"  # of PyTorch's batch normalization; read only by those that have momentum=None


def to_torch(network: Layer) -> dict[str, Array]:
    """The ``state_dict`` of the ``torch.nn.Sequential``, or the single module, that computes what ``network`` does.

    The arrays are copies, C-contiguous, of the network's float type. Batch normalization's ``num_batches_tracked``,
    which nobody counts here, is 0. PyTorch takes the result like this:

        module.load_state_dict({name: torch.from_numpy(array) for name, array in to_torch(network).items()})

    Settings (strides, eps, a leaky slope) are in no ``state_dict``: the module must have been made with the same.
    A layer of your own goes by its own names as it is, its parameters first, then the arrays of its state.
    Raises DtypeError where network is no Layer, RangeError where a layer of your own has a name twice or a dot in one.
    Source: PyTorch's documentation of torch.nn.Linear, Conv2d, ConvTranspose2d, BatchNorm2d and LayerNorm.

    >>> from nnfromscratch.layers import BatchNorm, Dense, Sequential
    >>> network = Sequential(Dense(8, 3, bias=False, rng=np.random.default_rng(0)), BatchNorm(3))
    >>> {name: array.shape for name, array in to_torch(network).items()}
    {'0.weight': (3, 8), '1.weight': (3,), '1.bias': (3,), '1.running_mean': (3,), '1.running_var': (3,),
     '1.num_batches_tracked': ()}
    """
    state_dict: dict[str, Array] = {}
    for prefix, layer in _leaves("to_torch", network):
        for place in _places(layer):
            state_dict[prefix + place.torch_name] = np.array(place.turn(place.array), order="C")
        if isinstance(layer, BatchNorm):
            state_dict[prefix + _COUNTER] = np.array(0, np.int64)
    return state_dict


def from_torch(network: Layer, state_dict: Mapping[str, Any]) -> None:
    """Put PyTorch's parameters and running statistics into ``network``, all of them or, where one does not fit, none.

    state_dict: NumPy arrays by name, or anything that ``numpy.asarray`` understands. From PyTorch it comes like this:

        from_torch(network, {name: tensor.numpy() for name, tensor in module.state_dict().items()})

    The network keeps copies. Batch normalization's ``num_batches_tracked`` may be there or not; it is not used.
    Settings are in no ``state_dict``: PyTorch's LeakyReLU, say, has the slope 0.01 where nothing else was asked for.
    Raises CheckpointError where a name is missing or unknown, ShapeError and DtypeError where an array has another
    shape or type than the network's, and the same errors as ``to_torch``.
    Source: PyTorch's documentation of torch.nn.Linear, Conv2d, ConvTranspose2d, BatchNorm2d and LayerNorm.

    >>> from nnfromscratch.layers import Dense
    >>> layer = Dense(3, 2, rng=np.random.default_rng(0), dtype=np.float64)
    >>> from_torch(layer, {"weight": [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], "bias": [0.5, 0.25]})
    >>> layer.predict(np.array([[1.0, 0.0, 0.0]]))
    array([[1.5 , 4.25]])
    """
    leaves = list(_leaves("from_torch", network))
    if not isinstance(state_dict, Mapping):
        raise DtypeError(
            "from_torch: state_dict expects a dictionary of arrays by name such as module.state_dict(), "
            f"is {type(state_dict).__name__}"
        )
    places = {prefix + place.torch_name: place for prefix, layer in leaves for place in _places(layer)}
    counters = {prefix + _COUNTER for prefix, layer in leaves if isinstance(layer, BatchNorm)}
    _require_names(expected=list(places), actual=[name for name in state_dict if name not in counters])
    arrays = {name: _fitting(name, state_dict[name], place) for name, place in places.items()}
    for name, place in places.items():  # from here on nothing can fail
        place.home[place.name] = arrays[name]


class _Place(NamedTuple):
    """Where an array lies in a layer, and how PyTorch calls and lays it."""

    home: MutableMapping[str, Any]  # the layer's parameters or its state
    name: str
    torch_name: str
    transposed: bool

    @property
    def array(self) -> Array:
        array: Array = self.home[self.name]
        return array

    def turn(self, array: Array) -> Array:
        """From here to PyTorch's layout, or from there to ours, which is the same."""
        return array.T if self.transposed else array


def _leaves(operation: str, network: Layer, prefix: str = "") -> Iterator[tuple[str, Layer]]:
    """The layers that have arrays of their own, each with what stands before their names: "0." or, nested, "0.1."."""
    if not isinstance(network, Layer):
        raise DtypeError(f"{operation}: network expects a Layer, is {type(network).__name__}")
    if isinstance(network, Sequential):
        for index, layer in enumerate(network):
            yield from _leaves(operation, layer, f"{prefix}{index}.")
        return
    names = [place.torch_name for place in _places(network)]
    if len(set(names)) < len(names) or any("." in name for name in names):
        raise RangeError(
            f"{operation}: layer {prefix.rstrip('.') or 'network'} ({type(network).__name__}) expects parameters and "
            f"statistics of its own, each with a name of its own without a dot; has {', '.join(names)}"
        )
    yield prefix, network


def _places(layer: Layer) -> Iterator[_Place]:
    """The layer's arrays. All that is special about a kind of layer stands here; generators stay at home."""
    for home in (layer.params, layer.state):
        for name, value in home.items():
            if isinstance(value, np.ndarray):
                renamed = isinstance(layer, BatchNorm) and name == "running_variance"
                transposed = isinstance(layer, Dense) and name == "weight"
                yield _Place(home, name, "running_var" if renamed else name, transposed)


def _require_names(*, expected: list[str], actual: list[str]) -> None:
    complaints = []
    if missing := [name for name in expected if name not in actual]:
        complaints.append(f"expects {_listed(missing)}, which it lacks")
    if foreign := [name for name in actual if name not in expected]:
        complaints.append(f"has {_listed(foreign)}, which the network lacks")
    if complaints:
        raise CheckpointError(f"from_torch: state_dict {'; '.join(complaints)}")


def _listed(names: list[str]) -> str:
    return ", ".join(map(repr, names[:4])) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


def _fitting(name: str, value: Any, place: _Place) -> Array:
    """A copy of ``value`` in our layout, or an error where its type or shape is not that of the layer's array."""
    argument = f"state_dict[{name!r}]"
    try:
        array = np.asarray(value)
    except (TypeError, ValueError, RuntimeError) as error:  # a ragged list; a tensor with a gradient or on a GPU
        raise DtypeError(
            f"from_torch: {argument} expects an array, is {type(value).__name__} that NumPy cannot read: {error}"
        ) from error
    own = place.turn(place.array)
    if array.dtype != own.dtype:
        raise DtypeError(f"from_torch: {argument} expects {own.dtype}, has {array.dtype}")
    require_shape("from_torch", argument, array.shape, own.shape)
    return np.array(place.turn(array), order="C")
