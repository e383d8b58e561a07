"""What only compiled code has: a cache on disk that may fail, unwatched array bounds, types to compile for."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from kernel_cases import INTERPRETED, NONE

numba = pytest.importorskip("numba")

ROOT = Path(__file__).resolve().parents[2]
ONE_CONVOLUTION = """
import numpy as np
from nnfromscratch import functional, kernels
with kernels.use("compiled"):
    print(functional.conv2d(np.ones((1, 1, 3, 3)), np.ones((1, 1, 2, 2)))[0].sum())
"""
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
    done = run(["-c", program + ONE_CONVOLUTION], NUMBA_CACHE_DIR=str(tmp_path / "file" / "cache"))
    assert done.stdout.strip() == "16.0", done.stderr


def test_a_cache_folder_that_is_a_file_is_no_error(tmp_path):
    (tmp_path / "file").touch()
    done = run(["-c", ONE_CONVOLUTION], NUMBA_CACHE_DIR=str(tmp_path / "file"))
    assert done.stdout.strip() == "16.0", done.stderr


def test_importing_the_kernels_compiles_nothing():
    program = """
from nnfromscratch.kernels import compiled, correlation, pooling
from numba.core.dispatcher import Dispatcher
kernels = [k for module in (correlation, pooling) for k in vars(module).values() if isinstance(k, Dispatcher)]
assert len(kernels) > 5
print(sum(len(kernel.signatures) for kernel in kernels))
"""
    done = run(["-c", program])
    assert done.stdout.strip() == "0", done.stderr


def test_read_only_arrays_need_no_second_compilation():
    from nnfromscratch.kernels import compiled, correlation, pooling
    from nnfromscratch.kernels.memory import empty_images

    x, weight = empty_images((2, 1, 5, 4), np.float32), np.ones((3, 1, 2, 2), np.float32)
    x[:] = np.arange(40).reshape(2, 1, 5, 4)

    def everything():
        y = compiled.conv2d(x, weight, (1, 1), NONE)
        y.flags.writeable = x.flags.writeable
        compiled.conv2d_grad_input(y, weight, (5, 4), (1, 1), NONE)
        compiled.conv2d_grad_weight(y, x, (2, 2), (1, 1), NONE)
        z, winner = compiled.max_pool2d(x, (2, 2), (2, 2), NONE)
        z.flags.writeable = winner.flags.writeable = x.flags.writeable
        compiled.max_pool2d_grad(z, winner, (5, 4), (2, 2), (2, 2), NONE)
        compiled.avg_pool2d(x, (2, 2), (2, 2), NONE)
        compiled.avg_pool2d_grad(z, (5, 4), (2, 2), (2, 2), NONE)
        kernels = (correlation.correlate, correlation.correlate_weights, pooling.max_pool, pooling.max_pool_grad)
        return [len(kernel.signatures) for kernel in (*kernels, pooling.avg_pool, pooling.avg_pool_grad)]

    before = everything()
    x.flags.writeable = weight.flags.writeable = False
    assert everything() == before


@pytest.mark.slow
def test_no_index_is_out_of_bounds(tmp_path):
    # Numba looks at every index only when asked; a wrong one would otherwise read a neighbour's memory
    tests = [
        "tests/kernels/test_kernels_convolution.py::test_convolution_on_random_shapes",
        "tests/kernels/test_kernels_convolution.py::test_sums_longer_and_rows_wider_than_a_tile",
        "tests/kernels/test_kernels_convolution.py::test_a_single_image_of_a_single_channel",
        "tests/kernels/test_kernels_pooling.py",
    ]
    options = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "compiled"]
    done = run([*options, *tests], NUMBA_BOUNDSCHECK="1", NUMBA_CACHE_DIR=str(tmp_path))
    assert done.returncode == 0, done.stdout[-3000:]
    assert "passed" in done.stdout
