"""A game that is killed at any moment and resumed: the same bits as never stopped."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from death_cases import environment
from game_cases import (
    SHAPE,
    conditional_players,
    fingerprint,
    pictures,
    players,
    quarters,
    resumable,
)

from nnfromscratch import kernels
from nnfromscratch.archive import read_archive, write_archive
from nnfromscratch.errors import CheckpointError, RunError
from nnfromscratch.gan import checkpoint
from nnfromscratch.gan.objectives import OBJECTIVES
from nnfromscratch.gan.techniques import Techniques
from nnfromscratch.gan.training import train_gan
from nnfromscratch.layers import Dense, LeakyReLU, Reshape, Sequential, Sigmoid, Tanh, VirtualBatchNorm, WithReference
from nnfromscratch.optimizers import SGD, Adam, Momentum, Optimizer
from nnfromscratch.schedules import Constant


@pytest.fixture(scope="module")
def unbroken():
    return fingerprint(*resumable(None))


class Killed(BaseException):
    """Nobody catches it."""


def kill_before_update(monkeypatch, number):
    step, count = Optimizer.step, 0

    def wrapped(self, params, grads):
        nonlocal count
        count += 1
        if count == number:
            raise Killed
        step(self, params, grads)

    monkeypatch.setattr(Optimizer, "step", wrapped)


@pytest.mark.parametrize("seconds", [0, 1000])
@pytest.mark.parametrize("update", [1, 2, 3, 4, 13, 15, 36])
def test_resumed_from_every_kind_of_place(unbroken, tmp_path, monkeypatch, update, seconds):
    """Before, between and after the critic's updates of a step, in the first step and in the last: 3 updates a step."""
    seen = []

    def keep(step, images, history):
        seen.append((step, images.tobytes().hex()))

    settings = {"checkpoint_seconds": seconds, "on_samples": keep}
    with monkeypatch.context() as patch:
        kill_before_update(patch, update)
        with pytest.raises(Killed):
            resumable(tmp_path / "game.npz", **settings)
    *done, _ = resumable(tmp_path / "game.npz", **settings)
    assert fingerprint(*done, seen) == unbroken
    shown = [step for step, _ in seen]
    assert set(shown) == {0, 4, 8, 12}
    assert len(set(seen)) == 4  # where an image was shown twice, it was the same


def test_stopped_again_and_again(unbroken, tmp_path, monkeypatch):
    seen = {}
    for update in (5, 4, 9, 1, 7):
        with monkeypatch.context() as patch:
            kill_before_update(patch, update)
            with pytest.raises(Killed):
                resumable(tmp_path / "game.npz", on_samples=lambda step, x, _: seen.update({step: x.tobytes().hex()}))
    *done, last = resumable(tmp_path / "game.npz")
    assert fingerprint(*done, {**seen, **dict(last)}.items()) == unbroken


def test_a_longer_game_goes_on_where_a_shorter_one_ended(unbroken, tmp_path):
    *_, first = resumable(tmp_path / "game.npz", steps=7)
    *done, second = resumable(tmp_path / "game.npz")
    assert fingerprint(*done, first + second) == unbroken


def test_a_finished_game_returns_at_once(unbroken, tmp_path, monkeypatch):
    *_, seen = resumable(tmp_path / "game.npz")
    monkeypatch.setattr(Optimizer, "step", None)
    *done, again = resumable(tmp_path / "game.npz")
    assert again == []
    assert fingerprint(*done, seen) == unbroken


def reference_players():
    rng = np.random.default_rng(0)
    _, discriminator = players()
    inner = Sequential(
        Dense(3, 6, rng=rng), VirtualBatchNorm(6, 5), LeakyReLU(), Dense(6, 16, rng=rng), Sigmoid(), Reshape(SHAPE),
        input_shape=(3,),
    )  # fmt: skip
    return WithReference(inner, rng.standard_normal((5, 3), np.float32)), discriminator


