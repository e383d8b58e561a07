"""What a network learns from when few labels are known: the settings of a training, readable at a glance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from nnfromscratch.data.batches import Augment
from nnfromscratch.errors import RangeError, require_int, require_number
from nnfromscratch.layers import Sequential
from nnfromscratch.models import few_labels_discriminator

# network(rng=..., classes=..., image_shape=...): images (N, C, H, W) → logits (N, K)
MakeNetwork: TypeAlias = Callable[..., Sequential]


@dataclass(frozen=True)
class Method:
    """How a network is trained on few labels and many images; ``train_few_labels`` says what each loss is.

    L = L_labelled + [generator] · L_game + w_e · L_entropy + [t ≥ start·T] · (w_p · L_pseudo + w_c · L_consistency)

    L_generator = L_matching + w_a · L_pull_away

    network: makes the classifier. learning_rate: its Adam's. generator_rate: the generator's; None: there is none.
    pseudo_labels w_p, consistency w_c: weights, at least 0, where 0 is off. start: the share of the T steps after which
    these two set in, from 0 to below 1. threshold: how sure the teacher must be of a pseudo-label. alignment: whether
    its probabilities are aligned to classes equally frequent, see ``gan.DistributionAlignment``.
    conditional_entropy w_e, pull_away w_a: weights, at least 0, where 0 is off; the second needs a generator.
    augment_labelled, augment_unlabelled: what is done to the images that the network sees; its teacher sees them clean.
    labelled, unlabelled, generated: images of each kind in a step. average: the decay of the averaged weights, the
    teacher and the result. beta1: of all optimizers.
    Raises RangeError for anything else.

    >>> Method(generator_rate=0.006, pseudo_labels=1.0).losses
    ('labelled', 'real or generated', 'pseudo-labels')
    """

    network: MakeNetwork = few_labels_discriminator
    learning_rate: float = 0.008
    generator_rate: float | None = None
    pseudo_labels: float = 0.0
    consistency: float = 0.0
    start: float = 0.5
    threshold: float = 0.95
    alignment: bool = True
    augment_labelled: Augment | None = None
    augment_unlabelled: Augment | None = None
    labelled: int = 25
    unlabelled: int = 100
    generated: int = 100
    average: float = 0.998
    beta1: float = 0.5
    conditional_entropy: float = 0.0
    pull_away: float = 0.0

    def __post_init__(self) -> None:
        if not callable(self.network):
            raise RangeError(f"Method: network expects a function that makes one, is {self.network!r}")
        for name in ("learning_rate", "generator_rate"):
            if getattr(self, name) is not None:
                require_number("Method", name, getattr(self, name), above=0)
        for name in ("pseudo_labels", "consistency", "conditional_entropy", "pull_away"):
            require_number("Method", name, getattr(self, name), least=0)
        if self.pull_away and self.generator_rate is None:
            raise RangeError(
                f"Method: pull_away expects 0 where there is no generator (generator_rate is None), is {self.pull_away}"
            )
        for name in ("start", "threshold", "average", "beta1"):
            require_number("Method", name, getattr(self, name), least=0, below=1)
        for name in ("labelled", "unlabelled", "generated"):
            require_int("Method", name, getattr(self, name), least=1)

    @property
    def uses_teacher(self) -> bool:
        """Whether the averaged network says something about images without labels."""
        return self.pseudo_labels > 0 or self.consistency > 0

    @property
    def uses_unlabelled(self) -> bool:
        """Whether images without labels are looked at."""
        return self.uses_teacher or self.generator_rate is not None or self.conditional_entropy > 0

    @property
    def losses(self) -> tuple[str, ...]:
        """The parts of the network's loss."""
        parts = (
            ("labelled", True),
            ("real or generated", self.generator_rate is not None),
            ("conditional entropy", self.conditional_entropy > 0),
            ("pseudo-labels", self.pseudo_labels > 0),
            ("consistency", self.consistency > 0),
        )
        return tuple(name for name, on in parts if on)
