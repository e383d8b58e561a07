"""The past of a player: a penalty for leaving it behind too fast, and a steadier network made of it."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np

from nnfromscratch.errors import (
    CheckpointError,
    RangeError,
    require_number,
    require_same_float,
    require_shape,
)
from nnfromscratch.layers import Layer
from nnfromscratch.layers.storage import layer_arrays, layer_contents, restore_contents
from nnfromscratch.types import Array, Backward


class HistoricalAveraging:
    """A penalty on a player's distance to the mean of where it has been.

    ℓ = λ · Σ (θ − h)²        h = Σ_{i≤t} θ[i] / t        ∂ℓ/∂θ = 2·λ·(θ − h)

    Two players who circle around their equilibrium are drawn to the middle of the circle, where it lies. ``penalty``
    gives ℓ and its way back, to be added to the gradient of the player's loss. ``update`` takes the θ that came out of
    the step into the mean; where nothing but h and t is remembered, that is

    h ← h + (θ − h) / t

    The mean is a constant in ∂ℓ/∂θ. It is that of the past, which the θ being judged is not part of yet; else h would
    move along with θ by 1/t of the way, and the gradient be smaller by the factor (1 − 1/t)². Before the first update
    there is no past, and ℓ = 0. h is kept in float64: in float32 much of what is added after 10⁵ steps would be lost.
    weight λ: at least 0, else RangeError
    Source: Salimans et al., Improved Techniques for Training GANs (2016), section 3.3.

    >>> past, params = HistoricalAveraging(weight=0.5), {"weight": np.array([1.0])}
    >>> past.update(params)
    >>> params["weight"] = np.array([3.0])
    >>> loss, backward = past.penalty(params)
    >>> loss, backward()
    (2.0, {'weight': array([2.])})
    """

    def __init__(self, weight: float) -> None:
        self.weight = require_number("HistoricalAveraging", "weight", weight, least=0)
        self.steps = 0
        self._mean: dict[str, Array] = {}

    def penalty(self, params: Mapping[str, Array]) -> tuple[float, Backward]:
        """ℓ, and ``grads = backward(dloss=1.0)``, named like ``params``.

        Raises RangeError, ShapeError or DtypeError where names, shapes or types are not those of the past.
        """
        self._check("penalty", params)
        apart = {name: theta - self._mean.get(name, theta) for name, theta in params.items()}
        types = {name: theta.dtype for name, theta in params.items()}
        weight = self.weight
        loss = weight * sum(float(np.square(a).sum()) for a in apart.values())

        def backward(dloss: float = 1.0) -> dict[str, Array]:
            return {name: (2 * weight * dloss * a).astype(types[name]) for name, a in apart.items()}

        return loss, backward

    def update(self, params: Mapping[str, Array]) -> None:
        """Take θ into the mean; raises as ``penalty`` does, and changes nothing then."""
        self._check("update", params)
        self.steps += 1
        for name, theta in params.items():
            if self.steps == 1:
                self._mean[name] = np.zeros_like(theta, np.float64)
            self._mean[name] += (theta - self._mean[name]) / self.steps

    def state_dict(self) -> dict[str, Array | int]:
        """A copy of what is remembered: ``{"step": 7, "mean.0.weight": array, ...}``."""
        return {"step": self.steps, **{f"mean.{name}": mean.copy(order="K") for name, mean in self._mean.items()}}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Remember exactly what ``state_dict`` gave.

        Raises CheckpointError, and changes nothing, where ``state`` is another's, is incomplete, or has other names or
        shapes than the parameters already seen.
        """
        where = "HistoricalAveraging.load_state_dict: state"
        steps = _steps(where, state)
        mean = {name.removeprefix("mean."): np.array(a, order="K") for name, a in state.items() if name != "step"}
        if foreign := [name for name in state if name != "step" and not name.startswith("mean.")]:
            raise CheckpointError(f"{where} expects names that begin with 'mean.', has {foreign[0]!r}")
        if bool(mean) != bool(steps):
            raise CheckpointError(f"{where} expects means after the first step, has {len(mean)} after {steps} steps")
        if self._mean and mean and mean.keys() != self._mean.keys():
            expected, has = (", ".join(sorted(names)) for names in (self._mean, mean))
            raise CheckpointError(f"{where} expects the parameters {expected}; has {has}")
        for name, array in mean.items():
            shape = self._mean.get(name, array).shape
            if array.dtype != np.float64 or array.shape != shape:
                raise CheckpointError(
                    f"{where}['mean.{name}'] expects float64 {shape}, has {array.dtype} {array.shape}"
                )
        self.steps, self._mean = steps, mean

    def _check(self, operation: str, params: Mapping[str, Array]) -> None:
        where = f"HistoricalAveraging.{operation}"
        if self._mean and params.keys() != self._mean.keys():
            odd = sorted(params.keys() ^ self._mean.keys())[0]
            raise RangeError(
                f"{where}: params expects the names of the past, {'has also' if odd in params else 'lacks'} {odd!r}"
            )
        require_same_float(where, **{f"params[{name!r}]": theta for name, theta in params.items()})
        for name, theta in params.items():
            require_shape(where, f"params[{name!r}]", theta.shape, self._mean.get(name, theta).shape)