OTHERS = {
    "plain": lambda: {"pair": players(), "techniques": Techniques()},
    "conditional": lambda: {"pair": conditional_players(), "labels": quarters()},
    "feature matching": lambda: {"techniques": Techniques(feature_matching=True, instance_noise=0.3)},
    "virtual batch norm": lambda: {"pair": reference_players(), "techniques": Techniques(virtual_batch_norm=True)},
    "penalty": lambda: {
        "pair": players(), "objective": "wasserstein", "gradient_penalty": 10.0, "techniques": Techniques(average=0.5),
    },
    "clipping": lambda: {
        "pair": players(), "objective": "wasserstein", "weight_limit": 0.1, "techniques": Techniques(),
    },
    "float64": lambda: {"pair": players(dtype=np.float64)},
}  # fmt: skip


@pytest.mark.parametrize("kind", OTHERS)
def test_other_kinds_of_games(kind, tmp_path, monkeypatch):
    whole = fingerprint(*resumable(None, **OTHERS[kind]()))
    for update in (14, 8):
        with monkeypatch.context() as patch:
            kill_before_update(patch, update)
            with pytest.raises(Killed):
                resumable(tmp_path / "game.npz", **OTHERS[kind](), on_samples=None)
    again = fingerprint(*resumable(tmp_path / "game.npz", **OTHERS[kind]()))
    assert again.rpartition(", {")[0] == whole.rpartition(", {")[0]  # all but the samples, of which the first are gone


def test_the_memory_order_of_parameters_survives(tmp_path):
    def game(path, steps=12):
        pair = players()
        for player in pair:
            for name, array in player.params.items():
                player.params[name] = np.asfortranarray(array)
        done = resumable(path, pair=pair, steps=steps, on_samples=None)
        assert pair[1].params["1.weight"].flags.f_contiguous
        return fingerprint(*done)

    game(tmp_path / "game.npz", steps=5)
    assert game(tmp_path / "game.npz") == game(None)


# --- killed from outside, in a process of its own


def start(folder, *plan):
    script = Path(__file__).with_name("game_cases.py")
    command = [sys.executable, str(script), str(folder), *map(str, plan)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, env=environment())


def finish(folder):
    process = start(folder)
    _, errors = process.communicate(timeout=600)
    assert process.returncode == 0, errors.decode()
    return (folder / "done.txt").read_text()


