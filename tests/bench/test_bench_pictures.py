"""The pictures and tables show the numbers that they are given, and nothing is cut off."""

import io

import numpy as np
import pytest
from PIL import Image

from nnfromscratch import plotting
from nnfromscratch.bench import table
from nnfromscratch.bench.chosen import PARTS
from nnfromscratch.errors import DataError


def step(workload="lenet", batch=32, threads=1, ratio=0.8, best="channels_last, fused Adam"):
    return {
        "workload": workload,
        "batch": batch,
        "threads": threads,
        "ours_ms": 10 * (ratio or 1),
        "ours_quartiles_ms": [9.5 * (ratio or 1), 12 * (ratio or 1)],
        "torch_ms": {best: 10.0, "other": 11.0} if ratio else {},
        "best": best if ratio else None,
        "ratio_to_best": ratio,
        "ratio_by_round": {"median": ratio, "quartiles": [0.9 * ratio, 1.2 * ratio]} if ratio else None,
    }


def operation(name="convolution 3×3, 2→2, 14×14", way="forward", batch=128, threads=1, ratio=0.5, speed=50.0, **more):
    return {
        "operation": name,
        "way": way,
        "batch": batch,
        "threads": threads,
        "ours_ms": 2.0,
        "torch_ms": {"contiguous": 2.0 / ratio} if ratio else {},
        "best": "contiguous" if ratio else None,
        "ratio_to_best": ratio,
        "gflops": speed,
        "torch_gflops": speed and ratio and speed * ratio,
        "share_of_peak": speed and speed / 100,
        "flops": speed and 1e8,
        "bytes": 1e6,
        **more,
    }


STEPS = [step(w, b, t) for w in ("lenet", "small", "dcgan", "article-gan") for b in (32, 128) for t in (1, 2)]
CHANNELS = [
    operation(way=way, channels=channels, kernel_size=size, speed=10.0 * channels)
    for channels in (1, 2, 3, 8)
    for size in (3, 5)
    for way in ("forward", "input", "weight")
]
IMAGES = [operation(way=way, size=size) for size in (7, 14) for way in ("forward", "input", "weight")]
KERNELS = [
    {"what": "convolution 3×3, 4→8, 8×8, forward", "batch": 4, "ms": {"loops": 70.0, "compiled": 0.03}},
    {"what": "lenet, training step", "batch": 128, "ms": {"vectorized": 200.0, "compiled": 90.0, "torch": 100.0}},
]
MEMORY = [
    {"workload": name, "batch": batch, "ours_mib": 60.0, "torch_mib": {"a": 70.0}, "least": "a", "ratio_to_least": 0.86}
    for name in ("lenet", "small")
    for batch in (32, 128)
]
PARTS_OF_A_STEP = ("convolution", "input gradient", "weight gradient", "matrix product", "pooling", "element-wise",
                   "in NumPy", "optimizer")  # fmt: skip
PROFILE = [
    {
        **step(w, b),
        "parts": {
            kind: {"ms": 0.9, "compiled_ms": 0.8 * (kind != "in NumPy"), "calls": 2, "flops": None, "gflops": None}
            for kind in PARTS_OF_A_STEP
        },
        "ours_ms": 8.2,
        "timed_ms": 8.3,
        "around_ms": 1.0,
        "floors_ms": {"peak": 2.0, "sizes": 4.0},
    }
    for w in ("lenet", "small", "dcgan", "article-gan")
    for b in (32, 128)
]
ROWS = {
    "profile": PROFILE,
    "steps": STEPS, "operations": CHANNELS, "kernels": KERNELS, "channels": CHANNELS, "images": IMAGES,
    "batches": STEPS, "memory": MEMORY,
}  # fmt: skip
ALONE = [{**step(w, b, 1, None), "torch_ms": {}} for w in ("lenet", "small") for b in (1, 32)]
MANY = [operation(f"dense {k}→{k}", way, b, t) for k in range(12) for way in ("forward", "both") for b in (32, 128)
        for t in (1, 2)]  # fmt: skip
FIGURES = {
    "steps": lambda: plotting.step_times(STEPS),
    "one step": lambda: plotting.step_times([step(ratio=2.5)]),
    "steps alone": lambda: plotting.step_times(ALONE),
    "five batches": lambda: plotting.step_times([step(w, b) for w in ("lenet", "small") for b in (1, 8, 64, 128, 256)]),
    "profile": lambda: plotting.step_profile(PROFILE, {("lenet", 32): 0.9, ("small", 32): 0.6, ("dcgan", 32): 0.8}),
    "profile alone": lambda: plotting.step_profile([{**row, "best": None} for row in PROFILE[:1]]),
    "operations": lambda: plotting.operation_times([*MANY, operation("Adam", "step", None, speed=None)]),
    "one operation": lambda: plotting.operation_times([operation()]),
    "operations alone": lambda: plotting.operation_times([operation(ratio=None), operation(way="input", ratio=None)]),
    "kernels": lambda: plotting.kernel_times(KERNELS),
    "channels": lambda: plotting.throughput(CHANNELS),
    "channels alone": lambda: plotting.throughput([{**row, "torch_gflops": None} for row in CHANNELS]),
    "growth": lambda: plotting.growth([step("small", b) for b in (1, 8, 256)], IMAGES),
    "growth alone": lambda: plotting.growth(ALONE[:2], [operation(size=7, ratio=None)]),
    "memory": lambda: plotting.step_memory(MEMORY),
    "memory alone": lambda: plotting.step_memory([{**row, "ratio_to_least": None} for row in MEMORY]),
    "roofline": lambda: plotting.roofline(CHANNELS, peak_gflops=100.0, bandwidth=20.0),
}


@pytest.mark.parametrize("name", FIGURES)
def test_nothing_is_cut_off(name):
    buffer = io.BytesIO()
    FIGURES[name]().savefig(buffer, dpi=50)
    pixels = np.asarray(Image.open(buffer).convert("L"))
    rim = np.concatenate([pixels[:1].ravel(), pixels[-1:].ravel(), pixels[:, :1].ravel(), pixels[:, -1:].ravel()])
    assert (rim == 255).all()


@pytest.mark.parametrize("name", FIGURES)
def test_no_two_texts_lie_on_each_other(name):
    figure = FIGURES[name]()
    renderer = figure.canvas.get_renderer()
    figure.draw(renderer)
    texts = [*figure.texts]
    for axes in figure.axes:
        texts += [*axes.texts, axes.xaxis.label, axes.yaxis.label, axes._left_title]
        for axis, limits in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
            texts += [tick.label1 for tick in axis.get_major_ticks() if min(limits) <= tick.get_loc() <= max(limits)]
    boxes = [(text.get_text(), text.get_window_extent(renderer)) for text in texts if text.get_text().strip()]
    for index, (one, box) in enumerate(boxes):
        for other, another in boxes[index + 1 :]:
            assert not box.shrunk(0.9, 0.7).overlaps(another.shrunk(0.9, 0.7)), f"{one!r} lies on {other!r}"


def heights(axes):
    return [round(bar.get_height(), 6) for bar in axes.patches]


def test_steps_are_bars_of_the_ratio_in_panels_of_threads():
    rows = [step(batch=b, threads=t, ratio=r) for b, t, r in ((32, 1, 0.9), (128, 1, 0.7), (32, 2, 1.1), (128, 2, 0.6))]
    one, two = plotting.step_times(rows).axes
    assert (one.get_title("left"), two.get_title("left")) == ("1 thread", "2 threads")
    assert (heights(one), heights(two)) == ([0.9, 0.7], [1.1, 0.6])
    assert [bar.get_x() + bar.get_width() / 2 for bar in one.patches] == pytest.approx([-0.2, 0.2])  # around the name
    spread = [list(line.get_ydata()) for line in one.lines if len(line.get_ydata()) == 2 and line.get_ydata()[0] != 1]
    assert [pytest.approx([0.81, 1.08]), pytest.approx([0.63, 0.84])] == spread
    assert one.get_ylim() == two.get_ylim()


def test_steps_alone_are_bars_of_milliseconds():
    (axes,) = plotting.step_times(ALONE[:1]).axes
    assert heights(axes) == [10.0]
    assert axes.get_ylabel() == "milliseconds"


