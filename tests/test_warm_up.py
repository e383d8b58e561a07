"""What trains compiles its kernels before: one that came later would look like slow steps, also to who times them."""

import subprocess
import sys

import numpy as np
import pytest

from nnfromscratch.semi import ARMS

pytest.importorskip("numba")

# Programs for a process of their own, since in this one other tests have compiled what they needed.
COMPILED = """
from numba.core.dispatcher import Dispatcher
from nnfromscratch.kernels import correlation, elementwise, normal, pairs, pooling

def compiled():
    modules = correlation, elementwise, normal, pairs, pooling
    kernels = [kernel for module in modules for kernel in vars(module).values() if isinstance(kernel, Dispatcher)]
    return {f"{kernel.py_func.__name__} {types}" for kernel in kernels for types in kernel.signatures}
"""
ARM = """
import sys
import numpy as np
from nnfromscratch.data import Dataset
from nnfromscratch.semi import ARMS, Experiment

name = sys.argv[1]
images = np.random.default_rng(0).integers(0, 256, (120, 1, 8, 8), np.uint8)
one = Experiment({name: ARMS[name]}, Dataset(images, np.arange(120) % 3, ("a", "b", "c")), (9,), (0,), 30)
one.warm_up(name)
warm = compiled()
assert warm
steps = dict.fromkeys(one.plan_arm(name, 60.0, lambda take: 1.0), 110)  # more than 100: a GAN is looked at once
one.run({name: steps}, on_done=lambda cell: None)
print("LATE", *sorted(compiled() - warm))
"""
CLASSIFY = """
from nnfromscratch import training
from nnfromscratch.cli import main

def watched(*arguments, fit=training.fit, **settings):
    warm = compiled()
    assert warm
    history = fit(*arguments, **settings)
    print("LATE", *sorted(compiled() - warm))
    return history

training.fit = watched
main(["classify", "--data", "own.npz", "--epochs", "1", "--out", "run"])
"""


def compiled_late(program, *arguments, cwd):
    done = subprocess.run(
        [sys.executable, "-c", COMPILED + program, *arguments], capture_output=True, text=True, cwd=cwd
    )
    said = [line for line in done.stdout.splitlines() if line.startswith("LATE")]
    assert len(said) == 1, done.stderr
    return said[0].removeprefix("LATE").strip()


@pytest.mark.parametrize(
    "name", ["conditional", *(pytest.param(name, marks=pytest.mark.slow) for name in ("gan", "student-aug"))]
)
def test_an_arm_compiles_nothing_after_its_warm_up(tmp_path, name):
    assert name in ARMS
    assert compiled_late(ARM, name, cwd=tmp_path) == ""


def test_classify_compiles_nothing_in_training(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (400, 28, 28), np.uint8)
    np.savez(tmp_path / "own.npz", images=images, labels=np.arange(400) % 10)
    assert compiled_late(CLASSIFY, cwd=tmp_path) == ""
