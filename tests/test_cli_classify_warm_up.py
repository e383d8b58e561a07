"""Where classify says that it compiles, it compiles everything: no step of training waits for a kernel."""

import subprocess
import sys

import numpy as np

# In a process of its own, since in this one other tests have compiled what they needed.
LATE = """
from numba.core.dispatcher import Dispatcher
from nnfromscratch import training
from nnfromscratch.cli import main
from nnfromscratch.kernels import correlation, elementwise, normal, pairs, pooling

def compiled():
    modules = correlation, elementwise, normal, pairs, pooling
    kernels = [kernel for module in modules for kernel in vars(module).values() if isinstance(kernel, Dispatcher)]
    return {f"{kernel.py_func.__name__} {types}" for kernel in kernels for types in kernel.signatures}

def watched(*arguments, fit=training.fit, **settings):
    warm = compiled()
    assert warm
    history = fit(*arguments, **settings)
    print("LATE", *sorted(compiled() - warm))
    return history

training.fit = watched
main(["classify", "--data", "own.npz", "--epochs", "1", "--out", "run"])
"""


def test_no_kernel_is_compiled_after_the_warm_up(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (400, 28, 28), np.uint8)
    np.savez(tmp_path / "own.npz", images=images, labels=np.arange(400) % 10)
    done = subprocess.run([sys.executable, "-c", LATE], capture_output=True, text=True, cwd=tmp_path)
    assert [line for line in done.stdout.splitlines() if line.startswith("LATE")] == ["LATE"], done.stdout + done.stderr
