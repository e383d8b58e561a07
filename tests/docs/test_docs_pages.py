"""What the pages point to exists: names, files, tests, parts of the code."""

import importlib
import inspect
import re
from pathlib import Path

import pytest

from nnfromscratch import data

ROOT = Path(__file__).resolve().parents[2]
PAGES = [*sorted((ROOT / "tutorials").glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
REFERENCE = {path.stem: path.read_text(encoding="utf-8") for path in (ROOT / "docs" / "reference").glob("*.md")}


def _public_names():
    for room in ("functional", "layers", "models", "data", "gradcheck", "training", "plotting", "gan", "semi"):
        module = importlib.import_module(f"nnfromscratch.{room}")
        things = {name: getattr(module, name) for name in module.__all__}
        yield from (
            (room, name) for name, thing in things.items() if inspect.isfunction(thing) or inspect.isclass(thing)
        )
    for room in ("optimizers", "schedules", "initializers", "errors"):
        module = importlib.import_module(f"nnfromscratch.{room}")
        for name, thing in vars(module).items():
            public = not name.startswith("_") and not name.startswith("require_")
            if public and getattr(thing, "__module__", "") == module.__name__ and callable(thing):
                yield room, name


@pytest.mark.parametrize(("room", "name"), list(_public_names()))
def test_every_public_name_is_on_its_reference_page(room, name):
    assert re.search(rf"^\.\. auto\w+:: ([\w.]+\.)?{name}$", REFERENCE[room], re.MULTILINE)


def test_the_first_ten_lines_train_a_network(monkeypatch, capsys, tmp_path):
    """The code of the landing page, on 200 digits in place of 60,000."""
    digits = data.load("mnist")
    few = data.Splits(digits.train.take(slice(200)), digits.test.take(slice(50)), digits.train.take(slice(200, 250)))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(data, "load", lambda name, **settings: few)
    code = (ROOT / "docs" / "index.md").read_text(encoding="utf-8").split("```python\n")[1].split("```")[0]
    assert len([line for line in code.splitlines() if line]) == 10
    exec(compile(code, "index.md", "exec"), {})
    printed = capsys.readouterr().out
    assert "Conv2d(1, 6, 5×5, padding 2)" in printed
    assert "50 images, accuracy" in printed
    assert (tmp_path / "digits.npz").exists()


def test_every_reference_page_is_in_the_index():
    listed = REFERENCE["index"].split("```{toctree}")[1].split()
    assert set(REFERENCE) - {"index"} <= set(listed)


def test_every_tutorial_is_in_the_index_and_in_the_readme():
    index, readme = ((ROOT / name).read_text(encoding="utf-8") for name in ("docs/index.md", "README.md"))
    for path in (ROOT / "tutorials").glob("*.md"):
        assert f"tutorials/{path.stem}\n" in index
        title = re.search(r"^# (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
        assert title
        assert f"*{title[1]}*" in readme


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_files_and_tests_that_a_page_names_exist(page):
    """Where a page says that lines compute an equation and tests prove it, they do exist."""
    text = page.read_text(encoding="utf-8")
    for path in re.findall(r"`((?:nnfromscratch|tests|docs)/[\w/.]+)`", text):
        assert (ROOT / path).exists(), path
    statements = re.findall(r"((?:`\w+`(?:,| and)?\s+)+)in\s+`((?:nnfromscratch|tests)/[\w/]+\.py)`", text)
    for names, path in statements:
        source = (ROOT / path).read_text(encoding="utf-8")
        for name in re.findall(r"`(\w+)`", names):
            assert re.search(rf"^ *(def|class) {name}\b", source, re.MULTILINE), f"{name} in {path}"
    tests = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    for name in re.findall(r"`(test_\w+)`", text):
        assert f"def {name}(" in tests, name


def test_the_tutorials_name_what_computes_and_proves_them():
    for page in (ROOT / "tutorials").glob("*.md"):
        assert len(re.findall(r"\*[Pp]roven by\*", page.read_text(encoding="utf-8"))) >= 3, page.name


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_the_code_that_a_page_shows_exists(page):
    blocks = re.findall(r"```\{literalinclude\} /\.\./(\S+)\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    for path, options in blocks:
        source = (ROOT / path).read_text(encoding="utf-8")
        if thing := re.search(r":pyobject: (?:\w+\.)?(\w+)", options):
            assert re.search(rf"^ *def {thing[1]}\(", source, re.MULTILINE), f"{thing[1]} in {path}"
        for pattern in re.findall(r":(?:start|end)-at: \"?([^\"\n]+)", options):
            assert pattern in source, f"{pattern!r} in {path}"


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_code_cells_fit_the_page(page):
    for cell in re.findall(r"```\{code-cell\}.*?\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
        assert all(len(line) <= 99 for line in cell.splitlines())
