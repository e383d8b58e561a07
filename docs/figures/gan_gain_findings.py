"""What few_labels.json says about where a GAN helps and where not, in sentences made from the figures."""

from __future__ import annotations

import statistics

from figures import few_labels
from figures.gan_gain import SURE, arms, compared, counted_in_words, difference, labels_in_words, signed
from figures.gan_gain_tables import AUGMENTED, LABELS, MINUTES
from measured import NOTHING

from nnfromscratch.wording import percent

GONE = 0.005  # a gain that is less, half a point, counts as none
WITH_GENERATOR = "gan", "gan-wide", "student", "conditional"  # the arms that have one, or learn from one that has
PAPER = 0.0093  # errors: Salimans et al. (2016), table 1: 100 labels, the mean of ten label sets


def ahead_of_a_gan(results):
    """The arms without a generator whose mean is higher than that of the GAN, without and with augmentation."""
    found, lines = arms(results), []
    for arm in ("gan", "gan-aug"):
        pairs = {
            other: difference(found, other, arm) for other in found if other.removesuffix("-aug") not in WITH_GENERATOR
        }
        higher = {other: pair for other, pair in pairs.items() if pair is not None and pair.mean > 0}
        order = sorted(higher, key=lambda other: -higher[other].mean)
        named = ", ".join(f"`{other}` by {signed(higher[other]).removeprefix('+')}" for other in order)
        if any(pair is not None for pair in pairs.values()):
            lines.append(f"- of `{arm}`: {named or 'none'}")
    return "\n".join(lines) or NOTHING


def where_the_gain_is(results, minutes=1):
    """With how many labels the mean gain is largest, and from how many on there is none."""
    lines = [
        f"- {said}" for other in ("labels-only", "self-training") if (said := _gain_by_labels(results, other, minutes))
    ]
    return "\n".join(lines) or NOTHING


def what_time_brings(results, arm="gan"):
    """How the errors of an arm change from the shortest training to each longer one, on the same label sets."""
    short, *longer = MINUTES
    before, lines = arms(results, minutes=short).get(arm, {}), []
    for minutes in longer:
        after = arms(results, minutes=minutes).get(arm, {})
        if seeds := sorted(before.keys() & after.keys()):
            errors = [1 - statistics.mean(found[seed] for seed in seeds) for found in (before, after)]
            sets = counted_in_words(len(seeds), "label set")
            beside = "no more than" if errors[1] <= PAPER else "more than"
            lines.append(
                f"- {minutes:g} minutes instead of {short}: `{arm}` makes {percent(errors[1], 2)} errors instead of "
                f"{percent(errors[0], 2)} ({sets}), {beside} the paper's {percent(PAPER, 2)}."
            )
    return "\n".join(lines) or NOTHING


def no_help(results):
    """What the comparisons say where no help was expected, also where there is some."""
    said = []
    for labels in ("100", *few_labels.ROWS["no help"].labels):
        found, of = arms(results, labels), "training" if labels == "all" else "label set"
        pairs = [("conditional", "labels-only")] + ([("gan", "labels-only")] if labels == "all" else [])
        words = [sentence for arm, other in pairs if (sentence := compared(found, arm, other, of))]
        said += [f"- With {labels_in_words(labels)} labels {sentence}" for sentence in words]
    return "\n".join(said) or NOTHING


def found_or_not(results):
    """Whether a GAN adds to the best method without one, where both augment; the comparisons one by one."""
    pair = "gan-aug", "consistency-aug"
    said, surely, perhaps = [], [], []
    for labels in AUGMENTED:
        found, named = arms(results, labels), labels_in_words(labels)
        if (apart := difference(found, *pair)) is not None:
            said.append(f"- With {named} labels {compared(found, *pair)}")
            if apart.mean > 0:
                (surely if apart.p_value <= SURE else perhaps).append(named)
    if not said:
        return NOTHING
    chance = f"with {', '.join(perhaps)} labels the mean with a GAN is the higher one, which may be chance."
    if surely:
        answer = f"**Found with {', '.join(surely)} labels**: there the mean with a GAN is the higher one."
        answer += f" And {chance}" if perhaps else ""
    elif perhaps:
        answer = f"**Not found for sure**: {chance}"
    else:
        answer = "**Not found**: with no number of labels is the mean with a GAN the higher one."
    return f"{answer}\n\n" + "\n".join(said)


def _gain_by_labels(results, other, minutes):
    gains = {}
    for labels in LABELS:
        pair = difference(arms(results, labels, minutes), "gan", other)
        if pair is not None:
            gains[labels] = pair
    if len(gains) < 2:
        return ""
    largest = max(gains, key=lambda labels: gains[labels].mean)
    if gains[largest].mean <= 0:
        return f"After {counted_in_words(minutes, 'minute')} there is no gain over `{other}` with any number of labels."
    gone = list(gains)
    while gone and gains[gone[-1]].mean < GONE:
        gone.pop()
    left = list(gains)[len(gone) :]
    end = f"from {labels_in_words(left[0])} labels on" if left and left != ["all"] else "with all labels"
    end = f"{end} it is under half a point" if left else "it is still there with the most labels"
    return (
        f"After {counted_in_words(minutes, 'minute')} the mean gain over `{other}` is largest with "
        f"{labels_in_words(largest)} labels, {100 * gains[largest].mean:.2f} points; {end}. {_losses(gains)} "
        f"({counted_in_words(len(gains[largest].differences), 'label set').capitalize()}: read it as a direction.)"
    )


def _losses(gains):
    lost = [labels_in_words(labels) for labels, pair in gains.items() if pair.mean < 0]
    return f"`gan` is behind with {', '.join(lost)}." if lost else "`gan` is behind with no number of labels."
