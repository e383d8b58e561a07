import json
import subprocess
import sys
from functools import partial

import numpy as np
from death_cases import environment
from training_cases import blobs, mlp

from nnfromscratch.layers import BatchNorm, Dropout, Sequential
from nnfromscratch.optimizers import Momentum
from nnfromscratch.training.settings import run_settings


class Halves:
    """A schedule of somebody's own, which prints as an address."""

    def __init__(self, every):
        self.every = every

    def __call__(self, step):
        return 0.5 ** (step // self.every)


def settings(*, network=None, train=None, optimizer=None, rng=None, **others):
    return run_settings(
        network or mlp(),
        train or blobs(),
        None,
        optimizer=optimizer or Momentum(0.1),
        rng=rng or np.random.default_rng(5),
        **others,
    )


def differing(first, second):
    return [name for name in first if first[name] != second.get(name)]


def test_the_same_call_says_the_same():
    def ask():
        return settings(schedule=Halves(3), augment=partial(differing, 2), loss=np.sum)

    assert ask() == ask()
    assert not any(" at 0x" in text for text in ask().values())


def test_a_process_of_its_own_says_the_same():
    code = (
        "from test_training_settings import *; import json; "
        "print(json.dumps(settings(schedule=Halves(3), augment=partial(differing, 2), loss=differing)))"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment())
    here = settings(schedule=Halves(3), augment=partial(differing, 2), loss=differing)
    assert json.loads(done.stdout) == here


def test_what_a_layer_does_not_print_counts_too():
    first = settings(network=Sequential(BatchNorm(3, momentum=0.1), Sequential(BatchNorm(3, momentum=0.1))))
    second = settings(network=Sequential(BatchNorm(3, momentum=0.1), Sequential(BatchNorm(3, momentum=0.2))))
    assert differing(first, second) == ["layer 1.0"]
    assert differing(first, settings(network=Sequential(BatchNorm(3, eps=1e-3), Sequential(BatchNorm(3))))) == [
        "layer 0"
    ]
    rng = np.random.default_rng(0)
    assert differing(settings(network=Dropout(0.5, rng=rng)), settings(network=Dropout(0.4, rng=rng))) == ["layer 0"]


def test_each_choice_counts():
    assert differing(settings(), settings(optimizer=Momentum(0.1, momentum=0.8))) == ["optimizer"]
    assert differing(settings(), settings(optimizer=Momentum(0.1, nesterov=True))) == ["optimizer"]
    assert differing(settings(a=Halves(3)), settings(a=Halves(4))) == ["a"]
    assert differing(settings(a=None), settings(a=1)) == ["a"]
    assert differing(settings(), settings(rng=np.random.default_rng(6))) == ["seed"]
    assert differing(settings(), settings(rng=np.random.Generator(np.random.MT19937(5)))) == ["seed"]
    assert differing(settings(), settings(rng=np.random.default_rng(5).spawn(1)[0])) == ["seed"]


def test_one_pixel_and_one_label_count():
    data = blobs(1500)
    images, labels = np.array(data.images), np.array(data.labels)
    images[1400, 0, 7, 7] /= 2
    labels[1400] = 3 - labels[1400]
    same = type(data)(np.asfortranarray(data.images), np.array(data.labels), data.classes)
    assert differing(settings(train=data), settings(train=same)) == []
    for other in (
        type(data)(images, data.labels, data.classes),
        type(data)(data.images, labels, data.classes),
        data.take(slice(0, 1499)),
    ):
        assert differing(settings(train=data), settings(train=other)) == ["train"]


def test_a_used_optimizer_and_generator_count_as_new():
    optimizer, rng = Momentum(0.1), np.random.default_rng(5)
    optimizer.step({"w": np.ones(2)}, {"w": np.ones(2)})
    rng.random(3)
    assert settings(optimizer=optimizer, rng=rng) == settings()
