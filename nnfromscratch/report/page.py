"""An HTML page that needs nothing but itself: pictures and style inside, no script, nothing loaded from anywhere."""

from __future__ import annotations

import base64
import os
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from string import Template

from nnfromscratch.files import write_whole
from nnfromscratch.report.style import STYLE

_PAGE = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>$title</title>
<style>
$style</style>
</head>
<body>
<header>
<h1>$title</h1>
$sentence<p class="lead">$lead</p>
$figures</header>
<main>
$sections</main>
<footer>$footer</footer>
</body>
</html>
""")


@dataclass(frozen=True)
class Table:
    """Rows of text under a heading each; the columns named in ``numbers`` stand at the right."""

    headings: tuple[str, ...]
    rows: Sequence[Sequence[str]]
    numbers: tuple[int, ...] = ()


@dataclass(frozen=True)
class Section:
    """A heading, if any, and paragraphs; if wanted a picture (PNG or GIF) and what it shows, code to copy, a table.

    links: words, and the page that they lead to, which lies beside or below this one.
    """

    title: str
    paragraphs: tuple[str, ...] = ()
    picture: bytes = b""
    shows: str = ""
    code: str = ""
    table: Table | None = None
    links: tuple[tuple[str, str], ...] = ()


def page(
    title: str,
    lead: str,
    sections: Sequence[Section],
    *,
    sentence: str = "",
    figures: Sequence[tuple[str, str]] = (),
    footer: str = "",
) -> str:
    """The page as text. Everything given is text, not HTML: what looks like a tag is shown as it is.

    sentence: what the whole page comes to, in large letters. figures: the few numbers that matter most, (number, what
    it is).

    >>> "1 &lt; 2" in page("Title", "1 < 2", [Section("First", ("A paragraph.",))])
    True
    """
    boxes = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(number)}</dd></div>" for number, name in figures)
    return _PAGE.substitute(
        title=escape(title),
        sentence=f'<p class="sentence">{escape(sentence)}</p>\n' if sentence else "",
        lead=escape(lead),
        style=STYLE,
        figures=f"<dl>{boxes}</dl>\n" if boxes else "",
        sections="".join(map(_section, sections)),
        footer=escape(footer),
    )


def write_page(path: str | os.PathLike[str], text: str) -> None:
    """Write the page, whole or not at all. Raises RunError where the folder cannot be written."""
    write_whole(path, lambda file: file.write(text.encode()))


def _section(section: Section) -> str:
    heading = [f"<h2>{escape(section.title)}</h2>"] if section.title else []  # without one it goes on with the last
    parts = [*heading, *(f"<p>{escape(text)}</p>" for text in section.paragraphs)]
    if section.picture:
        kind = "gif" if section.picture.startswith(b"GIF8") else "png"
        data = base64.b64encode(section.picture).decode()
        parts.append(f'<figure><img alt="{escape(section.shows)}" src="data:image/{kind};base64,{data}"></figure>')
    if section.code:
        parts.append(f"<pre><code>{escape(section.code)}</code></pre>")
    if section.table is not None:
        parts.append(_table(section.table))
    parts += [f'<p><a href="{escape(address)}">{escape(text)}</a></p>' for text, address in section.links]
    return "<section>\n" + "\n".join(parts) + "\n</section>\n"


def _table(table: Table) -> str:
    def row(cells: Sequence[str], tag: str) -> str:
        kinds = [' class="number"' if column in table.numbers else "" for column in range(len(cells))]
        inner = "".join(f"<{tag}{kind}>{escape(cell)}</{tag}>" for cell, kind in zip(cells, kinds, strict=True))
        return f"<tr>{inner}</tr>"

    body = "\n".join(row(cells, "td") for cells in table.rows)
    head = f"<thead>{row(table.headings, 'th')}</thead>\n" if any(table.headings) else ""
    return f'<div class="scroll"><table>\n{head}<tbody>\n{body}\n</tbody></table></div>'