class AveragedWeights:
    """A copy of a network whose weights are a running mean of the network's own.

    m ← d·m + (1 − d)·θ        d = min(decay, t / (9 + t))

    While θ wanders around, m lies in the middle and draws better samples. It remembers about 1/(1 − decay) steps. A
    constant d would keep the random weights of the beginning for as long; so d grows with t, the number of updates
    before: the first is a copy, the next have d of 1/10, 2/11 and so on.
    The running statistics of batch normalization are averaged with the weights: to first order the statistics of the
    mean weights are the mean of the statistics, while the latest belong to a network that lies elsewhere. Whatever
    else is in the state (a reference batch, the vector of a power iteration) is copied; generators stay those of the
    copy.
    decay: at least 0 and below 1, else RangeError   network: the one to follow; it is copied
    Source: Polyak and Juditsky, Acceleration of Stochastic Approximation by Averaging (1992); for GANs Yazıcı et al.,
    The Unusual Effectiveness of Averaging in GAN Training (2019).

    >>> from nnfromscratch.layers import Dense
    >>> network = Dense(1, 1, bias=False, rng=np.random.default_rng(0))
    >>> averaged = AveragedWeights(0.999, network)
    >>> for value in (10.0, 20.0):
    ...     network.params["weight"] = np.full((1, 1), value, np.float32)
    ...     averaged.update(network)
    >>> averaged.network.params["weight"]                 # 10/10 + 20·9/10
    array([[19.]], dtype=float32)
    """

    def __init__(self, decay: float, network: Layer) -> None:
        self.decay = require_number("AveragedWeights", "decay", decay, least=0, below=1)
        self.network = copy.deepcopy(_require_layer("AveragedWeights", network))
        self.steps = 0

    def update(self, network: Layer) -> None:
        """Take the network's weights and statistics into the mean.

        Raises RangeError, ShapeError or DtypeError, and changes nothing, where it is another network.
        """
        mean, now = layer_arrays(self.network), layer_arrays(_require_layer("AveragedWeights.update", network))
        _require_alike(mean, now)
        decay = min(self.decay, self.steps / (9 + self.steps))
        for name, array in now.items():
            where, _, key = name.partition("/")
            averaged = where == "params" or key.rpartition(".")[2].startswith("running_")
            # θ + d·(θ̄ − θ): where both are equal nothing changes, not even the last bit.
            value = mean[name] - array if averaged else array.copy(order="K")
            if averaged:
                value *= array.dtype.type(decay)
                value += array
            (self.network.params if where == "params" else self.network.state)[key] = value
        self.steps += 1

    def state_dict(self) -> dict[str, Array | int]:
        """A copy of what is remembered: ``{"step": 7, "params/0.weight": array, "state/1.running_mean": ..., ...}``."""
        arrays, _ = layer_contents(self.network)
        return {"step": self.steps, **{name: array.copy(order="K") for name, array in arrays.items()}}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Remember exactly what ``state_dict`` gave: the next updates have the same bits as if nothing had happened.

        Raises CheckpointError, and changes nothing, where ``state`` is another network's or is incomplete.
        """
        where = "AveragedWeights.load_state_dict: state"
        steps = _steps(where, state)
        arrays = {name: np.asarray(array) for name, array in state.items() if name != "step"}
        restore_contents(self.network, arrays, layer_contents(self.network)[1], source=where)
        self.steps = steps


def _steps(where: str, state: Mapping[str, Any]) -> int:
    steps = np.asarray(state.get("step"))
    if steps.shape != () or steps.dtype.kind not in "iu" or steps < 0:
        raise CheckpointError(f"{where}['step'] expects a whole number >= 0, is {state.get('step')!r}")
    return int(steps)


def _require_layer(where: str, network: object) -> Layer:
    if not isinstance(network, Layer):
        raise RangeError(f"{where}: network expects a Layer, is {network!r}")
    return network


def _require_alike(mean: Mapping[str, Array], now: Mapping[str, Array]) -> None:
    where = "AveragedWeights.update"
    if odd := sorted(mean.keys() ^ now.keys()):
        has = "has also" if odd[0] in now else "lacks"
        raise RangeError(f"{where}: network expects the parameters and state that it was copied from, {has} {odd[0]!r}")
    for name, array in now.items():
        require_shape(where, name, array.shape, mean[name].shape)
        require_same_float(where, **{f"the mean of {name}": mean[name], name: array})
