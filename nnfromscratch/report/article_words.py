"""What came out of ``article``, in words that the figures support, whatever they are.

Each function takes the part "results" of ``results.json``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnfromscratch.report.page import Table
from nnfromscratch.wording import counted, duration, percent

ARMS = {
    "labels-only": "the labelled images, and nothing else",
    "self-training": "pseudo-labels for the other images as well, no GAN",
    "gan": "the other images as well, and those that a generator makes",
}
CLAIM = (
    "The article takes two ideas, a CNN that classifies images and a GAN that makes them, and expects that joined they "
    "classify more accurately. It gives no figures. Here are some, each made a few minutes ago by code that you can "
    "read: first each idea for itself, then the two together, beside what does without a GAN.",
)
LARGER = (
    "Whether it is so on other labels too, more label sets tell: the difference then gets a spread and a significance. "
    "With ten of them, and two minutes on one core for each way, we had 95.3 % of the test images with the GAN, 94.0 % "
    "with self-training and 77.6 % from the labels alone. Chance would set the first two as far apart in 3.5 % of all "
    "cases. On five sets the GAN had 97.6 % in five minutes and, with wider layers, 98.5 % in fifteen; oriented "
    "gradients with a linear classifier, from the labels alone, had 89.5 % in seconds.",
    "Nor is self-training the best that there is without a GAN, once images may be augmented. A CNN that has to give "
    "augmented images the labels that its own average gives to clean ones (consistency-aug) had 98.4 % there, the GAN "
    "with augmented images (gan-aug) 96.4 %. Who may augment can do without a GAN.",
)
MORE = """\
python -m nnfromscratch semi --seeds 5                  # a quarter of an hour on two cores
python -m nnfromscratch semi --seeds 1 --arms all       # every way that the package knows
python -m nnfromscratch semi --labels 10,100,1000       # where a GAN begins to help, and where it ends
python -m nnfromscratch classify                        # the CNN for longer
python -m nnfromscratch generate --gan dcgan            # a GAN that draws better"""


def verdict(results: Mapping[str, Any]) -> str:
    """Whether the GAN helped: yes, no, unclear where the test images cannot tell, unknown where an arm is missing."""
    difference = results["semi"]["difference"]
    if difference is None:
        return "unknown"
    if abs(difference["value"]) <= difference["uncertainty"]:
        return "unclear"
    return "yes" if difference["value"] > 0 else "no"


def sentence(results: Mapping[str, Any]) -> str:
    """The answer to the article's question."""
    semi, said = results["semi"], verdict(results)
    where = f"{'Roughly, on' if results['rough'] else 'On'} this set of {counted(semi['labels'], 'label')}"
    if said == "unknown":
        missing = [name for name in ("gan", "self-training") if name not in semi["arms"]]
        others = ", ".join(f"{name} {_accuracy(semi, name)}" for name in semi["arms"])
        return f"{where} there is no answer, because {' and '.join(missing)} failed; {others} of the test images."
    difference = semi["difference"]
    gan, other = (_accuracy(semi, difference[name]) for name in ("arm", "other"))
    images = counted(results["classify"]["images"]["test"], "test image")
    without = (
        f"from the labels alone, {other}"
        if difference["other"] == "labels-only"
        else f"from the same images in the same time, {other} ({difference['other']})"
    )
    points = f"{abs(100 * difference['value']):.2f} ± {100 * difference['uncertainty']:.2f} points"
    opening, end = {
        "yes": ("the GAN helped", f", {points} fewer"),
        "no": ("the GAN did not help", f", {points} more"),
        "unclear": (
            "nobody can tell whether the GAN helped",
            f"; a difference of {points} is within what the choice of test images explains",
        ),
    }[said]
    return f"{where} {opening}: with it {gan} of {images} are recognised, without it, {without}{end}."


