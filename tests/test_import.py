"""Importing the package is quick: neither Numba nor Matplotlib is loaded, and nothing is compiled."""

import subprocess
import sys

import pytest

HEAVY = ("numba", "llvmlite", "matplotlib", "torch")
MODULES = [
    "nnfromscratch",
    "nnfromscratch.errors",
    "nnfromscratch.kernels",
    "nnfromscratch.kernels.loops",
    "nnfromscratch.kernels.vectorized",
    "nnfromscratch.functional",
    "nnfromscratch.initializers",
    "nnfromscratch.layers",
    "nnfromscratch.models",
    "nnfromscratch.optimizers",
    "nnfromscratch.schedules",
    "nnfromscratch.data",
    "nnfromscratch.gradcheck",
    "nnfromscratch.interop",
]


def loaded_by(statement):
    program = f"{statement}\nimport sys\nprint(*(name for name in {HEAVY!r} if name in sys.modules))"
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()


def test_no_module_of_the_core_loads_what_is_heavy():
    assert loaded_by("\n".join(f"import {name}" for name in MODULES)) == []


@pytest.mark.parametrize("statement", ["import nnfromscratch", "from nnfromscratch import functional, layers"])
def test_import_alone(statement):
    assert loaded_by(statement) == []


def test_numpy_kernels_need_no_numba():
    program = """
import numpy as np
from nnfromscratch import functional, kernels
from nnfromscratch.layers import Dense, ReLU, Sequential
rng = np.random.default_rng(0)
with kernels.use("vectorized"):
    y, backward = Sequential(Dense(4, 3, rng=rng), ReLU(), Dense(3, 2, rng=rng)).forward(np.ones((5, 4), np.float32))
    backward(functional.softmax_cross_entropy(y, np.zeros(5, int))[1]())
"""
    assert loaded_by(program) == []


def test_making_a_network_and_asking_its_shapes_compiles_nothing():
    program = """
import numpy as np
from nnfromscratch import models
for make in models.MODELS.values():
    make(rng=np.random.default_rng(0)).summary()
"""
    assert not {"numba", "llvmlite"} & set(loaded_by(program))


def test_the_package_has_a_version():
    import nnfromscratch

    assert nnfromscratch.__version__.count(".") == 2
