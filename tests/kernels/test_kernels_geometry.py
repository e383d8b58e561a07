"""Output sizes and padding against counting by hand, and what each wrong setting is told."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kernel_cases import examples

from nnfromscratch.errors import RangeError, ShapeError
from nnfromscratch.kernels.geometry import as_padding, as_pair, output_size, window, window_counts, winner_dtype


def test_pairs():
    assert as_pair("f", "stride", 3) == (3, 3)
    assert as_pair("f", "stride", (2, 3)) == (2, 3)
    assert as_pair("f", "stride", [2, 3]) == (2, 3)
    assert as_pair("f", "stride", (np.int64(2), np.uint8(3))) == (2, 3)
    assert as_pair("f", "padding", 0, least=0) == (0, 0)


@pytest.mark.parametrize("value", [0, -1, True, 1.0, "2", None, (1, 0), (0, 1), (1, True), (1, 2.0), ((1, 1), 1)])
def test_pairs_of_anything_else_are_refused(value):
    with pytest.raises(RangeError, match=r"^f: stride expects a whole number of at least 1, is "):
        as_pair("f", "stride", value)


@pytest.mark.parametrize("value", [(), (1,), (1, 2, 3)])
def test_a_pair_has_two(value):
    with pytest.raises(RangeError, match=re.escape(f"f: stride expects a number or (height, width), is {value!r}")):
        as_pair("f", "stride", value)


@pytest.mark.parametrize(
    ("padding", "expected"),
    [
        (0, ((0, 0), (0, 0))),
        (2, ((2, 2), (2, 2))),
        ((1, 2), ((1, 1), (2, 2))),
        ([1, 2], ((1, 1), (2, 2))),
        (((1, 2), (3, 4)), ((1, 2), (3, 4))),
        ([[1, 2], [3, 4]], ((1, 2), (3, 4))),
        ("valid", ((0, 0), (0, 0))),
        ("same", ((1, 2), (0, 1))),
    ],
)
def test_padding_in_all_its_forms(padding, expected):
    assert as_padding("f", padding, (7, 6), (4, 2), (1, 1)) == expected


@pytest.mark.parametrize(
    "padding", [-1, (0, -1), ((0, 0), (0, -1)), 1.5, True, None, ((1, 1), (1, True)), ((1, 2), 3), (3, (1, 2))]
)
def test_padding_of_no_whole_number_is_refused(padding):
    with pytest.raises(RangeError, match=r"^f: padding expects a whole number of at least 0, is "):
        as_padding("f", padding, (7, 6), (4, 2), (1, 1))


@pytest.mark.parametrize("padding", [(1, 2, 3), ((1, 2), (3, 4), (5, 6)), ((1,), (2, 2)), ((1, 1), (2,))])
def test_padding_of_another_length_is_refused(padding):
    with pytest.raises(RangeError, match=r"^f: padding expects a number or \(height, width\), is "):
        as_padding("f", padding, (7, 6), (4, 2), (1, 1))


def test_padding_by_an_unknown_word_is_refused():
    with pytest.raises(RangeError, match="f: padding expects a number, pairs, 'valid' or 'same', is 'full'"):
        as_padding("f", "full", (7, 6), (4, 2), (1, 1))


@examples(200)
@given(st.integers(1, 12), st.integers(1, 6), st.integers(1, 5))
def test_same_padding_gives_the_size_over_the_stride_rounded_up(size, kernel, stride):
    (before, after), _ = as_padding("f", "same", (size, 9), (kernel, 1), (stride, 1))
    outputs, _ = output_size("f", (size, 9), (kernel, 1), (stride, 1), ((before, after), (0, 0)))
    assert outputs == -(-size // stride)
    assert after - before in (0, 1)  # the odd pixel below
    if before + after:  # and never more than is needed
        assert (outputs - 1) * stride + kernel == size + before + after


@examples(200)
@given(st.tuples(*[st.integers(1, 9)] * 2), st.tuples(*[st.integers(1, 4)] * 4), st.tuples(*[st.integers(0, 3)] * 4))
def test_output_size_is_the_number_of_windows_that_fit(size, steps, pads):
    kernel, stride, padding = steps[:2], steps[2:], (pads[:2], pads[2:])
    padded = [length + sum(pad) for length, pad in zip(size, padding, strict=True)]
    counts = tuple(
        sum(start + k <= length for start in range(0, length, s))
        for length, k, s in zip(padded, kernel, stride, strict=True)
    )
    if 0 in counts:
        with pytest.raises(ShapeError, match="expects a padded image at least as large"):
            output_size("f", size, kernel, stride, padding)
    else:
        assert output_size("f", size, kernel, stride, padding) == counts


@pytest.mark.parametrize(("kernel", "size"), [((4, 1), "4×1"), ((1, 6), "1×6")])
def test_a_kernel_larger_than_the_padded_image_is_named(kernel, size):
    with pytest.raises(ShapeError, match=f"f: kernel of {size} expects a padded image at least as large, has 3×5"):
        output_size("f", (2, 3), kernel, (1, 1), ((0, 1), (1, 1)))
    assert output_size("f", (2, 3), (3, 5), (1, 1), ((0, 1), (1, 1))) == (1, 1)


@examples(300)
@given(st.integers(-8, 12), st.integers(1, 6), st.integers(1, 8))
def test_window_holds_exactly_the_offsets_inside_the_image(start, kernel, size):
    first, last = window(start, kernel, size)
    assert 0 <= first <= last <= kernel
    assert [p for p in range(kernel) if 0 <= start + p < size] == list(range(first, last))


@examples(100)
@given(st.tuples(*[st.integers(2, 7)] * 2), st.tuples(*[st.integers(1, 4)] * 4), st.tuples(*[st.integers(0, 3)] * 4))
def test_window_counts_are_the_sums_over_an_image_of_ones(size, steps, pads):
    kernel, stride = (min(steps[0], size[0]), min(steps[1], size[1])), steps[2:]
    padding = tuple(tuple(min(p, k - 1) for p in pair) for pair, k in zip((pads[:2], pads[2:]), kernel, strict=True))
    outputs = output_size("f", size, kernel, stride, padding)
    ones = np.pad(np.ones(size), padding)
    expected = [
        [ones[i * stride[0] :, j * stride[1] :][: kernel[0], : kernel[1]].sum() for j in range(outputs[1])]
        for i in range(outputs[0])
    ]
    np.testing.assert_array_equal(window_counts(size, kernel, stride, padding, outputs), expected)


def test_a_winner_is_a_byte_up_to_256_pixels():
    assert winner_dtype((2, 2)) is winner_dtype((16, 16)) is np.uint8
    assert winner_dtype((1, 257)) is winner_dtype((17, 16)) is np.int64
