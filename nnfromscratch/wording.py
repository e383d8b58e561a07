"""Numbers as people write them."""

from __future__ import annotations


def percent(share: float, digits: int) -> str:
    r"""A share of 1 in per cent; never rounded up to 100 where something is missing.

    >>> percent(0.5, 1), percent(0.9999, 1), percent(1, 1)
    ('50.0\xa0%', '>99.9\xa0%', '100.0\xa0%')
    """
    text = f"{share:.{digits}%}"
    if share < 1 and text.startswith("100"):
        text = f">{1 - 10.0 ** -(digits + 2):.{digits}%}"
    return text.replace("%", "\u00a0%")


def counted(number: int, thing: str, things: str = "") -> str:
    """A number with its noun.

    >>> counted(1, "error"), counted(10_000, "image"), counted(2, "class", "classes")
    ('1 error', '10,000 images', '2 classes')
    """
    return f"{number:,} {thing if number == 1 else things or thing + 's'}"


def quoted(name: str) -> str:
    """A name that cannot be mistaken for the words, or numbers, around it.

    >>> quoted("7")
    '“7”'
    """
    return f"“{name}”"


def duration(seconds: float) -> str:
    """A time as minutes and seconds.

    >>> duration(3.14), duration(59.96), duration(171)
    ('3.1 s', '1 min 0 s', '2 min 51 s')
    """
    if round(seconds, 1) < 60:
        return f"{seconds:.1f} s"
    return f"{round(seconds) // 60} min {round(seconds) % 60} s"
