"""What an arm needs is compiled before its steps are timed: a kernel that came later would be taken for slow steps."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from nnfromscratch.semi import ARMS

# In a process of its own, since in this one other tests have compiled what they needed.
LATE = """
import sys
from few_labels_cases import pictures
from numba.core.dispatcher import Dispatcher
from nnfromscratch.kernels import correlation, elementwise, normal, pairs, pooling
from nnfromscratch.semi import ARMS, Experiment

def compiled():
    modules = correlation, elementwise, normal, pairs, pooling
    kernels = [kernel for module in modules for kernel in vars(module).values() if isinstance(kernel, Dispatcher)]
    return {f"{kernel.py_func.__name__} {types}" for kernel in kernels for types in kernel.signatures}

name = sys.argv[1]
one = Experiment({name: ARMS[name]}, pictures(shape=(1, 8, 8)), (9,), (0,), 30)
one.warm_up(name)
warm = compiled()
assert warm
steps = dict.fromkeys(one.plan_arm(name, 60.0, lambda take: 1.0), 110)  # more than 100: a GAN is looked at once
one.run({name: steps}, on_done=lambda cell: None)
print(*sorted(compiled() - warm))
"""


@pytest.mark.parametrize("name", ["conditional", "gan", pytest.param("student-aug", marks=pytest.mark.slow)])
def test_no_kernel_is_compiled_after_the_warm_up(name):
    assert name in ARMS
    path = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-c", LATE, name], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path}
    )
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr
