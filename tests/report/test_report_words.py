import pytest

from nnfromscratch.report import classification_report, words

HISTORY = {
    "loss": [0.9, 0.4, 0.3],
    "accuracy": [0.7, 0.8, 0.9],
    "validation_loss": [0.5, 0.30, 0.31],
    "validation_accuracy": [0.8, 0.93, 0.92],
    "best_epoch": 1,
    "gradient_norm": {"0": [1.0, 0.8, 0.5], "2": [0.1, 0.1, 0.05]},
}


def plain(text):
    return " ".join(text).replace("\xa0", " ")


def test_curves_name_first_last_and_kept_epoch():
    text = plain(words.curves(HISTORY))
    assert "After the first of 3 epochs the network recognised 80.00 % of the validation images" in text
    assert "after the last 92.00 %" in text
    assert "The weights of epoch 2 were kept: its 93.00 %" in text


@pytest.mark.parametrize(
    ("accuracy", "loss", "says"),
    [
        ([0.7, 0.8, 0.9], [0.5, 0.3, 0.31], "is lower than that"),
        ([0.7, 0.8, 0.99], [0.5, 0.3, 0.31], "7.00 percentage points higher"),
        ([0.7, 0.8, 0.9], [0.5, 0.3, 0.31], "ended at 0.3100, close to its lowest, 0.3000: no sign of overfitting"),
        ([0.7, 0.8, 0.9], [0.5, 0.3, 0.29], "ended at 0.2900, its lowest value: no sign"),
        ([0.7, 0.8, 0.9], [0.5, 0.2, 0.3], "lowest after epoch 2 (0.2000) and rose by 50% until the end (0.3000)"),
    ],
)
def test_curves_judge_by_the_numbers(accuracy, loss, says):
    assert says in plain(words.curves({**HISTORY, "accuracy": accuracy, "validation_loss": loss}))


def test_curves_of_one_epoch():
    one = {name: values[:1] for name, values in HISTORY.items() if isinstance(values, list)} | {"best_epoch": 0}
    text = plain(words.curves(one))
    assert "After its only epoch the network recognised 80.00 %" in text
    assert "epoch 1 were kept" in text


def test_gradients_name_the_extremes():
    text = plain(words.gradients(HISTORY["gradient_norm"], {"0": "Conv2d", "2": "Dense"}))
    assert "shortest gradient, 0.05, was that of layer 2, Dense" in text
    assert "longest, 0.5, that of layer 0, Conv2d: 10 times as long" in text
    assert "no gradient vanishes" in text
    assert "hardly learn" in plain(words.gradients({"0": [1e-6], "1": [1.0]}, {}))
    assert words.gradients({"0": [1.0], "1": [None]}, {})  # a single layer has nothing to be compared with


def test_confusions_name_the_worst_pair_and_class():
    counts = [[90, 0, 0], [1, 80, 19], [0, 6, 94]]
    text = plain(words.confusions(counts, ("cat", "dog", "fox")))
    assert "“dog” was taken for “fox” 19 times, “fox” for “dog” 6 times" in text
    assert "96 % of all 26 errors" in text
    assert "hardest class was “dog”: 80.0 % of its 100 images" in text
    assert "easiest was “cat”, with 100.0 %" in text


def test_confusions_one_way_and_none():
    text = plain(words.confusions([[9, 1], [0, 10]], ("a", "b")))
    assert "“a” was taken for “b” 1 time, never the other way round" in text
    assert "100 % of all 1 error" in text
    assert "nothing to confuse" in plain(words.confusions([[9, 0], [0, 0]], ("a", "b")))
    assert "“a”: 90.0" in plain(words.confusions([[9, 1], [0, 0]], ("a", "b")))  # a class without images is passed over