def test_a_profile_is_a_bar_for_each_step_in_pieces():
    (axes,) = plotting.step_profile(PROFILE[:2], {("lenet", 32): 0.9}).axes
    widths = [bar.get_width() for bar in axes.patches]
    assert widths[:10] == pytest.approx([0.08] * 6 + [0.09, 0.08, 0.07, 0.1])  # NumPy is all its own
    assert widths[10:] == widths[:10]
    assert [text.get_text() for text in axes.texts] == ["0.82", "0.82"]
    floor, mark = axes.lines[:2]
    assert list(floor.get_xdata()) == [0.4, 0.4]
    assert list(mark.get_xdata()) == [0.9]


def test_throughput_shows_both_sides_and_the_peak():
    three, five = plotting.throughput(CHANNELS).axes
    assert (three.get_title("left"), five.get_title("left")) == ("kernel 3×3", "kernel 5×5")
    ours, theirs = three.lines[:2]
    assert (list(ours.get_xdata()), list(ours.get_ydata())) == ([1, 2, 3, 8], [10.0, 20.0, 30.0, 80.0])
    assert list(theirs.get_ydata()) == [5.0, 10.0, 15.0, 40.0]
    assert set(three.lines[-1].get_ydata()) == {100.0}


def test_growth_is_time_for_each_image_and_for_each_pixel():
    left, right = plotting.growth([step("small", 4), step("small", 8)], IMAGES).axes
    assert list(left.lines[0].get_ydata()) == [8e3 / 4, 8e3 / 8]
    assert list(left.lines[1].get_ydata()) == [10e3 / 4, 10e3 / 8]
    assert list(right.lines[0].get_ydata()) == pytest.approx([6e6 / 128 / 49, 6e6 / 128 / 196])
    assert list(right.lines[1].get_ydata()) == pytest.approx([12e6 / 128 / 49, 12e6 / 128 / 196])


def test_the_roof_bends_where_memory_suffices():
    (axes,) = plotting.roofline(CHANNELS, peak_gflops=100.0, bandwidth=20.0).axes
    roof = axes.lines[-1]
    assert (5.0, 100.0) in zip(roof.get_xdata(), roof.get_ydata(), strict=True)
    assert roof.get_ydata()[0] == pytest.approx(20 * roof.get_xdata()[0])
    assert sorted(set(axes.lines[0].get_xdata())) == [100.0]


@pytest.mark.parametrize(
    "draw",
    [
        lambda: plotting.step_times([]),
        lambda: plotting.step_memory([]),
        lambda: plotting.step_profile([]),
        lambda: plotting.operation_times([]),
        lambda: plotting.kernel_times([]),
        lambda: plotting.throughput([]),
        lambda: plotting.growth([], IMAGES),
        lambda: plotting.growth(STEPS, []),
        lambda: plotting.roofline([operation(threads=2)], peak_gflops=1.0, bandwidth=1.0, threads=1),
    ],
)
def test_nothing_to_draw_is_told(draw):
    with pytest.raises(DataError, match="at least one"):
        draw()


# --- tables ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", PARTS)
def test_every_line_keeps_to_its_columns(part):
    titles, rule = table.header(part).split("\n")
    assert set(rule) == {"─"}
    assert len(rule) == len(titles)
    for row in ROWS[part]:
        assert len(table.line(part, row)) <= len(titles) + 1


def test_a_line_names_the_best_setting_and_both_times():
    words = table.line("steps", step("dcgan", 128, 2, 1.25)).split()
    assert words[:3] == ["dcgan", "128", "2"]
    assert [words[3], words[7], words[11]] == ["12.5", "10.0", "1.25"]
    assert "channels_last, fused Adam" in table.line("steps", step())


def test_a_line_of_ours_alone_is_short():
    assert table.line("steps", ALONE[0]).split() == ["lenet", "1", "1", "10.0", "9.50", "–", "12.0"]
    assert table.line("memory", {**MEMORY[0], "least": None}).split() == ["lenet", "32", "60.0"]
    assert table.line("operations", operation(ratio=None, speed=None)).endswith("2.00")
