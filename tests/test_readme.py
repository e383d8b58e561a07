"""What the README promises is what comes."""

import re
from pathlib import Path

import pytest

from nnfromscratch.gradcheck.report import GradientError

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def block(language, having):
    return next(text for text in re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL) if having in text)


def test_ten_lines_are_ten_lines():
    assert len(block("python", "training.fit").replace("\n\n", "\n").splitlines()) == 10


def test_the_gradient_checker_answers_as_printed():
    with pytest.raises(GradientError) as caught:
        exec(block("python", "gradcheck("), {})
    assert f"GradientError: {caught.value}".rstrip() == block("text", "GradientError").rstrip()


def test_links_lead_somewhere():
    targets = [target for target in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in target]
    assert len(targets) >= 5
    assert [target for target in targets if not (ROOT / target).exists()] == []
