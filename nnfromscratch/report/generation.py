"""The report of a run that trained a generator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnfromscratch.report import sample_words as words
from nnfromscratch.report.page import Section, Table, page
from nnfromscratch.report.repeat import REPEAT, footer, settings_table
from nnfromscratch.wording import duration, percent

_NOISE = (
    "The same noise vectors from the first step to the last: what changes is the generator. The animation begins again "
    "at its end; the strip shows eight of them, step by step.",
)
_BETWEEN = (
    "Each row begins and ends with a sample; between them the noise moves from one to the other along an arc. A "
    "generator that has understood something makes an image of every point on the way; one that knows single images by "
    "heart jumps.",
)


def generation_report(
    run: Mapping[str, Any], results: Mapping[str, Any], pictures: Mapping[str, bytes], *, command: str
) -> str:
    """The page as HTML: the samples first, then how good they are beside real images, and how they came about.

    run, results: the two parts of ``results.json``. pictures: PNG by name (samples, progress, scores, metrics,
    interpolation, nearest) and the animated GIF (animation); one that is missing leaves its section out. command: what
    to type to repeat the run.
    """
    drawn = (
        ("samples", "What it makes", (), "Samples of the generator, side by side"),
        ("metrics", "How good it became, step by step", words.course(results), "Each figure, beside real images"),
        ("animation", "The same noise through training", _NOISE, "The same noise through training, in motion"),
        ("progress", "", (), "The same noise through training, step by step"),
        ("scores", "How the two played", words.game(results), "Losses and scores over the steps"),
        ("interpolation", "What lies between two samples", _BETWEEN, "From one sample to another"),
        ("nearest", "Is it copying?", words.nearest(results), "Samples and their nearest training images"),
    )
    sections = [
        Section(title, paragraphs, pictures[name], shows)
        for name, title, paragraphs, shows in drawn
        if name in pictures
    ]
    sections[1:1] = [
        Section("How good it is", words.how_measured(results), table=words.figures(results)),
        *(Section("What the clinic says", said) for said in [words.clinic(results)] if said),
    ]
    sections += [
        Section("The two networks", (), table=_networks(results)),
        Section("To repeat this run", (REPEAT,), code=command),
        Section("Settings", (), table=settings_table(run, results)),
    ]
    return page(
        f"{results['network']['gan']} on {results['data']}: {results['steps']:,} steps",
        words.outcome(results),
        sections,
        figures=[*_headlines(results), (duration(results["timings"]["training_seconds"]), "of training")],
        footer=footer(run),
    )


def _headlines(results: Mapping[str, Any]) -> list[tuple[str, str]]:
    if "classifier_score" not in results:
        nearest = results["nearest_distance"]
        return [(f"{nearest['value']:.2f}", f"nearest distance; test images {nearest['real']:.2f}")]
    score, frechet, sure = (results[name] for name in ("classifier_score", "frechet_distance", "confident_share"))
    return [
        (f"{score['value']:.2f}", f"classifier score; real images {score['real']:.2f}"),
        (f"{frechet['value']:.1f}", f"Fréchet distance; real images {frechet['real']:.2f}"),
        (f"{results['classes_covered']['value']} of {len(results['classes'])}", "classes covered"),
        (percent(sure["value"], 0), f"confident; real images {percent(sure['real'], 0)}"),
    ]


def _networks(results: Mapping[str, Any]) -> Table:
    rows = []
    for player in ("generator", "discriminator"):
        network = results["network"][player]
        for index, layer in enumerate(network["layers"]):
            rows.append((player if index == 0 else "", layer["layer"], f"{layer['parameters']:,}"))
        rows.append(("", "total", f"{network['parameters']:,}"))
    return Table(("", "layer", "parameters"), rows, (2,))
