import base64
import re
from html.parser import HTMLParser

import pytest

from nnfromscratch.errors import RunError
from nnfromscratch.report import Section, Table, page, write_page

VOID = {"meta", "img", "br", "hr", "link", "input"}


class Reader(HTMLParser):
    """Text, tags and links of a page; fails where a tag is not closed."""

    def __init__(self, html):
        super().__init__()
        self.open, self.tags, self.links, self.text, self.alt = [], [], [], [], []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.links += [value for name, value in attributes if name in ("src", "href", "action", "data", "poster")]
        self.alt += [value for name, value in attributes if name == "alt"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.text.append(data)


NASTY = """<script>alert("1")</script> & ' $x ${style}"""


def test_everything_given_is_text():
    section = Section(NASTY, (NASTY,), b"png", NASTY, NASTY, Table((NASTY, ""), [(NASTY, "2")], (1,)))
    reader = Reader(page(NASTY, NASTY, [section], figures=[(NASTY, NASTY)], footer=NASTY))
    assert "script" not in reader.tags
    assert reader.text.count(NASTY) == 11
    assert reader.tags.count("img") == 1
    assert reader.alt == [NASTY]


def test_page_needs_nothing_but_itself():
    html = page("Title", "Lead", [Section("A", ("b",), b"\x89PNG\r\n")])
    reader = Reader(html)
    assert reader.links == ["data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n").decode()]
    assert not re.search(r"https?:|//|@import|url\(", html.replace(reader.links[0], ""))
    assert not {"script", "link", "iframe", "object"} & set(reader.tags)


def test_page_minds_dark_rooms_paper_and_small_screens():
    html = page("Title", "Lead", [])
    for feature in ("prefers-color-scheme: dark", "@media print", 'name="viewport"', 'charset="utf-8"', 'lang="en"'):
        assert feature in html


def test_sections_leave_out_what_they_lack():
    reader = Reader(page("Title", "Lead", [Section("Only words", ("One.", "Two."))]))
    assert not {"figure", "pre", "table", "dl"} & set(reader.tags)
    assert [word for word in reader.text if word.strip()] == ["Title", "Title", "Lead", "Only words", "One.", "Two."]


def test_tables_mark_their_numbers_and_may_lack_headings():
    html = page("T", "L", [Section("S", table=Table(("name", "count"), [("a", "1")], (1,)))])
    assert '<th>name</th><th class="number">count</th>' in html
    assert '<td>a</td><td class="number">1</td>' in html
    assert "<thead>" not in page("T", "L", [Section("S", table=Table(("", ""), [("a", "1")]))])


def test_page_is_written_whole_as_utf8(tmp_path):
    write_page(tmp_path / "report.html", "é お")
    assert (tmp_path / "report.html").read_bytes() == "é お".encode()
    with pytest.raises(RunError):
        write_page(tmp_path / "missing" / "report.html", "")
