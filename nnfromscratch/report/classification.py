"""The report of a run that trained a classifier."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnfromscratch.report import words
from nnfromscratch.report.page import Section, Table, page
from nnfromscratch.report.repeat import REPEAT, footer, settings_table
from nnfromscratch.wording import counted, duration, percent

# The pictures that the report shows, by the names of their files.
PICTURES = ("learning_curves", "confusion_matrix", "mistakes", "filters", "feature_maps", "gradient_norms")


def classification_report(
    run: Mapping[str, Any], results: Mapping[str, Any], pictures: Mapping[str, bytes], *, command: str
) -> str:
    """The page as HTML: pictures, and what is seen in them, in words made from the results.

    run, results: the two parts of ``results.json``. pictures: PNG by name, out of ``PICTURES``; one that is missing
    leaves its section out. command: what to type to repeat the run.
    """
    classes, counts, history = results["classes"], results["confusion_matrix"], results["history"]
    layers = results["network"]["layers"]
    names = {str(index): layer["layer"] for index, layer in enumerate(layers)}
    texts: dict[str, tuple[str, tuple[str, ...]]] = {
        "learning_curves": ("How it learned", words.curves(history)),
        "confusion_matrix": ("What it confuses", words.confusions(counts, classes)),
        "mistakes": ("Where it was sure and wrong", words.mistakes(results)),
        "filters": ("What its first layer looks for", words.filters(results["filters"]) if results["filters"] else ()),
        "feature_maps": ("One image through the network", words.example(results["example"], results["image_shape"])),
        "gradient_norms": ("How the gradients flowed", words.gradients(history["gradient_norm"], names)),
    }
    sections = [
        Section(title, paragraphs, pictures[name], title)
        for name in PICTURES
        if name in pictures
        for title, paragraphs in (texts[name],)
    ]
    sections += [
        Section("Class by class", _CLASSES, table=_per_class(results)),
        Section("The network", (), table=_network(results)),
        Section("To repeat this run", (REPEAT,), code=command),
        Section("Settings", (), table=settings_table(run, results)),
    ]
    timings = results["timings"]
    return page(
        f"{results['network']['model']} on {results['data']}: "
        f"{percent(results['test_accuracy'], 2)} of the test images recognised",
        words.outcome(results),
        sections,
        figures=[
            (percent(results["test_accuracy"], 2), "test accuracy"),
            (f"{results['test_errors']:,}", f"errors in {counted(results['images']['test'], 'image')}"),
            (percent(results["validation_accuracy"], 2), "validation accuracy"),
            (duration(timings["training_seconds"]), "of training"),
            (f"{timings['images_per_second']:,.0f}", "training images per second"),
        ],
        footer=footer(run),
    )


_CLASSES = (
    "Recognised (recall): of the images of this class, the share that was called so. Reliable (precision): of the "
    "images called so, the share that is of this class.",
)


def _per_class(results: Mapping[str, Any]) -> Table:
    classes, counts = results["classes"], results["confusion_matrix"]
    rows = []
    for index, name in enumerate(classes):
        figures = results["per_class"][name]
        others = [count if column != index else 0 for column, count in enumerate(counts[index])]
        often = f"{classes[others.index(max(others))]} ({max(others)})" if any(others) else "–"
        shares = (percent(figures[key], 1) for key in ("recall", "precision", "f1"))
        rows.append((name, f"{figures['support']:,}", *shares, often))
    return Table(("class", "images", "recognised", "reliable", "F1", "most often taken for"), rows, (1, 2, 3, 4))


def _network(results: Mapping[str, Any]) -> Table:
    def by(shape: list[int]) -> str:
        return " × ".join(map(str, shape))

    layers = results["network"]["layers"]
    rows = [("", "the image", by(results["image_shape"]), "")]
    rows += [
        (str(index), layer["layer"], by(layer["output_shape"]), f"{layer['parameters']:,}")
        for index, layer in enumerate(layers)
    ]
    rows.append(("", "total", "", f"{results['network']['parameters']:,}"))
    return Table(("", "layer", "output shape", "parameters"), rows, (0, 3))
