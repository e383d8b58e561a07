"""What the figures of generated images say, and what they cannot say; each function takes parts of ``results.json``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnfromscratch.gan.diagnostics import Finding
from nnfromscratch.report.page import Table
from nnfromscratch.wording import counted, duration, percent

# What each figure says, and what it cannot say.
MEANING = {
    "classifier_score": (
        "classifier score",
        "High where the judge is sure of each sample and all classes are equally frequent; it cannot say whether the "
        "samples of a class differ, and one good image of each class would be enough.",
    ),
    "frechet_distance": (
        "Fréchet distance",
        "How far the samples lie from real test images, as the judge sees both, in mean and covariance; only the ratio "
        "to the real images' own means something, and copies of training images would do best.",
    ),
    "classes_covered": (
        "classes covered",
        "How many classes get more than a fifth of their even share of the samples; it cannot say how different the "
        "samples within a class are.",
    ),
    "confident_share": (
        "confident share",
        "Of how many samples the judge is more than 90 % sure; a thousand times the same image would have 100 %, and a "
        "judge can be sure of what people cannot read.",
    ),
    "nearest_distance": (
        "nearest distance",
        "The mean distance from a sample to the training image nearest to it, pixel by pixel; far below that of test "
        "images would mean copying, but a copy moved by a pixel would go unnoticed.",
    ),
    "copied_share": (
        "copied share",
        "How many samples are closer to a training image than 99 % of the test images are; well above 1 % would mean "
        "copying, but simple shapes, such as a 1, and blurred ones are close to something without being copied.",
    ),
}
_SHARES = ("confident_share", "copied_share")


def outcome(results: Mapping[str, Any]) -> str:
    """The run in three sentences."""
    measured = results["measured"]
    said = (
        f"A generator with {results['network']['generator']['parameters']:,} parameters learned from "
        f"{counted(results['images']['train'], 'image')} to make new ones, in {counted(results['steps'], 'step')} and "
        f"{duration(results['timings']['training_seconds'])}. "
    )
    if "classifier_score" not in results:
        return f"{said}No judge knows these images, so their quality is for your eyes to tell."
    score, frechet = results["classifier_score"], results["frechet_distance"]
    ratio = "" if frechet["ratio"] is None else f", {frechet['ratio']:.0f} times as far as real ones"
    sure = results["confident_share"]
    return (
        f"{said}The judge is sure of {percent(sure['value'], 0)} of {counted(measured['samples'], 'sample')}, and of "
        f"{percent(sure['real'], 0)} of real images; the samples' classifier score is {score['value']:.2f}, that of "
        f"real images {score['real']:.2f}. As the judge sees them the samples lie {frechet['value']:.1f} from real "
        f"test images{ratio}."
    )


def figures(results: Mapping[str, Any]) -> Table:
    """Every figure beside the one of real images, with its spread and its meaning."""
    rows = [
        (
            title,
            _say(name, results[name]["value"], results[name].get("spread")),
            _say(name, results[name]["real"], results[name].get("real_spread")),
            meaning,
        )
        for name, (title, meaning) in MEANING.items()
        if name in results
    ]
    return Table(("figure", "samples", "real images", "what it can and cannot say"), rows, (1, 2))


def how_measured(results: Mapping[str, Any]) -> tuple[str, ...]:
    """On how many images the figures rest."""
    measured = results["measured"]
    nearest = (
        f"For {counted(measured['nearest_samples'], 'sample')}, and for as many test images, the nearest of all "
        "training images was looked for."
    )
    if "judge_accuracy" not in measured:
        return (f"{nearest} After ± stands the standard error of the mean.",)
    return (
        f"{counted(measured['samples'], 'sample')} are measured, and beside them {measured['real_samples']:,} real "
        f"training images in their place; both are compared with {counted(measured['test_images'], 'test image')}. The "
        f"judge, a small network, is right about {percent(measured['judge_accuracy'], 2)} of those. {nearest}",
        "After ± stands the standard error: how much a figure would differ from one draw of the samples to the next, "
        "not from one training to the next.",
    )


def course(results: Mapping[str, Any]) -> tuple[str, ...]:
    """How the figures went while the generator learned."""
    course = results["over_time"]
    note = (
        f"On the way {counted(course['samples'], 'sample')} were measured each time, made of always the same noise; "
        f"for {course['nearest_samples']:,} of them the nearest training image was looked for."
    )
    if "classifier_score" not in course:
        return (note,)
    scores, covered = course["classifier_score"], course["classes_covered"]
    steps = course["step"]
    best = max(range(len(scores)), key=scores.__getitem__)
    full = [step for step, count in zip(steps, covered, strict=True) if count == len(results["classes"])]
    first = f" All {len(results['classes'])} classes were there first at step {full[0]:,}." if full else ""
    last = "" if best == len(scores) - 1 else f", and ended at {scores[-1]:.2f}"
    return (f"{note} The classifier score rose to {scores[best]:.2f} at step {steps[best]:,}{last}.{first}",)


def game(results: Mapping[str, Any]) -> tuple[str, ...]:
    """Where the two players stood at the end."""
    history = results["history"]
    real, generated = history["real_score"][-1], history["generated_score"][-1]
    apart = (
        "The discriminator still tells them apart."
        if real > generated
        else "On average it can no longer tell them apart."
    )
    scores = f"{real:.2f} and generated ones {generated:.2f}".replace("-", "−")
    return (
        f"At the end the discriminator gave real images a mean score of {scores}. {apart} Neither loss says how good "
        "the samples are: each player is measured against the other, and both change.",
    )


def clinic(results: Mapping[str, Any]) -> tuple[str, ...]:
    """What is wrong with the game, a paragraph each; nothing where it was too short to say."""
    found = results.get("clinic")
    if found is None:
        return ()
    healthy = (
        "The clinic finds nothing wrong: no mode collapse, no discriminator that has won, no exploding gradients, no "
        "weights pinned by clipping, no copies of training images. Whether the samples are good it does not ask."
    )
    return tuple(str(Finding(**each)) for each in found) or (healthy,)


def nearest(results: Mapping[str, Any]) -> tuple[str, ...]:
    """Whether anything points to copying."""
    figure = results["nearest_distance"]
    closest = results["closest_pairs"][0]
    ratio = figure["value"] / figure["real"] if figure["real"] else float("inf")
    copied = results["copied_share"]["value"]
    how_many = f"{percent(copied, 1)} of the samples are" if copied else "None of the samples is"
    share = f"{how_many} closer to a training image than 99 % of the test images are"
    if ratio < 0.5:
        verdict = f"That is far less: look at the pairs, the generator may be copying. {share}."
    elif copied > 0.1:
        verdict = f"But look at the pairs: {share}."
    else:
        verdict = f"{share}: nothing points to copying."
    return (
        f"On average a sample lies {figure['value']:.2f} from the training image that is nearest to it, a test image "
        f"{figure['real']:.2f}; the closest pair lies {closest['distance']:.2f} apart. {verdict}",
    )


def _say(name: str, value: float, spread: float | None) -> str:
    if name == "classes_covered":
        return f"{value:.0f}"
    figure = f"{100 * value:.1f}" if name in _SHARES else f"{value:.2f}"
    if spread is not None:
        figure += f" ± {100 * spread:.1f}" if name in _SHARES else f" ± {spread:.2f}"
    return (f"{figure} %" if name in _SHARES else figure).replace(" ", "\u00a0")
