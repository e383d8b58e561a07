"""The gradient of the weights takes long rows, or many, a chunk at a time: no number left out, none added twice."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kernel_cases import INTERPRETED, NONE, examples, kernel_set

CHUNK = 6144  # as in kernels/correlation.py: a row of ow·N numbers is longer than that

pytestmark = pytest.mark.skipif(INTERPRETED, reason="rows of thousands of numbers are too long for Python")


def check(batch, width, kernel, left, right, dtype, height=2):
    """Compiled and vectorized agree on sums of whole numbers, which are exact in any order."""
    rng = np.random.default_rng(batch + width)
    padding = (NONE[0], (left, right))
    outputs = width + left + right - kernel + 1
    x = rng.integers(-3, 4, (batch, 2, height, width)).astype(dtype)
    dy = rng.integers(-3, 4, (batch, 3, height, outputs)).astype(dtype)
    arguments = dy, x, (1, kernel), (1, 1), padding
    expected = kernel_set("vectorized").conv2d_grad_weight(*arguments)
    np.testing.assert_array_equal(kernel_set("compiled").conv2d_grad_weight(*arguments), expected)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("batch", [75, 99, 100, 101, 128])
def test_a_column_in_the_padding_ends_a_chunk_earlier_than_the_others(batch, dtype):
    # With padding, some columns of the kernel meet fewer numbers of a row: here up to CHUNK, others more than that.
    width = CHUNK // batch + 1
    for edge in (1, 2):
        check(batch, width, 2 * edge + 1, edge, edge, dtype)
        check(batch, width, 2 * edge, edge, edge - 1, dtype)


@pytest.mark.parametrize("numbers", [CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK - 1, 2 * CHUNK + 1, 3 * CHUNK + 17])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_row_about_as_long_as_whole_chunks(numbers, dtype):
    check(numbers, 1, 1, 0, 0, dtype)  # each row of outputs is one pixel of every image
    check(numbers, 2, 2, 1, 1, dtype, height=1)
    check(1, numbers, 3, 1, 1, dtype, height=3)


def test_random_rows_about_as_long_as_a_few_chunks():
    @examples(80)
    @given(
        st.integers(20, 300), st.integers(1, 3), st.integers(0, 3), st.integers(1, 6), st.integers(0, 7),
        st.integers(0, 7), st.sampled_from((np.float32, np.float64)),
    )  # fmt: skip
    def on(batch, chunks, more, kernel, left, right, dtype):
        check(batch, max(kernel, chunks * CHUNK // batch + more), kernel, left, right, dtype, height=1)

    on()


@pytest.mark.parametrize("channels", [4, 3])  # kernel rows on their own, and blocks that span several
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("kernel", [3, 4, 9])  # the last one reaches over both edges at once
def test_several_rows_of_outputs_make_up_a_chunk_and_several_tiles_the_channels(kernel, stride, channels):
    rng = np.random.default_rng(kernel)
    x = rng.integers(-3, 4, (225, channels, 7, 9)).astype(np.float32)
    padding = (kernel // 2, kernel // 3), (kernel // 3, kernel // 2)
    outputs = [(size + sum(sides) - kernel) // stride + 1 for size, sides in zip(x.shape[2:], padding, strict=True)]
    dy = rng.integers(-3, 4, (225, 18, *outputs)).astype(np.float32)
    arguments = dy, x, (kernel, kernel), (stride, stride), padding
    expected = kernel_set("vectorized").conv2d_grad_weight(*arguments)
    np.testing.assert_array_equal(kernel_set("compiled").conv2d_grad_weight(*arguments), expected)
