"""``kernels.use``: which functions an operation calls, and until when."""

import contextvars
import os
import subprocess
import sys
import threading
from types import SimpleNamespace

import numpy as np
import pytest
from kernel_cases import SETS, kernel_set

from nnfromscratch import functional, kernels
from nnfromscratch.errors import RangeError
from nnfromscratch.layers import Conv2d, Dense, Flatten, MaxPool2d, ReLU, Sequential


class Recorder:
    """Kernels that note their name and pass on to the loops."""

    def __init__(self, *names):
        self.calls = []
        for name in names:
            setattr(self, name, self._noting(name))

    def _noting(self, name):
        def kernel(*arguments):
            self.calls.append(name)
            return getattr(kernel_set("loops"), name)(*arguments)

        return kernel


@pytest.mark.parametrize("name", SETS)
def test_by_name(name):
    module = kernel_set(name)
    with kernels.use(name) as chosen:
        assert chosen is kernels.active()
        assert chosen.replaced == frozenset()
        for function in kernels.NAMES:
            assert getattr(chosen, function) is getattr(module, function)


def test_the_sets_hold_the_functions_of_the_contract():
    assert set(kernels.NAMES) == {
        "conv2d", "conv2d_grad_input", "conv2d_grad_weight", "max_pool2d", "max_pool2d_grad", "avg_pool2d",
        "avg_pool2d_grad", "matmul", "bias_activation", "bias_activation_grad", "batch_statistics", "batch_norm",
        "batch_norm_grad", "pair_distances", "pair_distances_grad", "normal", "adam",
    }  # fmt: skip


def test_the_default_is_back_afterwards_also_after_an_exception():
    before = kernels.active()
    with kernels.use("loops"):
        assert kernels.active().conv2d.__module__ == "nnfromscratch.kernels.loops"
        with kernels.use("vectorized"):
            assert kernels.active().conv2d.__module__ == "nnfromscratch.kernels.vectorized"
        assert kernels.active().conv2d.__module__ == "nnfromscratch.kernels.loops"
    assert kernels.active() is before
    with pytest.raises(ZeroDivisionError), kernels.use("loops"):
        raise ZeroDivisionError
    assert kernels.active() is before


def test_an_object_with_some_of_the_functions():
    own = Recorder("conv2d", "max_pool2d_grad")
    default = kernels.active()
    with kernels.use("loops"), kernels.use(own) as chosen:
        assert chosen.replaced == {"conv2d", "max_pool2d_grad"}
        assert chosen.conv2d is own.conv2d
        assert chosen.avg_pool2d is default.avg_pool2d  # the rest come from the default, not from the set around


def test_a_set_that_use_gave_can_be_used_again():
    with kernels.use("loops") as loops:
        pass
    with kernels.use(loops) as again:
        assert again is loops  # nothing in it was replaced, and layers stay fused


def test_backward_uses_the_kernels_of_its_forward():
    x, weight = np.ones((1, 1, 4, 4)), np.ones((1, 1, 2, 2))
    own = Recorder(*kernels.NAMES)
    with kernels.use(own):
        y, backward = functional.conv2d(x, weight)
        _, pool_backward = functional.max_pool2d(x, 2)
        _, average_backward = functional.avg_pool2d(x, 2)
        _, transposed_backward = functional.conv_transpose2d(y, weight)
    assert own.calls == ["conv2d", "max_pool2d", "avg_pool2d", "conv2d_grad_input"]
    own.calls.clear()
    backward(np.ones_like(y))
    pool_backward(np.ones((1, 1, 2, 2)))
    average_backward(np.ones((1, 1, 2, 2)))
    transposed_backward(np.ones((1, 1, 4, 4)))
    assert own.calls == [
        "conv2d_grad_input", "conv2d_grad_weight", "max_pool2d_grad", "avg_pool2d_grad", "conv2d", "conv2d_grad_weight",
    ]  # fmt: skip
    with kernels.use("vectorized"):
        _, backward = functional.conv2d(x, weight)
    with kernels.use(own):
        own.calls.clear()
        backward(np.ones_like(y))
    assert own.calls == []


def students_conv2d(x, weight, stride, padding):
    """A beginner's solution: every window at once, for stride and padding in general."""
    (sh, sw), kernel = stride, weight.shape[2:]
    x = np.pad(x, ((0, 0), (0, 0), *padding))
    windows = np.lib.stride_tricks.sliding_window_view(x, kernel, axis=(2, 3))[:, :, ::sh, ::sw]
    return np.einsum("ncijpq,fcpq->nfij", windows, weight)