def caution(results: Mapping[str, Any]) -> str:
    """What the sentence does not say; always there."""
    rough = (
        " And this run was quick: after seconds of training the order of the methods may yet turn round."
        if results["rough"]
        else ""
    )
    return (
        "One set of labels proves nothing. The ± is what other test images would change, in 95 of 100 cases; other "
        f"labels can change more. To ask five times: python -m nnfromscratch semi --seeds 5.{rough}"
    )


def cnn(results: Mapping[str, Any]) -> tuple[str, ...]:
    """The first part."""
    found = results["classify"]
    return (
        f"With the label of each of {counted(found['images']['train'], 'image')}, a CNN recognises "
        f"{percent(found['test_accuracy'], 2)} of {counted(found['images']['test'], 'test image')} after "
        f"{counted(found['epochs'], 'epoch')}. It was wrong {counted(found['test_errors'], 'time')}; these are the "
        "mistakes that it was surest of. Where every label is known, no GAN has much left to add.",
    )


def gan(results: Mapping[str, Any]) -> tuple[str, ...]:
    """The second part."""
    found = results["generate"]
    said = (
        f"The article's generator and discriminator have played for {counted(found['steps'], 'step')}. Each row "
        "is one noise vector, which never changes; what changes is what the generator makes of it."
    )
    if "classifier_score" not in found:
        return (said,)
    score, frechet, sure = (found[name] for name in ("classifier_score", "frechet_distance", "confident_share"))
    covered = found["classes_covered"]
    return (
        said,
        f"A judge, a classifier that comes with the package, gives them a classifier score of {score['value']:.2f} "
        f"(real images {score['real']:.2f}) and a Fréchet distance of {frechet['value']:.1f} ({frechet['real']:.2f}); "
        f"it is sure of {percent(sure['value'], 0)} of them (of real images {percent(sure['real'], 0)}), and finds "
        f"{covered['value']} of {covered['real']} classes among them.",
    )


def thesis(results: Mapping[str, Any]) -> tuple[str, ...]:
    """The third part."""
    semi = results["semi"]
    failed = "".join(f" {name} failed: {why}." for name, why in semi["failed"].items())
    return (
        f"A dense network learns to classify from {counted(semi['labels'], 'label')}, in three ways. The third lets a "
        "discriminator tell the classes, so that the generator's images, which belong to none, may show it where "
        "digits end (Salimans et al. 2016, section 5). The second is the best way without a GAN and without augmented "
        "images that we found: without it one might take for a gift of the GAN what the unlabelled images give to "
        f"anyone.{failed}",
    )


def fair(results: Mapping[str, Any]) -> tuple[str, ...]:
    """What makes the comparison one."""
    semi = results["semi"]
    return (
        "The same layers, the same labels, the same other images for both who look at them, on the same machine, and "
        f"the same time for each: at most {duration(60 * semi['budget_minutes'])} of training, turned into steps "
        "before it began; what they then took stands in the table. The labels alone are done sooner, and more steps "
        "bring them nothing.",
        "How each way is set was decided before, on other label sets; learning rates come from older experiments, "
        "whose first compared test images. The curves are those of validation images, which were taken from the "
        "training images. The test images were looked at once, when all was trained, and nothing in this run was "
        "chosen by them.",
    )


def arms_table(results: Mapping[str, Any]) -> Table:
    """The arms, the best first."""
    arms = results["semi"]["arms"]
    rows = [
        (
            name, ARMS.get(name, ""), percent(arms[name]["accuracy_mean"], 2), f"{arms[name]['seconds']:.1f}",
            f"{arms[name]['samples']:,.0f}",
        )
        for name in sorted(arms, key=lambda name: -arms[name]["accuracy_mean"])
    ]  # fmt: skip
    headings = ("way", "it learns from", "test accuracy", "seconds of training", "images through networks")
    return Table(headings, rows, (2, 3, 4))


def _accuracy(semi: Mapping[str, Any], name: str) -> str:
    return percent(semi["arms"][name]["accuracy_mean"], 2)