def test_mistakes_tell_how_sure_it_was():
    results = {
        "most_confident_mistakes": [{"index": 7, "true": "4", "predicted": "9", "confidence": 0.99999}],
        "confidence": {"right": 0.99, "wrong": 0.6, "mistakes_above_90_percent": 3},
        "test_errors": 12,
    }
    text = plain(words.mistakes(results))
    assert "test image 7: “4”, taken for “9” with a confidence of >99.99 %" in text
    assert "Of 12 mistakes the network was more than 90 % sure of 3" in text
    assert "60.0 % sure when it was wrong, and 99.0 % when it was right" in text
    assert "no mistake" in plain(words.mistakes({**results, "most_confident_mistakes": []}))
    never = {**results, "confidence": {"right": None, "wrong": 0.6, "mistakes_above_90_percent": 3}}
    assert "when it was right" not in plain(words.mistakes(never))


def test_filters_grey_and_in_colour():
    figures = {"layer": 0, "count": 16, "channels": 1, "size": [3, 5], "cancelling": 9, "largest": 1.234}
    text = plain(words.filters(figures))
    assert "16 kernels of layer 0, 3 × 5 weights" in text
    assert "In 9 of 16 orange and blue nearly cancel" in text
    assert "1.23" in text
    assert "red, green and blue" in plain(words.filters({**figures, "channels": 3}))


def test_example_right_and_wrong():
    figures = {
        "index": 0,
        "true": "7",
        "predicted": "7",
        "confidence": 0.98,
        "maps": [[16, 26, 26], [16, 13, 13]],
        "silent": {"layer": "3 ReLU()", "share": 0.5},
    }
    text = plain(words.example(figures, [1, 28, 28]))
    assert "“7”, is rightly taken for “7” with 98.00 %" in text
    assert "1×28×28 → 16×26×26 → 16×13×13" in text
    assert "After layer 3 ReLU, 50 % of the numbers are zero" in text
    text = plain(words.example({**figures, "predicted": "1", "silent": None}, [1, 28, 28]))
    assert "wrongly taken for “1”" in text
    assert "zero" not in text


def test_report_escapes_names_and_leaves_out_missing_pictures():
    name = "<b>&"
    results = {
        "data": "<i>",
        "classes": [name, "b"],
        "confusion_matrix": [[8, 2], [0, 10]],
        "per_class": {key: {"precision": 1, "recall": 0.8, "f1": 0.9, "support": 10} for key in (name, "b")},
        "history": HISTORY,
        "test_accuracy": 0.9,
        "test_errors": 2,
        "validation_accuracy": 0.93,
        "images": {"train": 100, "validation": 10, "test": 20},
        "image_shape": [1, 8, 8],
        "network": {
            "model": "cnn",
            "parameters": 1234,
            "layers": [{"layer": "Dense(1, 2)", "output_shape": [2], "parameters": 1234}],
        },
        "confidence": {"right": 0.99, "wrong": 0.6, "mistakes_above_90_percent": 1},
        "most_confident_mistakes": [{"index": 7, "true": name, "predicted": "b", "confidence": 0.95}],
        "filters": None,
        "example": {"index": 0, "true": "b", "predicted": "b", "confidence": 1.0, "maps": [], "silent": None},
        "timings": {"training_seconds": 61.0, "images_per_second": 1000.0, "total_seconds": 70.0},
    }
    run = {
        "settings": {"data": "<i>", "train_size": None, "augmentation": {"shift": 2.0}},
        "versions": {"nnfromscratch": "0.1.0", "numba": None},
        "threads": 2,
        "platform": "Linux x86_64",
        "started": "now",
    }
    html = classification_report(run, results, {"confusion_matrix": b"png"}, command="classify --data '<i>'")
    assert html.count("<img") == 1
    assert "<i>" not in html
    assert "<b>" not in html
    for text in (
        "&lt;b&gt;&amp;",
        "classify --data &#x27;&lt;i&gt;&#x27;",
        "1 min 1 s",
        "100 images in 1 min 1 s",
        "recognised 18",
        "wrong 2 times",
        "shift 2.0",
        "not installed",
        "1,234",
        "b (2)",
    ):
        assert text in html, text
    assert "train size" not in html
