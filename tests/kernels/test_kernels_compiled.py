"""What only compiled code has: a cache on disk that may fail, unwatched array bounds, types to compile for."""

import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from channel_cases import ChannelCase
from kernel_cases import INTERPRETED, every_kernel, kernel_set, laid_out

from nnfromscratch.kernels import NAMES

numba = pytest.importorskip("numba")

from numba.core.dispatcher import Dispatcher  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
# one of the smallest kernels: all go through the same door, and a convolution compiles for five seconds
ONE_KERNEL = """
import numpy as np
from nnfromscratch import kernels
with kernels.use("compiled") as compiled:
    print(compiled.bias_activation(np.ones((4, 2)), np.ones(2), 0.5).sum())
"""
every_type = pytest.mark.parametrize("dtype", [np.float32, np.float64])
pytestmark = pytest.mark.skipif(INTERPRETED, reason="nothing is compiled")


def run(program, **environment):
    return subprocess.run(
        [sys.executable, *program],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
    )


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path):
    # root may write anywhere, so that a file in the folder's place stands in for one without permission
    (tmp_path / "file").touch()
    program = """
import nnfromscratch.kernels.numba_options as options
import numba
def refuse(function, **settings):
    if settings.get("cache"):
        raise RuntimeError("cannot cache function: no locator available")
    return real(function, **settings)
real, numba.njit = numba.njit, refuse
"""
    done = run(["-c", program + ONE_KERNEL], NUMBA_CACHE_DIR=str(tmp_path / "file" / "cache"))
    assert done.stdout.strip() == "16.0", done.stderr


def test_a_cache_folder_that_is_a_file_is_no_error(tmp_path):
    (tmp_path / "file").touch()
    done = run(["-c", ONE_KERNEL], NUMBA_CACHE_DIR=str(tmp_path / "file"))
    assert done.stdout.strip() == "16.0", done.stderr


def test_importing_the_kernels_compiles_nothing():
    program = """
from nnfromscratch.kernels import compiled, correlation, elementwise, pairs, pooling
from numba.core.dispatcher import Dispatcher
modules = correlation, elementwise, pairs, pooling
kernels = [k for module in modules for k in vars(module).values() if isinstance(k, Dispatcher)]
assert len(kernels) > 12
print(sum(len(kernel.signatures) for kernel in kernels))
"""
    done = run(["-c", program])
    assert done.stdout.strip() == "0", done.stderr


@every_type
def test_nothing_is_compiled_twice(dtype):
    # neither for read-only arrays, nor for other memory orders, slopes and shapes
    kernels = kernel_set("compiled")
    modules = kernels.correlation, kernels.elementwise, kernels.pairs, kernels.pooling, kernels.normal_numbers

    def signatures():
        found = {}
        for module in modules:
            found |= {name: list(k.signatures) for name, k in vars(module).items() if isinstance(k, Dispatcher)}
        return found

    written = {"bias_activation": (0,), "adam": (0, 2, 3)}  # x; θ, m and v

    def read_only(name):
        def kernel(*arguments):
            for place, argument in enumerate(arguments):
                if isinstance(argument, np.ndarray) and place not in written.get(name, ()):
                    argument.flags.writeable = False
            return getattr(kernels, name)(*arguments)

        return kernel

    every_kernel(kernels, dtype)
    once = signatures()
    assert len(once) > 12
    assert all(once[name] for name in ("correlate", "correlate_weights", "multiply", "normalize", "adam", "max_pool"))
    every_kernel(kernels, dtype, batch=70, channels=4, filters=8, size=(7, 6), integers=True)
    every_kernel(SimpleNamespace(**{name: read_only(name) for name in NAMES}), dtype)
    case = ChannelCase((5, 3, 2, 2), dtype, 0.5, ("gaps", "negative strides"), False, 0)
    x, gaps = case.numbers(0), case.per_channel(0)
    kernels.batch_norm_grad(x, x, x, gaps, gaps, gaps, 0)
    kernels.batch_norm(x, gaps, gaps, gaps, gaps, 1)
    kernels.matmul(laid_out(x[0, 0], "F"), laid_out(x[0, 0], "gaps"))
    kernels.bias_activation(x.copy(), gaps, np.float64(0.5))
    kernels.bias_activation_grad(x, x, True)
    assert signatures() == once


@pytest.mark.slow
def test_no_index_is_out_of_bounds(tmp_path):
    # Numba looks at every index only when asked; a wrong one would otherwise read a neighbour's memory
    # (tests/kernels/test_kernels_vectors.py shows that it is noticed then).
    tests = [
        "test_kernels_adam.py",
        "test_kernels_chunks.py",
        "test_kernels_convolution.py",
        "test_kernels_elementwise.py",
        "test_kernels_matmul.py",
        "test_kernels_normal.py",
        "test_kernels_pairs.py",
        "test_kernels_pooling.py",
        "test_kernels_random.py",
    ]
    options = ["-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-k", "compiled or chunks"]
    program = [*options, *(f"tests/kernels/{test}" for test in tests)]
    done = run(program, NUMBA_BOUNDSCHECK="1", NUMBA_CACHE_DIR=str(tmp_path))
    assert done.returncode == 0, done.stdout[-3000:]
    passed = int(re.search(r"(\d+) passed", done.stdout)[1])
    assert passed > 300
