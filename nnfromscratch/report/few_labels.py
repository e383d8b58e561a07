"""The report of arms that were compared on few labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnfromscratch.report import few_labels_words as words
from nnfromscratch.report.page import Section, page
from nnfromscratch.report.repeat import footer, settings_table
from nnfromscratch.wording import counted, duration, percent

REPEAT = (
    "A budget becomes a number of steps by the speed of the machine: the same command gives the same bits where it "
    "gives the same steps. They stand in results.json; a run that is resumed keeps them."
)


def few_labels_report(
    run: Mapping[str, Any], results: Mapping[str, Any], pictures: Mapping[str, bytes], *, command: str
) -> str:
    """The page as HTML: who is best and by how much, then how it came about and how it was measured.

    run, results: the two parts of ``results.json``. pictures: PNG by name (accuracy, curves, labels, samples,
    disagreements); one that is missing leaves its section out. command: what to type to repeat the run.
    """
    drawn = (
        ("curves", "How fast they learn", words.COURSE, "Validation accuracy over the seconds of training"),
        ("labels", "How many labels it takes", words.LABELS, "Test accuracy by the number of labels"),
        ("samples", "What the generator makes", words.SAMPLES, "Generated images, side by side"),
        ("disagreements", "Where the arms disagree", words.DISAGREE, "Test images with the answers of several arms"),
    )
    sections = []
    if results["arms"]:
        picture = pictures.get("accuracy", b"")
        sections.append(Section("How good they are", (), picture, "Test accuracy of each arm on every label set"))
        sections.append(Section("", (), table=words.arms_table(results)))
    if results["paired"]:
        sections.append(Section("Who is better", words.PAIRED, table=words.pairs_table(results)))
    sections += [
        Section(title, paragraphs, pictures[name], shows)
        for name, title, paragraphs, shows in drawn
        if name in pictures
    ]
    if failed := words.failures(results):
        sections.append(Section("What failed", failed))
    sections += [
        Section("How it was measured", words.protocol(results)),
        Section("To repeat this run", (REPEAT,), code=command),
        Section("Settings", (), table=settings_table(run, results)),
    ]
    labels = " and ".join((", ".join(results["labels"][:-1]), results["labels"][-1])).removeprefix(" and ")
    return page(
        f"Few labels on {results['data']}: {labels}",
        words.outcome(results),
        sections,
        figures=_headlines(results),
        footer=footer(run),
    )


def _headlines(results: Mapping[str, Any]) -> list[tuple[str, str]]:
    found = [(percent(results["arms"][name]["accuracy_mean"], 2), name) for name in words.ranking(results)[:3]]
    sets = counted(len(results["seeds"]), "label set")
    return [*found, (duration(results["timings"]["training_seconds"]), f"of training, {sets}")]
