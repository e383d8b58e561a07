"""The page of ``article``: the question, its answer on one label set, and the three parts that lead to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnfromscratch.report import article_words as words
from nnfromscratch.report.page import Section, page
from nnfromscratch.report.repeat import footer, settings_table
from nnfromscratch.wording import percent

TITLE = "Does a GAN make a classifier better?"
_REPEAT = (
    "On the same machine with the same versions the first two parts give the same bits. The third is given a time, "
    "which becomes a number of steps by the speed of the machine; those of this run stand in results.json."
)


def article_report(
    run: Mapping[str, Any],
    results: Mapping[str, Any],
    pictures: Mapping[str, bytes],
    links: Mapping[str, str],
    *,
    command: str,
) -> str:
    """The page as HTML.

    run, results: the two parts of ``results.json``. pictures: PNG by name (article, mistakes, progress, accuracy,
    curves); one that is missing is left out. links: the addresses of the parts' own pages, by command. command: what to
    type to repeat the run.
    """

    def more(part: str, what: str) -> tuple[tuple[str, str], ...]:
        return ((what, links[part]),) if part in links else ()

    sections = [
        Section("", (), pictures.get("article", b""), "The three parts in one picture"),
        Section("What the article says", words.CLAIM),
        Section(
            "1. A CNN that has every label", words.cnn(results), pictures.get("mistakes", b""),
            "Test images that it took for something else",
            links=more("classify", "More about the CNN: its filters, what it confuses, an image on its way through it"),
        ),
        Section(
            "2. A GAN that draws", words.gan(results), pictures.get("progress", b""),
            "The same noise through training, step by step",
            links=more("generate", "More about the GAN: 64 samples, the film, the losses, the nearest training images"),
        ),
        Section(
            f"3. Both together, and {results['semi']['labels']} labels", words.thesis(results),
            pictures.get("curves", b""), "Validation accuracy over the seconds of training",
            table=words.arms_table(results),
            links=more("semi", "More about the three ways: pairs, samples, the images on which they disagree"),
        ),
        Section("What was fair about it", words.fair(results)),
        Section("What it does not show, and how to ask better", words.LARGER, code=words.MORE),
        Section("To repeat this run", (_REPEAT,), code=command),
        Section("Settings", (), table=settings_table(run, results)),
    ]  # fmt: skip
    return page(
        TITLE,
        words.caution(results),
        sections,
        sentence=words.sentence(results),
        figures=_headlines(results),
        footer=footer(run),
    )


def _headlines(results: Mapping[str, Any]) -> list[tuple[str, str]]:
    found = [(percent(results["classify"]["test_accuracy"], 2), "CNN with every label")]
    generate, semi = results["generate"], results["semi"]
    if "classifier_score" in generate:
        score = generate["classifier_score"]
        found.append((f"{score['value']:.2f}", f"classifier score of the GAN's images; real ones {score['real']:.2f}"))
    labels = f"{semi['labels']} labels"
    return found + [(percent(arm["accuracy_mean"], 2), f"{labels}, {name}") for name, arm in semi["arms"].items()]
