"""How good are the tests? Change the mathematics in one place at a time and see whether a test notices.

    python tests/mutation/run.py                     every mutant of functional/ and kernels/
    python tests/mutation/run.py --sample 400        so many of them, drawn at random with a fixed seed
    python tests/mutation/run.py --only kernels/loops.py

A mutant is the source with one operator, comparison, constant, condition, returned value or order of arguments changed.
Docstrings, annotations, decorators and the texts of errors are left alone, and so is numba_options.py, which holds
nothing but settings of the compiler. The compiled kernels run as Python. Each mutant runs in a process of its own,
forked after NumPy and pytest have been imported; it is killed where a test fails or takes too long. Survivors are
printed with the line that was changed.
"""

from __future__ import annotations

import argparse
import ast
import functools
import importlib.machinery
import importlib.util
import itertools
import os
import random
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

if __name__ == "__main__":  # not where a collector of tests imports this file: its compiled kernels would be none
    os.environ.update(NUMBA_DISABLE_JIT="1", OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", HYPOTHESIS_EXAMPLES="25")

import hypothesis
import numba  # noqa: F401
import numpy as np  # noqa: F401
import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "nnfromscratch"
OPERATORS: dict[type, type] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult,
    ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr, ast.MatMult: ast.Mult,
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip
SWAPPED = {"min": "max", "max": "min", "minimum": "maximum", "maximum": "minimum"}
HIDDEN = ("annotation", "returns", "decorator_list", "exc")  # fields whose contents are not mutated


def sources(only: str | None) -> list[Path]:
    paths = [*sorted((PACKAGE / "functional").glob("*.py")), *sorted((PACKAGE / "kernels").glob("*.py"))]
    wanted = [path for path in paths if path.name != "numba_options.py" and path != PACKAGE / "functional/__init__.py"]
    return [path for path in wanted if only is None or str(path).endswith(only)]


def tests_for(path: Path) -> list[list[str]]:
    """The tests that know this file, in stages, the nearest first."""
    if path.parent.name == "functional":
        stages = [f"tests/functional/test_functional_{path.stem}.py", "tests/functional/test_functional_contract.py"]
        return [[stage] for stage in stages]
    both = [["tests/kernels/test_kernels_convolution.py"], ["tests/kernels/test_kernels_pooling.py"]]
    others = [[f"tests/kernels/test_kernels_{name}.py"] for name in ("matmul", "elementwise", "pairs", "adam")]
    if path.stem in ("loops", "vectorized"):
        return [[*stage, "-k", path.stem] for stage in both + others]
    if path.stem in ("compiled", "correlation", "pooling"):
        stages = both[::-1] if path.stem == "pooling" else both
        return [[*stage, "-k", "compiled"] for stage in stages + others] + [["tests/kernels/test_kernels_threads.py"]]
    own = "use" if path.stem == "__init__" else path.stem
    return [[f"tests/kernels/test_kernels_{own}.py"], *both, ["tests/functional"]]


def nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """The nodes that may be mutated, in a fixed order."""
    for field, value in ast.iter_fields(tree):
        if field in HIDDEN or isinstance(tree, (ast.JoinedStr, ast.Assert)):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield child
                yield from nodes(child)


def mutations(node: ast.AST) -> Iterator[tuple[str, dict[str, object]]]:
    """Each way to change one node: what is said about it, and the fields to set."""
    if isinstance(node, (ast.BinOp, ast.AugAssign, ast.BoolOp)) and type(node.op) in OPERATORS:
        new = OPERATORS[type(node.op)]
        yield f"{type(node.op).__name__} → {new.__name__}", {"op": new()}
    if isinstance(node, ast.Compare):
        for place, op in enumerate(node.ops):
            new = OPERATORS[type(op)]
            yield f"{type(op).__name__} → {new.__name__}", {"ops": [*node.ops[:place], new(), *node.ops[place + 1 :]]}
        if isinstance(node.left, ast.Constant) and isinstance(node.left.value, str):
            yield f"{node.left.value!r} → another word", {"left": ast.Constant("another word")}
    if isinstance(node, ast.UnaryOp):
        twice = {"operand": ast.UnaryOp(ast.Not(), node.operand)}
        yield f"{type(node.op).__name__} dropped", twice if isinstance(node.op, ast.Not) else {"op": ast.UAdd()}
    if isinstance(node, ast.Constant) and isinstance(node.value, (bool, int, float)):
        values = [not node.value] if isinstance(node.value, bool) else [node.value + 1, node.value - 1]
        for value in values[: 1 if node.value in (0, 1) else 2]:
            yield f"{node.value!r} → {value!r}", {"value": value}
    if isinstance(node, (ast.If, ast.IfExp)):
        yield "condition negated", {"test": ast.UnaryOp(ast.Not(), node.test)}
    if isinstance(node, ast.Return) and node.value is not None:
        yield "returns None", {"value": ast.Constant(None)}
    if isinstance(node, ast.Call):
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if name in SWAPPED:
            field = "id" if isinstance(node.func, ast.Name) else "attr"
            parts = {**vars(node.func), field: SWAPPED[name]}
            yield f"{name} → {SWAPPED[name]}", {"func": type(node.func)(**parts)}
        elif len(node.args) > 1 and not any(isinstance(part, (ast.Constant, ast.Starred)) for part in node.args[:2]):
            yield "arguments swapped", {"args": [node.args[1], node.args[0], *node.args[2:]]}


@functools.cache  # read once: the file may be worked on while the mutants run
def source(path: Path) -> str:
    return path.read_text()


def mutants(path: Path) -> list[tuple[Path, int, int]]:
    """(path, which node, which of its mutations) for every mutant of the file."""
    found = enumerate(nodes(ast.parse(source(path))))
    return [(path, index, choice) for index, node in found for choice, _ in enumerate(mutations(node))]


def mutate(path: Path, index: int, choice: int) -> tuple[ast.Module, str]:
    """The mutated module, and where and what was changed."""
    tree = ast.parse(source(path))
    node = next(itertools.islice(nodes(tree), index, None))
    what, fields = list(mutations(node))[choice]
    line = source(path).splitlines()[node.lineno - 1].strip()
    for name, value in fields.items():
        setattr(node, name, value)
    where = f"{path.relative_to(PACKAGE)}:{node.lineno}:{node.col_offset}"
    return ast.fix_missing_locations(tree), f"{where}  {what}    {line}"


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def run_tests(path: Path | None, tree: ast.Module | None, stages: list[list[str]]) -> int:
    """In a forked process: put the mutated module in the place of its source and run pytest."""
    os.chdir(ROOT)
    sink = os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, 1)
    os.dup2(sink, 2)
    if path is not None and tree is not None:
        name = module_name(path)

        class Loader(importlib.machinery.SourceFileLoader):
            def get_code(self, fullname: str):  # type: ignore[no-untyped-def]
                return compile(tree, str(path), "exec")

        class Finder(importlib.abc.MetaPathFinder):
            def find_spec(self, fullname, where=None, target=None):  # type: ignore[no-untyped-def]
                if fullname != name:
                    return None
                return importlib.util.spec_from_file_location(name, path, loader=Loader(name, str(path)))

        sys.meta_path.insert(0, Finder())
    options = ["-x", "-q", "-p", "no:cacheprovider", "--assert=plain", "--tb=no", "-o", "addopts=-m 'not slow'"]
    return next((int(code) for stage in stages if (code := pytest.main([*options, *stage]))), 0)


