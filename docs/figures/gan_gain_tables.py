"""Tables of few_labels.json, and the commands that repeat them; what was not measured is left out."""

from __future__ import annotations

import statistics

from figures import few_labels
from figures.gan_gain import arms, cost, difference, labels_in_words, mean, signed
from measured import NOTHING

LABELS = few_labels.ROWS["labels"].labels
AUGMENTED = (*few_labels.ROWS["few augmented"].labels, "100")
MINUTES = 2, 2.75, 5, 15, 60


def arms_table(results, **conditions):
    """Every arm, the best first: accuracy, label sets, the lead over ``gan`` on these sets, and what it took.

    ``gan`` is what the others are sorted by, since all have a label set in common with it and it scatters little.
    """
    found = arms(results, **conditions)
    leads = {name: pair.mean for name in found if (pair := difference(found, name, "gan")) is not None}
    lines = []
    for name in sorted(found, key=lambda name: (-leads.get(name, 0), -statistics.mean(found[name].values()))):
        seconds, samples = cost(results, name, **conditions)
        lead = f"{100 * leads[name]:+.2f}".replace("-", "−") if name in leads and name != "gan" else "–"
        took = _from_to(seconds), f"{statistics.mean(samples) / 1e6:.2f}"
        lines.append((f"`{name}`", mean(found, name), len(found[name]), lead, *took))
    titles = "arm", "test accuracy", "label sets", "over `gan`", "seconds of training", "million images"
    return table(titles, lines)


def labels_table(results, minutes=1):
    """The main arms by the number of labels, and how far the GAN is ahead of the two others."""
    lines = []
    for labels in LABELS:
        found = arms(results, labels, minutes)
        apart = [signed(difference(found, "gan", other)) for other in ("labels-only", "self-training")]
        cells = [mean(found, name) if name in found else "–" for name in few_labels.MAIN]
        if found:
            lines.append((labels_in_words(labels), *cells, *apart))
    return table(
        ("labels", *(f"`{name}`" for name in few_labels.MAIN), "`gan` − `labels-only`", "`gan` − `self-training`"),
        lines,
    )


def time_table(results):
    """Arms that had more time, the shortest on the label sets that five minutes were spent on too."""
    five = few_labels.ROWS["five minutes"]
    names, more = tuple(dict.fromkeys((*five.arms, *few_labels.ROWS["fifteen minutes"].arms))), five.minutes
    timed = {minutes: arms(results, minutes=minutes) for minutes in MINUTES}
    longer = {name: timed[more].get(name) for name in names}
    timed[MINUTES[0]] = {
        name: {seed: found[seed] for seed in longer[name] or found if seed in found}
        for name, found in timed[MINUTES[0]].items()
        if name in names
    }
    lines = []
    for minutes, found in timed.items():
        cells = [f"{mean(found, name)} ({len(found[name])})" if found.get(name) else "–" for name in names]
        if any(found.get(name) for name in names):
            lines.append((f"{minutes:g}", *cells))
    return table(("minutes", *(f"`{name}` (label sets)" for name in names)), lines)


def no_help_table(results):
    """With 100 labels, 1,000 and all: labels alone, a conditional GAN's images besides, and the method with a GAN.

    All on the label sets that the conditional GAN has had.
    """
    names = few_labels.ROWS["no help"].arms
    lines = []
    for labels in ("100", *few_labels.ROWS["no help"].labels):
        found = arms(results, labels)
        sets = found.get("conditional", {})
        same = {
            name: {seed: found[name][seed] for seed in sets if seed in found[name]} for name in names if name in found
        }
        if sets:
            cells = [mean(same, name) if same.get(name) else "–" for name in names]
            lines.append((labels_in_words(labels), len(sets), *cells))
    return table(("labels", "label sets", *(f"`{name}`" for name in names)), lines)


def augmented_table(results):
    """With augmentation: with and without a GAN, by the number of labels."""
    names, lines = ("gan-aug", "consistency-aug"), []
    for labels in AUGMENTED:
        found = arms(results, labels)
        if all(name in found for name in names):
            apart = signed(difference(found, *names))
            lines.append((labels_in_words(labels), *(mean(found, name) for name in names), apart))
    return table(("labels", *(f"`{name}`" for name in names), "gain"), lines)


def _from_to(seconds):
    """What the runs took, from the shortest to the longest."""
    least, most = (f"{value:.0f}" for value in (min(seconds), max(seconds)))
    return least if least == most else f"{least} to {most}"


def repeat(*rows):
    """The commands that measure groups of runs, all label sets of one number of labels in one of them."""
    lines = []
    for name in rows:
        row = few_labels.ROWS[name]
        if row.data != "mnist":
            lines.append(f"python docs/figures/letters.py {row.data}")
        for labels in row.labels:
            whole = few_labels.Chunk(name, labels, 0, row.seeds, row.minutes)
            lines.append(f"python -m nnfromscratch {' '.join(whole.command())}")
    return "To repeat it, on all label sets in one run:\n\n```bash\n" + "\n".join(lines) + "\n```"


def progress(results):
    """How much of what is wanted has been measured."""
    lines = []
    for name, row in few_labels.ROWS.items():
        chunks = few_labels.wanted([name])
        done = sum(not few_labels.missing(chunk, results["runs"]) for chunk in chunks)
        lines.append(
            (row.what, len(row.arms), len(row.labels), row.seeds, f"{row.minutes:g}", f"{done} of {len(chunks)}")
        )
    return table(("group", "arms", "numbers of labels", "label sets", "minutes", "runs made"), lines)


def table(titles, lines):
    if not lines:
        return NOTHING
    rule = ["---", *["---:"] * (len(titles) - 1)]
    return "\n".join("| " + " | ".join(map(str, cells)) + " |" for cells in (titles, rule, *lines))
