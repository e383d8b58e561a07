"""The game itself: two networks that learn in turn."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable

import numpy as np

from nnfromscratch.data import Dataset
from nnfromscratch.errors import NonFiniteError, RunError, require_int, require_number
from nnfromscratch.gan.checkpoint import GameSave, load_game
from nnfromscratch.gan.checks import require_callables
from nnfromscratch.gan.game import Game, Lesson, Rules, Undo
from nnfromscratch.gan.gradient_penalty import gradient_penalty as penalty_of
from nnfromscratch.gan.gradient_penalty import interpolate
from nnfromscratch.gan.history import GanHistory
from nnfromscratch.gan.looks import look
from nnfromscratch.gan.objectives import Objective, clip_weights
from nnfromscratch.gan.progress import GanProgress
from nnfromscratch.gan.real_images import RealImages
from nnfromscratch.gan.setup import game_settings, new_game, objective_of
from nnfromscratch.gan.techniques import Techniques
from nnfromscratch.gan.trouble import discriminator_trouble, generator_trouble
from nnfromscratch.kernels.threads import use_threads
from nnfromscratch.layers import Layer
from nnfromscratch.layers.layer import Gradients
from nnfromscratch.layers.storage import layer_contents, restore_contents
from nnfromscratch.optimizers import Optimizer
from nnfromscratch.schedules import Schedule
from nnfromscratch.training.interrupt import held_signals
from nnfromscratch.types import Array

NO_TECHNIQUES = Techniques()


def train_gan(
    generator: Layer,
    discriminator: Layer,
    images: Dataset | Array,
    *,
    objective: Objective | str,
    generator_optimizer: Optimizer,
    discriminator_optimizer: Optimizer,
    steps: int,
    rng: np.random.Generator,
    labels: Array | None = None,
    batch_size: int = 128,
    critic_steps: int = 1,
    gradient_penalty: float = 0.0,
    weight_limit: float | None = None,
    techniques: Techniques = NO_TECHNIQUES,
    generator_schedule: Schedule | None = None,
    discriminator_schedule: Schedule | None = None,
    look_every: int = 100,
    samples: int = 64,
    sample_every: int | None = None,
    on_samples: Callable[[int, Array, GanHistory], object] | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    resume: bool = False,
    checkpoint_seconds: float = 10.0,
    progress: bool | None = None,
) -> GanHistory:
    """Let two networks play: the discriminator learns to tell real from generated images, the generator to deceive it.

    Each of the ``steps`` is a round of Algorithm 1 of the paper: ``critic_steps`` times, the discriminator learns from
    a minibatch of real images and one of generated images; then the generator learns from another minibatch of noise.

    ∂L_D/∂θ_D = ∂L_D/∂r · ∂D(x)/∂θ_D + ∂L_D/∂g · ∂D(G(z))/∂θ_D        r = D(x), g = D(G(z))

    ∂L_G/∂θ_G = ∂L_G/∂g · ∂D(G(z))/∂G(z) · ∂G(z)/∂θ_G

    Nothing else is computed: not the gradient of the real images, not the generator's while the discriminator learns,
    not the discriminator's parameters' while the generator does.

    generator: noise (N, latent), standard normal, → images. discriminator: images → scores (N, 1), raw numbers; its
    sigmoid, where the objective has one, is in the loss. Both ``models.Conditional``, or none of them.
    images: a Dataset or an array (N, C, H, W). Bytes, and a Dataset's floats, are brought into the range of the
    generator's last layer (Sigmoid 0 … 1, Tanh −1 … 1); an array of floats has to be there. labels: for conditional
    players, unless a Dataset has them. Minibatches are of ``batch_size`` different images each.
    objective: an Objective or its name. gradient_penalty: its weight, 0 for none. weight_limit: after each of its
    updates the discriminator's weights are clipped to ±this. techniques: see ``Techniques``; with ``average`` the
    samples are made by the averaged generator, and at the end ``generator`` has the averaged weights.
    generator_schedule, discriminator_schedule: the learning rate of step t, from 0, is ``lr`` · schedule(t).
    look_every: how often gradients, diversity and pinned weights are noted in the history. on_samples: called with the
    number of steps, ``samples`` images made of always the same noise, and the history, at the start and every
    ``sample_every`` steps; by a resumed game perhaps again, with the same images.
    rng: everything random is drawn from it. checkpoint, resume, checkpoint_seconds, progress: as in ``training.fit``: a
    game that was killed at any moment, and resumed by the same call on newly made players and optimizers and a
    generator of the same seed, ends with the same bits as one that was never stopped; ``steps`` may be larger than
    before, except with instance noise, which decays by them. Ctrl-C and SIGTERM leave a checkpoint.

    Raises, before anything changes, RangeError, ShapeError or DtypeError for what does not fit together,
    CheckpointError where the checkpoint was written by a game with other settings, RunError where there is one already
    and ``resume`` is not set, or where it cannot be written. Raises NonFiniteError at the first loss or gradient with a
    NaN or an infinity, and names the player and the layer; both players and optimizers are then as before that step.
    Source: Goodfellow et al., Generative Adversarial Nets (2014), Algorithm 1.

    >>> from nnfromscratch.models import article_gan
    >>> from nnfromscratch.optimizers import Adam
    >>> rng = np.random.default_rng(0)
    >>> generator, discriminator = article_gan(rng=rng, image_shape=(1, 8, 8), width=16)
    >>> history = train_gan(
    ...     generator, discriminator, np.full((32, 1, 8, 8), 255, np.uint8), objective="non-saturating",
    ...     generator_optimizer=Adam(), discriminator_optimizer=Adam(), steps=20, batch_size=16, rng=rng,
    ... )
    >>> history.steps, history.real_score[-1] > history.generated_score[-1]
    (20, True)
    """
    rules = Rules(
        objective_of(objective, techniques),
        steps,
        batch_size,
        critic_steps,
        gradient_penalty,
        weight_limit,
        techniques,
        generator_schedule,
        discriminator_schedule,
        look_every,
        samples,
    )
    require_number("train_gan", "checkpoint_seconds", checkpoint_seconds, least=0)
    if sample_every is not None:
        require_int("train_gan", "sample_every", sample_every, least=1)
    require_callables(
        generator_schedule=generator_schedule, discriminator_schedule=discriminator_schedule, on_samples=on_samples
    )
    game, real = new_game(
        generator, discriminator, images, labels, generator_optimizer, discriminator_optimizer, rng, rules
    )
    save = GameSave(checkpoint, checkpoint_seconds)
    _begin(game, real, save, resume)
    base = generator_optimizer.lr, discriminator_optimizer.lr
    display = GanProgress(progress, steps)
    history = game.history
    try:
        quiet = np.errstate(over="ignore", invalid="ignore", divide="ignore")
        with quiet, use_threads(), held_signals() as interrupted, display.game(history.steps):
            if on_samples is not None and history.steps == 0:
                on_samples(0, game.samples(), history)
            while history.steps < steps:
                clock = time.perf_counter()
                game.set_rates(base)
                _step(game, real, save)
                history.seconds += time.perf_counter() - clock
                display.step(history)
                if on_samples is not None and sample_every is not None and history.steps % sample_every == 0:
                    on_samples(history.steps, game.samples(), history)
                if interrupted():
                    _stop(game, save)
                save.when_due(game)
            save(game)
    finally:
        generator_optimizer.lr, discriminator_optimizer.lr = base
    if game.averaged is not None:
        averaged, _ = layer_contents(game.averaged.network)
        restore_contents(generator, averaged, layer_contents(generator)[1], source="the averaged generator")
    return history


def _step(game: Game, real: RealImages, save: GameSave) -> None:
    """One round of Algorithm 1; where a number is not finite, players and optimizers stay as they were."""
    rules, history, undo = game.rules, game.history, Undo(game)
    try:
        lessons = [_teach_discriminator(game, real) for _ in range(rules.critic_steps)]
        lesson = _teach_generator(game, real)
    except NonFiniteError as error:
        undo.put_back(game)
        raise NonFiniteError(f"train_gan: step {history.steps + 1}: {error}{save.kept()}") from None
    for player, past in game.past.items():
        past.update(getattr(game, player).params)
    if game.averaged is not None:
        game.averaged.update(game.generator)
    k = len(lessons)
    history.note(
        discriminator_loss=sum(each.loss for each in lessons) / k,
        generator_loss=lesson.loss,
        real_score=sum(each.real_score for each in lessons) / k,
        generated_score=sum(each.generated_score for each in lessons) / k,
        gradient_penalty=sum(each.penalty for each in lessons) / k if rules.gradient_penalty else None,
    )
    if history.steps % rules.look_every == 0:
        look(history, game.discriminator, lessons[-1], lesson, rules.weight_limit)


def _teach_discriminator(game: Game, real: RealImages) -> Lesson:
    """Draw real images and noise, and let the discriminator tell real images from generated ones a little better."""
    rules, generator, discriminator, states = game.rules, game.generator, game.discriminator, game.states()
    images, labels = game.draw(real)
    z = game.draw_noise(rules.batch_size)
    generated, _ = generator.forward(z, *labels)  # the generator holds still: nobody goes its way back
    x, generated = game.as_seen(images), game.as_seen(generated)

    real_scores, real_backward = discriminator.forward(x, *labels)
    generated_scores, generated_backward = discriminator.forward(generated, *labels)
    loss, backward = rules.objective.discriminator_loss(real_scores, generated_scores)
    dreal, dgenerated = backward()
    _, of_real = real_backward(dreal, wrt=("params",))
    _, of_generated = generated_backward(dgenerated, wrt=("params",))
    grads = _sum(of_real, of_generated)

    lesson = Lesson(loss, grads, images, 0.0, float(real_scores.mean()), float(generated_scores.mean()))
    points = None
    if rules.gradient_penalty:
        points = interpolate(x, generated, game.rng)
        lesson.penalty, penalty_backward = penalty_of(discriminator, points)
        lesson.grads = _sum(lesson.grads, penalty_backward(rules.gradient_penalty))
    _learn(game, "discriminator", lesson, lambda: discriminator_trouble(game, states, z, labels, x, generated, points))
    if rules.weight_limit is not None:
        clip_weights(discriminator.params, rules.weight_limit)
    return lesson


def _teach_generator(game: Game, real: RealImages) -> Lesson:
    """Draw noise, and let the generator make images of it that the discriminator takes for real a little more."""
    rules, generator, critic, states = game.rules, game.generator, game.critic, game.states()
    images, labels = game.draw(real) if rules.techniques.feature_matching else (None, game.draw_labels(real))
    z = game.draw_noise(rules.batch_size)
    generated, generator_backward = generator.forward(z, *labels)
    x, seen = None if images is None else game.as_seen(images), game.as_seen(generated)

    features = None if x is None else critic.forward(x, *labels)[0]
    judged, critic_backward = critic.forward(seen, *labels)
    loss, backward = game.generator_loss(judged, features)
    dimages, _ = critic_backward(backward(), wrt=("x",))  # the discriminator holds still: no gradients of its own
    _, grads = generator_backward(dimages, wrt=("params",))

    lesson = Lesson(loss, grads, generated)
    _learn(game, "generator", lesson, lambda: generator_trouble(game, states, z, labels, x, seen))
    return lesson


def _learn(game: Game, player: str, lesson: Lesson, trouble: Callable[[], str]) -> None:
    """One step of the player's optimizer, or NonFiniteError before it where a number of the lesson is not finite."""
    params = getattr(game, player).params
    if player in game.past:
        _, past_backward = game.past[player].penalty(params)
        lesson.grads = _sum(lesson.grads, past_backward())
    loss = lesson.loss + lesson.penalty
    # a sum is finite only where all its terms are; of the few that overflow the terms themselves are looked at
    if not (math.isfinite(loss) and all(math.isfinite(g.sum()) or np.isfinite(g).all() for g in lesson.grads.values())):
        what = f"loss {loss:.4g}" + (" and a gradient that is not finite" if math.isfinite(loss) else "")
        raise NonFiniteError(f"the {player} expects finite numbers, has {what}; where it began: {trouble()}")
    getattr(game, f"{player}_optimizer").step(params, lesson.grads)


def _sum(grads: Gradients, others: Gradients) -> Gradients:
    return {name: gradient + others[name] for name, gradient in grads.items()}


def _begin(game: Game, real: RealImages, save: GameSave, resume: bool) -> None:
    """Take up the game where its checkpoint stands, or write the first one: what cannot be written, shows at once."""
    if save.path is not None:
        game.settings = game_settings(game, real)
        if save.path.exists() and not resume:
            raise RunError(f"train_gan: checkpoint expects a new file, {save.path} exists; resume=True goes on from it")
        if save.path.exists():
            load_game(save.path, game)
            return
    game.noise = game.draw_noise(game.rules.samples)
    save(game)


def _stop(game: Game, save: GameSave) -> None:
    """End after Ctrl-C with everything saved."""
    save(game)
    kept = "" if save.path is None else f"; {save.path} has it all, resume=True goes on from it"
    raise KeyboardInterrupt(f"train_gan: stopped after {game.place()}{kept}")