def survives(path: Path | None, tree: ast.Module | None, stages: list[list[str]], seconds: int) -> bool:
    child = os.fork()
    if child == 0:
        signal.alarm(seconds)  # ends the process where nothing else does
        try:
            code = run_tests(path, tree, stages)
        except BaseException:
            code = 3
        os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code in (4, 5):
        raise SystemExit(f"{stages}: no tests were run (exit code {code})")
    return code == 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", help="the end of a file's path, such as kernels/loops.py")
    parser.add_argument("--sample", type=int, help="how many mutants to draw; all of them without this")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    everything = [mutant for path in sources(options.only) for mutant in mutants(path)]
    chosen = everything
    if options.sample is not None and options.sample < len(everything):
        places = random.Random(options.seed).sample(range(len(everything)), options.sample)
        chosen = [everything[place] for place in sorted(places)]
    print(f"{len(chosen)} of {len(everything)} mutants, hypothesis {hypothesis.__version__}", flush=True)
    for path in {mutant[0] for mutant in chosen}:
        if not survives(None, None, tests_for(path), 300):
            raise SystemExit(f"{path.name}: its tests fail without any mutation")
    began, survivors = time.monotonic(), 0
    for number, (path, index, choice) in enumerate(chosen, 1):
        tree, what = mutate(path, index, choice)
        if survives(path, tree, tests_for(path), 60):
            survivors += 1
            print(f"survived: {what}", flush=True)
        if number % 100 == 0:
            print(f"{number} mutants, {time.monotonic() - began:.0f} s", flush=True)
    killed = len(chosen) - survivors
    print(f"{killed} of {len(chosen)} killed ({killed / len(chosen):.1%}), {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
