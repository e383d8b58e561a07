"""The architecture page says what the code is: rooms, order of imports, kernel signatures, drawing."""

import ast
import configparser
import importlib
import inspect
import re
from pathlib import Path

import pytest

from nnfromscratch import kernels

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
DRAWING = (ROOT / "docs" / "drawings" / "rooms.svg").read_text(encoding="utf-8")


def _rows():
    """The rooms on the page: one set for each row of the table, from the top."""
    table = PAGE.split("| rooms, from the top |")[1].split("\n\n")[0]
    return [set(re.findall(r"`(\w+)`", row.split("|")[1])) for row in table.splitlines()[2:]]


def _layers():
    """The same from the linter's contract."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    lines = config["importlinter:contract:one-way"]["layers"].split("\n")
    return [{room.strip().removeprefix("nnfromscratch.") for room in line.split("|")} for line in lines if line.strip()]


def _modules():
    package = ROOT / "nnfromscratch"
    files = {path.stem for path in package.glob("*.py")} - {"__init__"}
    return files | {path.parent.name for path in package.glob("*/*.py")}


def _imports(room):
    """The other rooms that a room imports."""
    package = ROOT / "nnfromscratch"
    paths = [package / f"{room}.py"] if (package / f"{room}.py").exists() else (package / room).rglob("*.py")
    found = set()
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module == "nnfromscratch":
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("nnfromscratch."):
                found.add(node.module.split(".")[1])
            elif isinstance(node, ast.Constant) and str(node.value).startswith("nnfromscratch."):
                found.add(node.value.split(".")[1])  # importlib.import_module, where it must wait
    return found - {room}


def test_the_page_has_the_linters_order():
    assert _rows() == _layers()


def test_the_page_names_every_room_and_no_other():
    assert set.union(*_rows()) == _modules()


def _arrows():
    return re.findall(r'data-from="(\w+)" data-to="(\w+)"', DRAWING)


def test_the_drawing_has_every_room():
    drawn = set(re.findall(r'class="name"[^>]*>(\w+)<', DRAWING))
    small = {"__main__", "interop", "types", "archive", "runs", "files", "randomness", "wording"}
    assert drawn == set.union(*_layers()) - small


@pytest.mark.parametrize(("above", "below"), _arrows())
def test_every_arrow_is_an_import_and_points_downwards(above, below):
    assert below in _imports(above)
    level = {room: k for k, rooms in enumerate(_layers()) for room in rooms}
    assert level[above] < level[below]
    place = {room: int(y) for y, room in re.findall(r'class="name" x="[\d.]+" y="(\d+)">(\w+)<', DRAWING)}
    assert place[above] < place[below]


@pytest.mark.parametrize("name", kernels.SETS)
def test_the_page_has_the_kernels_signatures(name):
    pytest.importorskip("numba") if name == "compiled" else None
    module = importlib.import_module(f"nnfromscratch.kernels.{name}")
    printed = dict(re.findall(r"^(\w+)(\(.*\) -> .*)$", PAGE, re.MULTILINE))
    assert tuple(printed) == kernels.NAMES
    for function in kernels.NAMES:
        assert str(inspect.signature(getattr(module, function))).replace("'", "") == printed[function]
