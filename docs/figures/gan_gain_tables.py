"""Tables of few_labels.json, and the commands that repeat them; what was not measured is left out."""

from __future__ import annotations

import statistics

from figures import few_labels
from figures.gan_gain import arms, cost, difference, labels_in_words, mean, signed
from measured import NOTHING

LABELS = few_labels.ROWS["labels"].labels
AUGMENTED = (*few_labels.ROWS["few augmented"].labels, "100")
MINUTES = 2, 5, 15, 60


def arms_table(results, **conditions):
    """Every arm, the best first: accuracy, label sets, and what it took."""
    found = arms(results, **conditions)
    lines = []
    for name in sorted(found, key=lambda name: -statistics.mean(found[name].values())):
        seconds, samples = cost(results, name, **conditions)
        lines.append((f"`{name}`", mean(found, name), len(found[name]), f"{seconds:.0f}", f"{samples / 1e6:.2f}"))
    return table(("arm", "test accuracy", "label sets", "seconds of training", "million images"), lines)


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
    """Arms that had more time, and how many errors are left."""
    names = few_labels.ROWS["five minutes"].arms
    lines = []
    for minutes in MINUTES:
        found = arms(results, minutes=minutes)
        if any(name in found for name in names):
            lines.append((f"{minutes:g}", *(mean(found, name) if name in found else "–" for name in names)))
    return table(("minutes", *(f"`{name}`" for name in names)), lines)


def no_help_table(results):
    """With 100 labels, 1,000 and all: labels alone, a conditional GAN's images besides, and the method with a GAN."""
    names = few_labels.ROWS["no help"].arms
    lines = []
    for labels in ("100", *few_labels.ROWS["no help"].labels):
        found = arms(results, labels)
        if "conditional" in found:
            cells = [mean(found, name) if name in found else "–" for name in names]
            lines.append((labels_in_words(labels), *cells))
    return table(("labels", *(f"`{name}`" for name in names)), lines)


def augmented_table(results):
    """With augmentation: with and without a GAN, by the number of labels."""
    names, lines = ("gan-aug", "consistency-aug"), []
    for labels in AUGMENTED:
        found = arms(results, labels)
        if all(name in found for name in names):
            apart = signed(difference(found, *names))
            lines.append((labels_in_words(labels), *(mean(found, name) for name in names), apart))
    return table(("labels", *(f"`{name}`" for name in names), "gain"), lines)


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
    return "To repeat it:\n\n```bash\n" + "\n".join(lines) + "\n```"


def progress(results):
    """How much of what is wanted has been measured."""
    made = {few_labels.chunk_of(entry) for entry in results["runs"]}
    lines = []
    for name, row in few_labels.ROWS.items():
        chunks = few_labels.wanted([name])
        done = sum(chunk in made for chunk in chunks)
        lines.append(
            (row.what, len(row.arms), len(row.labels), row.seeds, f"{row.minutes:g}", f"{done} of {len(chunks)}")
        )
    return table(("group", "arms", "numbers of labels", "label sets", "minutes", "runs made"), lines)


def table(titles, lines):
    if not lines:
        return NOTHING
    rule = ["---", *["---:"] * (len(titles) - 1)]
    return "\n".join("| " + " | ".join(map(str, cells)) + " |" for cells in (titles, rule, *lines))