def test_killed_in_the_middle_of_everything(tmp_path, unbroken):
    """The samples are left out of the comparison: some were shown to a process that is no more."""
    for where, when in [("writing", 1), ("stepping", 5), ("writing", 4), ("showing", 2)]:
        process = start(tmp_path, where, when)
        process.communicate(timeout=600)
        assert process.returncode == -signal.SIGKILL, where
        if where == "writing":
            assert list(tmp_path.glob(".game.npz.*.part"))
    assert finish(tmp_path).rpartition(", {")[0] == unbroken.rpartition(", {")[0]
    assert not list(tmp_path.glob(".game.npz.*"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_leaves_a_checkpoint(tmp_path, unbroken, number):
    """From inside a step, so that the signal always comes before the end."""
    process = start(tmp_path, "signalling", int(number))
    _, errors = process.communicate(timeout=600)
    if number == signal.SIGINT:
        assert process.returncode in (1, 130, -signal.SIGINT)
        assert b"KeyboardInterrupt: train_gan: stopped after step 2" in errors
        assert b"game.npz has it all, resume=True goes on from it" in errors
    else:
        assert process.returncode == -signal.SIGTERM
    assert len(read_archive(tmp_path / "game.npz")[0]["history/generator_loss"]) == 2
    assert finish(tmp_path).rpartition(", {")[0] == unbroken.rpartition(", {")[0]


# --- when it is written


def test_checkpoints_are_written_now_and_then(tmp_path, monkeypatch):
    written, save = [], checkpoint.save_game
    monkeypatch.setattr(
        checkpoint, "save_game", lambda path, game: (written.append(game.history.steps), save(path, game))
    )
    resumable(tmp_path / "every.npz")
    assert written == [*range(13), 12]
    written.clear()
    resumable(tmp_path / "rarely.npz", checkpoint_seconds=1000)
    assert written == [0, 12]


def test_it_has_no_pickle_and_numpy_reads_it(tmp_path):
    generator, *_ = resumable(tmp_path / "game.npz", techniques=Techniques())
    with np.load(tmp_path / "game.npz", allow_pickle=False) as file:
        np.testing.assert_array_equal(file["generator/params/0.weight"], generator.params["0.weight"])
        assert file["noise"].shape == (4, 3)
        assert file["history/real_score"].shape == (12,)


def test_the_averaged_generator_and_the_last_one_are_both_in_the_checkpoint(tmp_path):
    generator, *_ = resumable(tmp_path / "game.npz")
    arrays, _ = read_archive(tmp_path / "game.npz")
    last = resumable(None, techniques=Techniques(historical_averaging=1e-3, label_smoothing=0.1))[0]
    for name, array in generator.params.items():
        np.testing.assert_array_equal(arrays[f"averaged/params/{name}"], array)
        np.testing.assert_array_equal(arrays[f"generator/params/{name}"], last.params[name])


# --- what does not belong together


@pytest.fixture
def begun(tmp_path):
    path = tmp_path / "game.npz"
    resumable(path, steps=2, **arguments())
    return path


def arguments(**changes):
    return {
        "pair": players(), "generator_optimizer": Adam(0.01), "discriminator_optimizer": Adam(0.02),
        "techniques": Techniques(), "generator_schedule": None, "on_samples": None, **changes,
    }  # fmt: skip


OTHER = {
    "layer 0 of the generator": {"pair": (players(width=6)[0], players()[1])},
    "layer 1 of the discriminator": {"pair": (players()[0], players(width=6)[1])},
    "layer 3 of the generator": {"pair": players(last=Tanh)},
    "what is around the generator": {"pair": conditional_players(), "labels": quarters()},
    "images": {"images": pictures(seed=4)},
    "generator_optimizer": {"generator_optimizer": Adam(0.011)},
    "discriminator_optimizer": {"discriminator_optimizer": SGD(0.02)},
    "seed": {"seed": 7},
    "objective": {"objective": OBJECTIVES["minimax"]},
    "batch_size": {"batch_size": 7},
    "critic_steps": {"critic_steps": 1},
    "gradient_penalty": {"gradient_penalty": 1.0},
    "weight_limit": {"weight_limit": 1.0},
    "techniques": {"techniques": Techniques(average=0.5)},
    "generator_schedule": {"generator_schedule": Constant()},
    "discriminator_schedule": {"discriminator_schedule": Constant()},
    "look_every": {"look_every": 6},
    "samples": {"samples": 5},
    "at least 2 steps": {"steps": 1},
}


@pytest.mark.parametrize("named", OTHER)
def test_other_settings_are_named_and_nothing_changes(begun, named):
    given = arguments(**OTHER[named])
    pair, kept = given["pair"], begun.read_bytes()
    before = [{name: array.copy() for name, array in player.params.items()} for player in pair]
    with pytest.raises(CheckpointError, match=rf"game\.npz: resume expects {named}"):
        resumable(begun, **{"steps": 3, **given})
    for player, then in zip(pair, before, strict=True):
        assert all((player.params[name] == array).all() for name, array in then.items())
    assert given["generator_optimizer"].steps == 0
    assert begun.read_bytes() == kept


def test_every_setting_is_among_them(begun):
    _, description = read_archive(begun)
    plain = {name for name in description["settings"] if not name.startswith("layer")}
    assert plain <= set(OTHER)


def test_with_instance_noise_the_number_of_steps_is_a_setting_too(tmp_path):
    """It decays by them."""
    noise = {"techniques": Techniques(instance_noise=0.1)}
    resumable(tmp_path / "game.npz", steps=2, **arguments(**noise))
    with pytest.raises(CheckpointError, match="resume expects steps as when the run began: 2; is 3"):
        resumable(tmp_path / "game.npz", steps=3, **arguments(**noise))


def test_the_generator_of_random_numbers_may_have_moved_on(begun):
    """The same cell of a notebook again, with the objects of the interrupted game."""
    rng = np.random.default_rng(1)
    rng.random(100)
    given = arguments(
        objective="non-saturating", batch_size=8, critic_steps=2, look_every=5, samples=4, checkpoint=begun, resume=True
    )
    generator, discriminator = given.pop("pair")
    with kernels.use("vectorized"):
        history = train_gan(generator, discriminator, pictures(), steps=4, rng=rng, **given)
    assert history.generator_loss == resumable(None, steps=4, **arguments())[5].generator_loss


@pytest.mark.parametrize("keep", [0, 10, 1000, -1])
def test_a_checkpoint_cut_short_changes_nothing(begun, keep):
    begun.write_bytes(begun.read_bytes()[:keep])
    given = arguments()
    with pytest.raises(CheckpointError, match=r"game\.npz"):
        resumable(begun, steps=3, **given)
    assert all((given["pair"][0].params[name] == array).all() for name, array in players()[0].params.items())


@pytest.mark.parametrize(
    "gone",
    ["generator_optimizer/m.0.weight", "noise", "history/real_score", "discriminator/params/1.bias"],
)
def test_an_incomplete_checkpoint_changes_nothing(begun, gone):
    arrays, description = read_archive(begun)
    del arrays[gone]
    write_archive(begun, arrays, description)
    given = arguments()
    with pytest.raises(CheckpointError):
        resumable(begun, steps=3, **given)
    for player, untouched in zip(given["pair"], players(), strict=True):
        assert all((player.params[name] == array).all() for name, array in untouched.params.items())
    assert given["discriminator_optimizer"].steps == 0


def test_a_saved_network_is_no_checkpoint(tmp_path):
    players()[0].save(tmp_path / "game.npz")
    with pytest.raises(CheckpointError, match="expects a checkpoint of train_gan, is a saved layer"):
        resumable(tmp_path / "game.npz")


def test_an_existing_checkpoint_is_not_overwritten(begun):
    before = begun.read_bytes()
    with pytest.raises(RunError, match="resume=True"):
        resumable(begun, resume=False, **arguments())
    assert begun.read_bytes() == before


def test_a_folder_that_is_not_there_shows_before_training(tmp_path, monkeypatch):
    monkeypatch.setattr(Optimizer, "step", None)
    with pytest.raises(RunError, match="nowhere"):
        resumable(tmp_path / "nowhere" / "game.npz")


def test_a_full_disk_leaves_the_last_checkpoint(tmp_path, monkeypatch):
    from nnfromscratch import archive

    path = tmp_path / "game.npz"
    write_whole, count = archive.write_whole, 0

    def full(path, write):
        nonlocal count
        count += 1
        if count > 3:

            def write(file):
                file.write(b"PK")
                raise OSError(28, "No space left on device")

        write_whole(path, write)

    with monkeypatch.context() as patch:
        patch.setattr(archive, "write_whole", full)
        with pytest.raises(RunError, match="No space left"):
            resumable(path)
    assert [p.name for p in tmp_path.iterdir()] == ["game.npz"]
    assert fingerprint(*resumable(path, on_samples=None)) == fingerprint(*resumable(None, on_samples=None))


def test_seconds_are_added_up_over_the_parts(tmp_path):
    first = resumable(tmp_path / "game.npz", steps=6)[5].seconds
    began = time.perf_counter()
    whole = resumable(tmp_path / "game.npz")[5].seconds
    assert first < whole < first + time.perf_counter() - began


def test_momentum_is_resumed_as_well(tmp_path):
    def game(path, steps):
        optimizers = {"generator_optimizer": Momentum(0.1), "discriminator_optimizer": Momentum(0.1, nesterov=True)}
        return fingerprint(*resumable(path, steps=steps, on_samples=None, **optimizers))

    game(tmp_path / "game.npz", 5)
    assert game(tmp_path / "game.npz", 9) == game(None, 9)