def test_a_students_own_conv2d_trains_a_network():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((16, 1, 6, 6), dtype=np.float32)
    labels = (x.mean(axis=(1, 2, 3)) > 0).astype(np.int64)
    network = Sequential(Conv2d(1, 3, 3, padding=1, rng=rng), ReLU(), MaxPool2d(2), Flatten(), Dense(27, 2, rng=rng))
    student = SimpleNamespace(conv2d=students_conv2d)
    losses = []
    for _ in range(20):
        with kernels.use(student):
            logits, backward = network.forward(x)
        loss, loss_backward = functional.softmax_cross_entropy(logits, labels)
        _, gradients = backward(loss_backward())
        for name, gradient in gradients.items():
            network.params[name] -= np.float32(0.3) * gradient
        losses.append(loss)
    assert losses[-1] < 0.5 * losses[0]


def test_an_unknown_name_suggests_the_nearest():
    expected = r"kernels\.use: kernels expects one of loops, vectorized, compiled; is 'vectorised'"
    with pytest.raises(RangeError, match=expected + r" \(did you mean 'vectorized'\?\)"), kernels.use("vectorised"):
        pass


@pytest.mark.parametrize("thing", [None, 3, SimpleNamespace(conv2d=3), SimpleNamespace(convolve=students_conv2d)])
def test_an_object_with_none_of_the_functions_is_refused(thing):
    before = kernels.active()
    with pytest.raises(RangeError, match="expects an object with any of conv2d, conv2d_grad_input"), kernels.use(thing):
        pass
    assert kernels.active() is before


def test_other_threads_choose_for_themselves():
    seen, ready, done = [], threading.Event(), threading.Event()

    def other():
        ready.wait()  # until the main thread computes with the loops
        seen.append(kernels.active())
        with kernels.use("vectorized"):
            done.set()

    thread = threading.Thread(target=contextvars.Context().run, args=(other,))
    thread.start()
    before = kernels.active()
    with kernels.use("loops"):
        ready.set()
        done.wait()
        assert kernels.active().conv2d.__module__ == "nnfromscratch.kernels.loops"
        contextvars.copy_context().run(lambda: seen.append(kernels.active().conv2d.__module__))
    thread.join()
    assert seen == [before, "nnfromscratch.kernels.loops"]


def child(program, **settings):
    """A process of its own, in which Numba is switched on unless it is said otherwise."""
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "0", **settings}
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment)


def test_without_numba_the_default_is_vectorized():
    program = """
import importlib.abc, sys
class Missing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "numba":
            raise ModuleNotFoundError("No module named 'numba'", name="numba")
sys.meta_path.insert(0, Missing())
import numpy as np
from nnfromscratch import functional, kernels
print(kernels.default(), kernels.active().conv2d.__module__)
print(functional.conv2d(np.ones((1, 1, 3, 3)), np.ones((1, 1, 2, 2)))[0].sum())
try:
    kernels.use("compiled").__enter__()
except kernels.RangeError as error:
    print(error)
"""
    done = child(program)
    assert done.stdout.splitlines() == [
        "vectorized nnfromscratch.kernels.vectorized",
        "16.0",
        "kernels.use: kernels 'compiled' expects Numba. Numba is not installed (pip install numba); try 'vectorized'",
    ]
    notice = "Numba is not installed (pip install numba): computing with NumPy alone, which is slower"
    assert done.stderr.splitlines() == [notice]


def test_a_numba_that_does_not_fit_is_named_and_done_without():
    pytest.importorskip("numba")  # else its parts are missing too, which is said first
    program = """
import sys, types
class Broken(types.ModuleType):
    def __getattr__(self, name):
        raise ImportError("Numba needs NumPy 1.9 or less")
sys.modules["numba"] = Broken("numba")
from nnfromscratch import kernels
print(kernels.default())
"""
    done = child(program)
    assert done.stdout.split() == ["vectorized"]
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("Numba cannot be imported (ImportError: Numba needs NumPy 1.9 or less): computing")


def test_a_numba_that_is_switched_off_is_done_without():
    program = "from nnfromscratch import kernels; print(kernels.default())"
    done = child(program, NUMBA_DISABLE_JIT="1")
    assert done.stdout.split() == ["vectorized"]
    assert done.stderr == "Numba is switched off by NUMBA_DISABLE_JIT: computing with NumPy alone, which is slower\n"
