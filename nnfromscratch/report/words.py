"""What the numbers of a classification run say, in sentences; each function takes a part of ``results.json``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nnfromscratch.wording import counted, duration, percent, quoted


def outcome(results: Mapping[str, Any]) -> str:
    """The run in two sentences."""
    images, errors = results["images"], results["test_errors"]
    right = images["test"] - errors
    wrong = f"It was wrong {counted(errors, 'time')}." if errors else "It was never wrong."
    return (
        f"A network with {results['network']['parameters']:,} parameters learned from "
        f"{counted(images['train'], 'image')} in {duration(results['timings']['training_seconds'])}. "
        f"Of {counted(images['test'], 'image')} that it had never seen it recognised {right:,}: "
        f"{percent(results['test_accuracy'], 2)}. {wrong}"
    )


def curves(history: Mapping[str, Any]) -> tuple[str, ...]:
    """How loss and accuracy went, and what that says about overfitting."""
    accuracy, loss = history["validation_accuracy"], history["validation_loss"]
    best = history["best_epoch"]
    epochs = len(accuracy)
    course = (
        f"After the first of {counted(epochs, 'epoch')} the network recognised {percent(accuracy[0], 2)} of the "
        f"validation images, after the last {percent(accuracy[-1], 2)}."
        if epochs > 1
        else f"After its only epoch the network recognised {percent(accuracy[0], 2)} of the validation images."
    )
    kept = (
        f"The weights of epoch {best + 1} were kept: its {percent(accuracy[best], 2)} is the highest validation "
        "accuracy (of equal ones, that with the lowest loss). The validation images were cut from the training part, "
        "and no weight was learned from them; the test images had no part in any choice."
    )
    gap = history["accuracy"][-1] - accuracy[-1]
    if gap < 0:
        compared = (
            f"The last training accuracy, {percent(history['accuracy'][-1], 2)}, is lower than that. It is measured "
            "while the network learns, on images that are shifted, turned and slanted anew each time, and with any "
            "dropout at work; on the validation images the network is left in peace."
        )
    else:
        compared = (
            f"The last training accuracy, {percent(history['accuracy'][-1], 2)}, is {100 * gap:.2f} percentage points "
            "higher: what the network has learned by heart about its own images does not help it on others."
        )
    lowest = min(range(epochs), key=loss.__getitem__)
    rise = loss[-1] / loss[lowest] - 1 if loss[lowest] > 0 else 0.0
    if rise > 0.1:
        fit = (
            f"The validation loss was lowest after epoch {lowest + 1} ({loss[lowest]:.4f}) and rose by {rise:.0%} "
            f"until the end ({loss[-1]:.4f}), a sign of overfitting: the network grows too sure of itself."
        )
    else:
        fit = (
            f"The validation loss ended at {loss[-1]:.4f}, "
            + ("its lowest value" if lowest == epochs - 1 else f"close to its lowest, {loss[lowest]:.4f}")
            + ": no sign of overfitting."
        )
    return f"{course} {kept}", f"{compared} {fit}"


def gradients(norms: Mapping[str, Sequence[float | None]], names: Mapping[str, str]) -> tuple[str, ...]:
    """How far apart the layers' gradients are. norms: by the layer's index; names: of the layers, by index."""
    last = {index: value for index, values in norms.items() if (value := values[-1])}
    if len(last) < 2:
        return ("Long gradients mean large steps; where they shrink to nothing, a layer has stopped learning.",)
    low, high = min(last, key=last.__getitem__), max(last, key=last.__getitem__)
    ratio = last[high] / last[low]
    verdict = (
        "That is a wide range: the layers with short gradients hardly learn."
        if ratio > 1e4
        else "The way back reaches every layer: no gradient vanishes, none explodes."
    )
    return (
        f"In the last epoch the shortest gradient, {last[low]:.2g}, was that of layer {low}, {names.get(low, '?')}; "
        f"the longest, {last[high]:.2g}, that of layer {high}, {names.get(high, '?')}: {ratio:.3g} times as long. "
        f"{verdict}",
    )


def confusions(counts: Sequence[Sequence[int]], classes: Sequence[str]) -> tuple[str, ...]:
    """Which class was hardest, and which two were confused most."""
    pairs = [
        (count, true, said)
        for true, row in enumerate(counts)
        for said, count in enumerate(row)
        if true != said and count
    ]
    if not pairs:
        return ("Every image is on the diagonal: there is nothing to confuse.",)
    errors = sum(count for count, _, _ in pairs)
    count, true, said = max(pairs, key=lambda pair: pair[0])
    back = counts[said][true]
    names = [quoted(name) for name in classes]
    reverse = f", {names[said]} for {names[true]} {counted(back, 'time')}" if back else ", never the other way round"
    seen = [k for k, row in enumerate(counts) if sum(row)]
    recall = {k: counts[k][k] / sum(counts[k]) for k in seen}
    hard, easy = min(seen, key=recall.__getitem__), max(seen, key=recall.__getitem__)
    return (
        f"The most frequent confusion: {names[true]} was taken for {names[said]} {counted(count, 'time')}{reverse}. "
        f"Together that is {percent((count + back) / errors, 0)} of all {counted(errors, 'error')}.",
        f"The hardest class was {names[hard]}: {percent(recall[hard], 1)} of its {counted(sum(counts[hard]), 'image')} "
        f"were recognised. The easiest was {names[easy]}, with {percent(recall[easy], 1)}.",
    )


def mistakes(results: Mapping[str, Any]) -> tuple[str, ...]:
    """How sure the network was when it was wrong."""
    listed, confidence = results["most_confident_mistakes"], results["confidence"]
    if not listed:
        return ("There is no mistake to show.",)
    first = listed[0]
    sure = confidence["mistakes_above_90_percent"]
    right = "" if confidence["right"] is None else f", and {percent(confidence['right'], 1)} when it was right"
    return (
        f"Its surest mistake is test image {first['index']}: {quoted(first['true'])}, taken for "
        f"{quoted(first['predicted'])} with a confidence of {percent(first['confidence'], 2)}. "
        f"Of {counted(results['test_errors'], 'mistake')} the network was more than 90 % sure of {sure or 'none'}. "
        f"On average it was {percent(confidence['wrong'], 1)} sure when it was wrong{right}.",
        "Look at them before you judge the network: some of these images people would argue about as well.",
    )


def filters(figures: Mapping[str, Any]) -> tuple[str, ...]:
    """What the kernels of the first layer respond to."""
    count, cancelling = figures["count"], figures["cancelling"]
    height, width = figures["size"]
    if figures["channels"] == 3:
        return (
            f"Each square is one of the {count} kernels of layer {figures['layer']}, {height} × {width} weights for "
            "each of the colours red, green and blue. Grey stands for zero; the answer is large where the image has "
            "the colours that are shown. Nobody drew the kernels, they were learned. The strongest weight is "
            f"{figures['largest']:.2f}.",
        )
    return (
        f"Each square is one of the {count} kernels of layer {figures['layer']}, {height} × {width} weights that slide "
        "over the image: where the image matches the orange part and avoids the blue one, the answer is large. Nobody "
        "drew them, they were learned.",
        f"In {cancelling} of {count} orange and blue nearly cancel (their sum is less than 30 % of what the weights "
        "are without their signs): these do not answer to an even area but to edges. The others also answer to how "
        f"bright the place is. The strongest weight is {figures['largest']:.2f}.",
    )


def example(figures: Mapping[str, Any], image_shape: Sequence[int]) -> tuple[str, ...]:
    """One image on its way from pixels to an answer."""
    silent = figures["silent"]
    quiet = (
        f" After layer {silent['layer'].removesuffix('()')}, {percent(silent['share'], 0)} of the numbers are zero: "
        "these features are absent from this image."
        if silent
        else ""
    )
    maps = " → ".join("×".join(map(str, shape)) for shape in [image_shape, *figures["maps"]])
    verdict = "rightly taken for" if figures["predicted"] == figures["true"] else "wrongly taken for"
    return (
        f"Test image {figures['index']}, {quoted(figures['true'])}, is {verdict} {quoted(figures['predicted'])} with "
        f"{percent(figures['confidence'], 2)}. On its way it loses detail and gains meaning: {maps} "
        f"(channels × height × width).{quiet}",
    )
