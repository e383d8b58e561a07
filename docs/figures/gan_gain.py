"""The figures of few_labels.json: arms side by side, paired differences, and what they say in sentences.

Every sentence is made from the figures and has words for a gain, a loss and what may be chance; where nothing was
measured there is none.
"""

from __future__ import annotations

import json
import statistics

from figures import few_labels
from measured import NOTHING

from nnfromscratch.semi import paired_difference
from nnfromscratch.wording import percent

SURE = 0.05
_COUNTS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def load(file=few_labels.FILE):
    """The results; without a file there are none."""
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {"runs": []}


def arms(results, labels="100", minutes=2, data="mnist"):
    """All that was measured under these conditions: arm → label seed → accuracy, in the order of the rows.

    Groups of runs share conditions: an arm of one can be compared with an arm of another, on the same label sets.
    """
    found = {}
    for entry in _entries(results, labels, minutes, data):
        for name, arm in entry["arms"].items():
            of_arm = found.setdefault(name, {})
            for seed, accuracy in zip(arm["seeds"], arm["accuracy"], strict=True):
                of_arm.setdefault(seed, accuracy)
    return found


def cost(results, arm, labels="100", minutes=2, data="mnist"):
    """Seconds of training and images through the networks, for each run that has the arm."""
    each = [
        (entry["arms"][arm]["seconds"], entry["arms"][arm]["samples"])
        for entry in _entries(results, labels, minutes, data)
        if arm in entry["arms"]
    ]
    return tuple(zip(*each, strict=True))


def courses(results, names, minutes=2):
    """Times and accuracies of each training with 100 labels, on validation images, by arm."""
    found = {}
    for entry in _entries(results, "100", minutes, "mnist"):
        for name in names:
            for course in entry["arms"].get(name, {"over_time": ()})["over_time"]:
                found.setdefault(name, []).append((course["seconds"], course["accuracy"]))
    return {name: found[name] for name in names if name in found}


def difference(found, arm, other):
    """arm − other on the label sets that both have, None where there is none."""
    seeds = sorted(found.get(arm, {}).keys() & found.get(other, {}).keys())
    return paired_difference(*([found[name][seed] for seed in seeds] for name in (arm, other))) if seeds else None


def verdict(found, arm, other):
    """ "ahead" or "behind" where chance alone would hardly do as much, else "open"; None without a common label set."""
    pair = difference(found, arm, other)
    if pair is None:
        return None
    return "open" if pair.p_value > SURE else "ahead" if pair.mean > 0 else "behind"


def compared(found, arm, other, of="label set"):
    """How far one arm is ahead of another, and how sure that is, in a sentence. of: what the pairs are."""
    pair = difference(found, arm, other)
    if pair is None:
        return ""
    sets = counted_in_words(len(pair.differences), of)
    if not any(pair.differences):
        return f"`{arm}` is exactly as good as `{other}` ({sets})."
    where = "ahead of" if pair.mean > 0 else "behind" if pair.mean < 0 else "from"
    if len(pair.differences) == 1:
        return f"`{arm}` is {_points(abs(pair.mean), None)} {where} `{other}` ({sets}, which alone says little)."
    said = f"`{arm}` is {_points(abs(pair.mean), pair.std)} {where} `{other}` ({sets}, p = {pair.p_value:.2g})"
    if pair.p_value <= SURE:
        return f"{said}."
    least = 2 / 2 ** len(pair.differences)
    few = f"; so few sets cannot give less than {least:.2g}" if least > SURE else ""
    return f"{said}: that may be chance{few}."


def headline(results):
    """The answer: first without augmentation, then with."""
    found = arms(results)
    over_labels, over_control = (verdict(found, "gan", other) for other in ("labels-only", "self-training"))
    if over_labels is None:
        return NOTHING
    best = {
        ("ahead", "ahead"): "**Without augmentation: yes.**",
        ("ahead", "open"): "**Without augmentation: yes against the labels alone; whether the GAN adds to the best "
        "method without one, these label sets do not decide.**",
        ("ahead", "behind"): "**Better than the labels alone, yes. But without augmentation, too, the same images "
        "bring more without a GAN.**",
        ("ahead", None): "**Without augmentation it is better than the labels alone.**",
        ("open", None): "**Undecided.**",
    }.get((over_labels, over_control), "**Not even against the labels alone can a gain be told.**")
    means = "; ".join(f"`{name}` {mean(found, name)}" for name in few_labels.MAIN if name in found)
    control = "gan", "self-training"
    said = [best, f"Test accuracy of dense networks with 100 labels, after two minutes: {means}."]
    said += [compared(found, *control), steadiness(found, *control)]
    strong = verdict(found, "gan-aug", "consistency-aug")
    if strong is not None:
        said.append(
            {
                "behind": "**With augmentation: no.**",
                "ahead": "**With augmentation: yes.**",
                "open": "**With augmentation: undecided.**",
            }[strong]
            + f" `consistency-aug`, which has no generator, reaches {mean(found, 'consistency-aug')}; "
            + compared(found, "gan-aug", "consistency-aug")
        )
    return " ".join(filter(None, said))


def steadiness(found, arm, other):
    """On how many label sets one arm is ahead of another, the difference in the middle, and how far each scatters."""
    pair = difference(found, arm, other)
    if pair is None or len(pair.differences) < 3:
        return ""
    ahead = sum(value > 0 for value in pair.differences)
    spread = [100 * statistics.stdev(found[name].values()) for name in (arm, other)]
    middle = f"{100 * statistics.median(pair.differences):+.2f}".replace("-", "−")
    return (
        f"`{arm}` is ahead on {ahead} of the {len(pair.differences)} label sets, with a median difference of {middle} "
        f"points; from set to set `{arm}` scatters by {spread[0]:.2f} points, `{other}` by {spread[1]:.2f}."
    )


def gains(found, *pairs, of="label set"):
    """A sentence for each pair of arms that can be compared, as a list."""
    said = [sentence for arm, other in pairs if (sentence := compared(found, arm, other, of))]
    return "\n".join(f"- {sentence}" for sentence in said) or NOTHING


def mean(found, arm):
    """Mean ± standard deviation over the label sets."""
    values = list(found[arm].values())
    spread = f" ± {100 * statistics.stdev(values):.2f}" if len(values) > 1 else ""
    return percent(statistics.mean(values), 2) + spread


def failures(results):
    """The trainings that failed, and why."""
    lines = [f"- {name}: {why}" for entry in results["runs"] for name, why in entry["failed"].items()]
    return "\n".join(lines) or ("No training failed." if results["runs"] else NOTHING)


def counted_in_words(number, thing):
    """A number with its noun: two label sets."""
    return f"{_COUNTS[number] if number < len(_COUNTS) else number} {thing}{'s' * (number != 1)}"


def labels_in_words(labels):
    """A number of labels as a table names it."""
    return labels if labels == "all" else f"{int(labels):,}"


def signed(pair):
    """The mean difference of a pair of arms in points, with its spread and p."""
    if pair is None:
        return "–"
    mean = f"{100 * pair.mean:+.2f}".replace("-", "−")
    return mean if pair.std is None else f"{mean} ± {100 * pair.std:.2f} (p = {pair.p_value:.2g})"


def _entries(results, labels, minutes, data):
    return [
        entry
        for entry in results["runs"]
        if (entry["labels"], entry["minutes"]) == (labels, minutes) and few_labels.ROWS[entry["row"]].data == data
    ]


def _points(mean, std):
    return f"{100 * mean:.2f}{'' if std is None else f' ± {100 * std:.2f}'} points"
