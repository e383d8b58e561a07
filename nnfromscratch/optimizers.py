"""From gradients to better parameters: SGD, momentum, RMSProp and Adam, each a few lines under its equation.

θ is a parameter, g = ∂L/∂θ its gradient, lr the learning rate. ``step(params, grads)`` takes both by name, changes all
parameters or, where something does not fit, none. What an optimizer remembers between steps starts at zero and has its
parameter's shape, type and memory order.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, ClassVar

import numpy as np

from nnfromscratch import kernels
from nnfromscratch.errors import (
    FLOATS,
    CheckpointError,
    DtypeError,
    RangeError,
    require_number,
    require_same_float,
    require_shape,
)
from nnfromscratch.kernels.memory import pieces
from nnfromscratch.types import Array


class Optimizer:
    """What all optimizers share: the checks, the walk over the parameters, and the memory that a checkpoint saves.

    ``lr`` is a plain attribute that a schedule sets before each step; ``steps`` counts the steps taken. A subclass
    names what it remembers of each parameter in ``remembers`` and changes one parameter in ``_update``.
    """

    remembers: ClassVar[tuple[str, ...]] = ()

    def __init__(self, lr: float) -> None:
        self.lr = self._number("lr", lr, least=0)
        self.steps = 0
        self._memory: dict[str, dict[str, Array]] = {}  # of each parameter what _update is given, by name

    def step(self, params: MutableMapping[str, Array], grads: Mapping[str, Array]) -> None:
        """One step downhill: every θ in ``params`` is changed by the gradient of the same name.

        Arrays are updated in place (a read-only one is replaced), and each ends in an assignment ``params[name] = θ``,
        by which a layer notices the change. Gradients are not written to; NaN and infinity pass through.
        Raises RangeError where the names in ``params``, ``grads`` and in the optimizer's memory differ, ShapeError,
        DtypeError (float32 and float64 do not mix); all before anything is changed.
        """
        thetas = dict(params)
        self._check(thetas, grads)
        lr = self._number("lr", self.lr, least=0)
        self.steps += 1
        change = self._change(lr)
        for name, theta in thetas.items():
            if not theta.flags.writeable:
                theta = theta.copy(order="K")
            change(theta, grads[name], *self._remembered(name, theta))
            params[name] = theta

    def _change(self, lr: float) -> Callable[..., None]:
        """What this step does to each parameter, its gradient and what is remembered of it."""

        def change(*arrays: Array) -> None:
            for piece in pieces(*arrays):
                self._update(lr, *piece)

        return change

    def _update(self, lr: float, theta: Array, g: Array, *memory: Array) -> None:
        """Change ``theta`` and what is remembered of it, in place."""
        raise NotImplementedError

    def _remembered(self, name: str, theta: Array) -> list[Array]:
        """What is remembered of a parameter: zeros at first; in the parameter's memory order, also after loading."""
        if name not in self._memory:
            self._memory[name] = {slot: np.zeros_like(theta) for slot in self.remembers}
        memory = self._memory[name]
        for slot, array in memory.items():
            if array.strides != theta.strides:
                memory[slot] = np.empty_like(theta)
                memory[slot][...] = array
        return [memory[slot] for slot in self.remembers]

    def state_dict(self) -> dict[str, Array | int]:
        """A copy of what is remembered: ``{"step": 7, "m.0.weight": array, ...}``, ready for ``np.savez``.

        Settings such as lr are not in it: they belong to whoever makes the optimizer.
        """
        arrays = {f"{slot}.{name}": a.copy(order="K") for name, m in self._memory.items() for slot, a in m.items()}
        return {"step": self.steps, **arrays}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Remember exactly what ``state_dict`` gave: the next steps have the same bits as if nothing had happened.

        Raises CheckpointError, and changes nothing, where ``state`` is another optimizer's, is incomplete, or has
        other names, shapes or types than the parameters that this optimizer has already seen.
        """
        where = f"{self._who}.load_state_dict: state"
        memory: dict[str, dict[str, Array]] = {}
        for key in [key for key in state if key != "step"]:
            slot, _, name = key.partition(".")
            memory.setdefault(name, {})[slot] = np.array(state[key], order="K")
        steps = np.asarray(state.get("step"))
        if steps.shape != () or steps.dtype.kind not in "iu" or steps < 0:
            raise CheckpointError(f"{where}['step'] expects a whole number >= 0, is {state.get('step')!r}")
        if self.remembers and bool(memory) != bool(steps):
            raise CheckpointError(f"{where} expects arrays after the first step, has {len(memory)} after {steps} steps")
        if self._memory and memory and memory.keys() != self._memory.keys():
            expected, has = (", ".join(sorted(names)) for names in (self._memory, memory))
            raise CheckpointError(f"{where} expects the parameters {expected}; has {has}")
        for name, arrays in memory.items():
            if arrays.keys() != set(self.remembers):
                expected, has = (", ".join(sorted(slots)) or "nothing" for slots in (self.remembers, arrays))
                raise CheckpointError(f"{where} expects {expected} for parameter {name!r}, has {has}")
            like = self._memory.get(name, arrays)[self.remembers[0]]
            for slot, array in arrays.items():
                if (
                    array.shape != like.shape
                    or array.dtype != like.dtype
                    or array.dtype not in (np.float32, np.float64)
                ):
                    expected, has = f"{like.dtype} {like.shape}", f"{array.dtype} {array.shape}"
                    raise CheckpointError(f"{where}['{slot}.{name}'] expects floats, {expected}; has {has}")
        self.steps, self._memory = int(steps), memory

    def _check(self, params: Mapping[str, Array], grads: Mapping[str, Array]) -> None:
        where = f"{self._who}.step"
        if not params:
            raise RangeError(f"{where}: params expects at least one parameter, is empty")
        _require_names(where, "grads", grads, params)
        if self._memory:
            _require_names(where, "the optimizer's memory", self._memory, params)
        for name, theta in params.items():
            memory = self._memory.get(name, {})
            if not _alike(theta, grads[name], *memory.values()):  # asked at every step: names are made only to complain
                arrays = {f"grads[{name!r}]": grads[name]}
                arrays |= {f"the remembered {slot} of {name!r}": array for slot, array in memory.items()}
                _require_float_arrays(where, {f"params[{name!r}]": theta, **arrays})
                for what, array in arrays.items():
                    require_shape(where, what, array.shape, theta.shape)

    def _number(self, argument: str, value: object, **bounds: float) -> float:
        return require_number(self._who, argument, value, **bounds)

    @property
    def _who(self) -> str:
        return type(self).__name__


class SGD(Optimizer):
    """Stochastic gradient descent: a step straight downhill.

    θ ← θ − lr·(g + λ·θ)            λ = weight_decay: the gradient of ½·λ·|θ|², added to the loss

    On L = ½·c·θ² with λ = 0 it follows θ_t = (1 − lr·c)ᵗ·θ₀, and so needs lr < 2/c.
    lr >= 0, weight_decay >= 0, else RangeError.
    Source: Robbins and Monro, A Stochastic Approximation Method (1951); Goodfellow, Bengio, Courville, Deep Learning
    (2016), algorithm 8.1; for weight decay section 7.1.1.

    >>> params = {"weight": np.array([1.0, -2.0])}
    >>> SGD(lr=0.1).step(params, {"weight": np.array([10.0, 10.0])})
    >>> params["weight"]
    array([ 0., -3.])
    """

    def __init__(self, lr: float, weight_decay: float = 0) -> None:
        super().__init__(lr)
        self.weight_decay = self._number("weight_decay", weight_decay, least=0)

    def _update(self, lr: float, theta: Array, g: Array, *_: Array) -> None:
        if self.weight_decay:
            g = g + self.weight_decay * theta
        theta -= lr * g


class Momentum(Optimizer):
    """A heavy ball: the velocity v adds up gradients, old ones fading by μ (``momentum``) with every step.

    v ← μ·v + g
    θ ← θ − lr·v                    Nesterov: θ ← θ − lr·(g + μ·v)

    lr stands where PyTorch has it. Sutskever et al. put it into the velocity, v ← μ·v − lr·g and θ ← θ + v: the same
    path while lr is constant; where a schedule lowers it, here the old gradients shrink at once, there they do not.
    Nesterov's gradient is taken at the point to which the old velocity leads; the form above is his step written for
    that point, θ + μ·v in Sutskever's letters, so that g is the gradient at the parameters as they stand.
    lr >= 0, 0 <= momentum < 1, else RangeError.
    Source: Polyak (1964); Sutskever, Martens, Dahl, Hinton, On the importance of initialization and momentum in deep
    learning (2013), equations 1 to 4; Nesterov's rewritten: Bengio, Boulanger-Lewandowski, Pascanu, Advances in
    Optimizing Recurrent Networks (2013), section 3.5.

    >>> params, optimizer = {"weight": np.array([0.0])}, Momentum(lr=1.0, momentum=0.5)
    >>> for _ in range(3):
    ...     optimizer.step(params, {"weight": np.array([1.0])})
    >>> params["weight"]                                # -(1 + 1.5 + 1.75)
    array([-4.25])
    """

    remembers = ("v",)

    def __init__(self, lr: float, momentum: float = 0.9, nesterov: bool = False) -> None:
        super().__init__(lr)
        self.momentum = self._number("momentum", momentum, least=0, below=1)
        self.nesterov = bool(nesterov)

    def _update(self, lr: float, theta: Array, g: Array, *memory: Array) -> None:
        (v,) = memory
        v *= self.momentum
        v += g
        theta -= lr * (g + self.momentum * v if self.nesterov else v)


class RMSProp(Optimizer):
    """Each parameter's gradient divided by its own recent size, the root of a running mean of squares.

    v ← ρ·v + (1 − ρ)·g²            ρ = decay
    θ ← θ − lr·g / (√v + ε)

    v starts at zero and is not corrected for it: the first step is lr·sign(g) / √(1 − ρ), 3.2 times lr at ρ = 0.9.
    lr >= 0, 0 <= decay < 1, eps > 0, else RangeError.
    Source: Tieleman and Hinton, Neural Networks for Machine Learning (Coursera 2012), lecture 6e.

    >>> params = {"weight": np.array([0.0])}
    >>> RMSProp(lr=0.1, decay=0.75).step(params, {"weight": np.array([-8.0])})
    >>> params["weight"].round(6)                       # 0.1·8 / √(0.25·64)
    array([0.2])
    """

    remembers = ("v",)

    def __init__(self, lr: float = 1e-3, decay: float = 0.9, eps: float = 1e-8) -> None:
        super().__init__(lr)
        self.decay = self._number("decay", decay, least=0, below=1)
        self.eps = self._number("eps", eps, above=0)

    def _update(self, lr: float, theta: Array, g: Array, *memory: Array) -> None:
        (v,) = memory
        v *= self.decay
        v += (1 - self.decay) * np.square(g)
        theta -= lr * g / (np.sqrt(v) + self.eps)


class Adam(Optimizer):
    """Momentum over RMSProp, both corrected for having started at zero.

    m ← β₁·m + (1 − β₁)·g           m̂ = m / (1 − β₁ᵗ)           t = 1, 2, ... counts the steps
    v ← β₂·v + (1 − β₂)·g²          v̂ = v / (1 − β₂ᵗ)
    θ ← θ − lr·m̂ / (√v̂ + ε)         with λ = weight_decay: ← θ − lr·(m̂ / (√v̂ + ε) + λ·θ)

    The first step is lr·sign(g), whatever the size of g (section 2.1). ε stands beside √v̂, as in Algorithm 1 and in
    PyTorch. TensorFlow 1 takes the faster form at the end of the paper's section 2, with its ε̂ beside √v: there the
    same number does what ε / √(1 − β₂ᵗ) would do here, which is 32 times as much in the first step.
    Weight decay is decoupled: it does not pass through m and v. It is scaled by lr as in PyTorch's AdamW (in the paper
    by the schedule alone, not by the base learning rate).
    lr >= 0, 0 <= beta1 < 1, 0 <= beta2 < 1, eps > 0, weight_decay >= 0, else RangeError.
    Source: Kingma and Ba, Adam: A Method for Stochastic Optimization (2015), algorithm 1 and section 2.1; for weight
    decay Loshchilov and Hutter, Decoupled Weight Decay Regularization (2019), algorithm 2.

    >>> params = {"weight": np.array([1.0, 1.0])}
    >>> Adam(lr=0.1).step(params, {"weight": np.array([1e-3, -1e3])})
    >>> params["weight"].round(4)
    array([0.9, 1.1])
    """

    remembers = ("m", "v")

    def __init__(
        self,
        lr: float = 1e-3,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float = 1e-8,
        weight_decay: float = 0,
    ) -> None:
        super().__init__(lr)
        self.beta1 = self._number("beta1", beta1, least=0, below=1)
        self.beta2 = self._number("beta2", beta2, least=0, below=1)
        self.eps = self._number("eps", eps, above=0)
        self.weight_decay = self._number("weight_decay", weight_decay, least=0)

    def _change(self, lr: float) -> Callable[..., None]:
        rate = lr / (1 - self.beta1**self.steps)
        correction = 1 / math.sqrt(1 - self.beta2**self.steps)
        settings = (self.beta1, 1 - self.beta1, self.beta2, 1 - self.beta2, rate, correction, self.eps)
        adam, kept = kernels.active().adam, 1 - lr * self.weight_decay
        return lambda *arrays: adam(*arrays, (*settings, kept))


def clip_by_norm(grads: Mapping[str, Array], limit: float) -> tuple[dict[str, Array], float]:
    """All gradients, shrunk together where their common length exceeds ``limit``, and the length that they had.

    norm = √(Σ_names Σ g²)          g ← g · limit / norm            where norm > limit

    Directions are kept, and gradients within the limit are returned as they are; none is written to. The squares are
    added in float64, where no float32 overflows. A norm of NaN or infinity changes nothing.
    limit > 0, else RangeError; DtypeError for anything but arrays of float32 or float64.
    Source: Pascanu, Mikolov, Bengio, On the difficulty of training recurrent neural networks (2013), algorithm 1.

    >>> clipped, norm = clip_by_norm({"weight": np.array([3.0, 0.0]), "bias": np.array([4.0])}, limit=1.0)
    >>> norm, clipped["weight"], clipped["bias"]
    (5.0, array([0.6, 0. ]), array([0.8]))
    """
    limit = require_number("clip_by_norm", "limit", limit, above=0)
    for name, g in grads.items():
        _require_float_arrays("clip_by_norm", {f"grads[{name!r}]": g})
    squares = (np.square(piece, dtype=np.float64).sum() for g in grads.values() for (piece,) in pieces(g))
    norm = math.sqrt(sum(squares))
    if not limit < norm < math.inf:
        return dict(grads), norm
    factor = np.float64(limit / norm)
    return {name: np.multiply(g, factor, out=np.empty_like(g), casting="same_kind") for name, g in grads.items()}, norm


def _require_names(operation: str, what: str, actual: Mapping[str, Any], expected: Mapping[str, Any]) -> None:
    if len(actual) == len(expected) and all(map(actual.__contains__, expected)):
        return
    lacks, extra = (sorted(names) for names in ({*expected} - {*actual}, {*actual} - {*expected}))
    if lacks or extra:
        differs = " and ".join([f"lacks {name!r}" for name in lacks] + [f"has also {name!r}" for name in extra])
        raise RangeError(f"{operation}: {what} expects the names in params, {differs}")


def _alike(theta: Array, *others: Array) -> bool:
    """Whether all are arrays of one shape and one float type."""
    if not isinstance(theta, np.ndarray) or theta.dtype not in FLOATS:
        return False
    shape, dtype = theta.shape, theta.dtype
    for array in others:
        if not isinstance(array, np.ndarray) or array.shape != shape or array.dtype != dtype:
            return False
    return True


def _require_float_arrays(operation: str, arrays: Mapping[str, Array | None]) -> None:
    """Unlike require_same_float alone, do not pass over None: a parameter without a gradient is a mistake."""
    for what, array in arrays.items():
        if array is None:
            raise DtypeError(f"{operation}: {what} expects an array, is None")
    require_same_float(operation, **arrays)
