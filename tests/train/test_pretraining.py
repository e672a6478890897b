"""Pretraining: its phases against plain NumPy, what it hands over, and what it must not touch."""

import itertools

import jax.numpy as jnp
import numpy as np
import pytest

from bench.errors import InputError
from bench.spec import Run
from bench.theory import autoencoders, backprop, meanfield
from bench.train import ORDERS, Phase, Pretraining
from bench.train.orders import stream
from bench.train.pretraining import NOISE_ROWS, noise_at, noise_rows
from models import LOSSES

ROWS = {"data": "classes", "data.rows": 24, "data.features": 3, "data.classes": 3, "scaling": "raw"}
NET = {**ROWS, "model": "mlp", "depth": 2, "width": 4, "activation": "sigmoid", "dtype": "float64"}
RUN = {**NET, "steps": 0, "probes": "parameters"}
GREEDY = {"pretraining": "denoising_probabilities", "pretraining_steps": 5, "pretraining.learning_rate": 0.5}
SIZES = (3, 4, 4, 3)


def _start(train, **more):
    """Parameters before the first step, (lanes, parameters)."""
    return train({**RUN, **more}).value("parameter")[:, 0]


def _by_hand(found, start, probabilities, noise):
    """The same pretraining in NumPy, in minibatches of the program's own order and noise."""
    x, static = found.tables[0].x, found.program.static
    size, steps = static["batch_size"], static["pretraining_steps"]
    order = ORDERS["reshuffle"](stream(0, 2), len(x), size, steps * (static["depth"]), "drop")
    uniform = noise_rows(stream(0, 3), 4)
    kept = lambda step: uniform[(step * size + np.arange(size)) % NOISE_ROWS] >= noise  # noqa: E731
    layers = backprop.split(start, SIZES)
    phi = meanfield.ACTIVATIONS["sigmoid"]
    batches = lambda step: (order[step], kept(step))  # noqa: E731
    return backprop.flat(autoencoders.greedy(layers, x, phi, 0.5, steps, batches, probabilities))


@pytest.mark.slow
@pytest.mark.parametrize(("name", "probabilities"), [("denoising", [0, 0]), ("denoising_probabilities", [0, 1])])
def test_every_layer_descends_its_own_reconstruction_loss(train, name, probabilities):
    start = _start(train)[0]
    found = train({**RUN, **GREEDY, "pretraining": name, "batch_size": 5, "pretraining.noise": [0.0, 0.3, 1.0]})
    for lane, noise in enumerate(found.program.lanes["pretraining.noise"]):
        want = _by_hand(found, start, probabilities, noise)
        np.testing.assert_allclose(found.value("parameter")[lane, 0], want, rtol=1e-11, atol=1e-13)
        assert not np.allclose(want, start)


@pytest.mark.slow
def test_the_output_layer_stays_and_every_hidden_layer_moves(train):
    before, after = backprop.split(_start(train)[0], SIZES), backprop.split(_start(train, **GREEDY)[0], SIZES)
    pairs = zip(itertools.chain(*before), itertools.chain(*after), strict=True)
    assert [np.array_equal(*pair) for pair in pairs] == [False] * 4 + [True] * 2


def test_no_steps_are_no_pretraining(catalogue):
    asked = {**RUN, **GREEDY}
    none, zero = ({**asked, "pretraining": "none"}, {**asked, "pretraining_steps": 0})
    plain = {"pretraining": "none", "pretraining_steps": None}
    for axes in (none, zero):
        static = {field: getattr(Run, field) for field in Run.__dataclass_fields__ if field != "options"} | axes
        about = catalogue.describe(static, [0])
        assert {axis: about.static[axis] for axis in plain} == plain
        assert about.steps_before == 0
        assert not any(axis.startswith("pretraining") for axis in about.hyper)


@pytest.mark.slow
def test_fine_tuning_goes_on_from_there_with_the_batches_of_the_plain_run(train):
    run = {**NET, "probes": "parameters", "batch_size": 5, "steps": 7, "checkpoints": 1, "learning_rate": 0.3}
    found = train({**run, **GREEDY})
    path, table = found.value("parameter")[0], found.tables[0]
    phi = meanfield.ACTIVATIONS["sigmoid"]
    for step, rows in enumerate(ORDERS["reshuffle"](stream(0, 1), table.rows, 5, 7, "drop")):
        layers = backprop.split(path[step], SIZES)
        slope = backprop.gradient(layers, table.x[rows], table.y[rows], phi, "softmax_cross_entropy")[1]
        np.testing.assert_allclose(path[step + 1], path[step] - 0.3 * backprop.flat(slope), rtol=1e-10, atol=1e-13)


@pytest.mark.slow
def test_padded_rows_do_not_count(train):
    """The second batch of an epoch has 4 rows, and 16 of padding."""
    padded = {"batch_size": 20, "ragged": "pad", "order": "sequential", "pretraining_steps": 2, "pretraining.noise": 0}
    start, found = _start(train)[0], _start(train, **{**GREEDY, **padded})[0]
    x = train({**RUN}).tables[0].x
    halves = [np.arange(20), np.arange(20, 24)]
    batches = lambda step: (halves[step % 2], np.ones((len(halves[step % 2]), 4), bool))  # noqa: E731
    phi = meanfield.ACTIVATIONS["sigmoid"]
    want = autoencoders.greedy(backprop.split(start, SIZES), x, phi, 0.5, 2, batches, [False, True])
    np.testing.assert_allclose(found, backprop.flat(want), rtol=1e-11, atol=1e-13)


@pytest.mark.slow
def test_seeds_have_noise_and_orders_of_their_own_and_share_them_over_lanes(train):
    many = {**GREEDY, "batch_size": 5, "pretraining.noise": 0.5, "seed": [3, 4], "learning_rate": [0.1, 0.2]}
    found = train({**RUN, **many})
    for seed in (3, 4):
        one, two = (found.value("parameter")[found.lane(seed=seed, learning_rate=rate)] for rate in (0.1, 0.2))
        assert np.array_equal(one, two)
        alone = _start(train, **{**many, "seed": seed, "learning_rate": 0.1})[0]
        np.testing.assert_allclose(one[0], alone, rtol=1e-12)


@pytest.mark.slow
def test_a_phase_runs_with_the_optimizer_of_the_run(train):
    adam = {**GREEDY, "optimizer": "adam", "pretraining_steps": 1, "pretraining.learning_rate": 0.01}
    moved = np.abs(_start(train, **adam)[0] - _start(train)[0])[: 4 * (3 + 1 + 4 + 1)]
    np.testing.assert_allclose(moved, 0.01, rtol=1e-3)  # a first step of Adam has the size of the rate


@pytest.mark.slow
def test_phases_of_ones_own(train, parts):
    """Here the output layer alone is trained first, on the classes."""
    loss = LOSSES["softmax_cross_entropy"].per_row

    def phases(model, static):
        def objective(own, params, batch, hyper):
            return loss(model.apply([*params[:-1], own], batch.x, hyper), batch.y).mean()

        return (Phase(lambda params: params[-1], objective, lambda own, params: [*params[:-1], own]),)

    own = parts.added("pretrainings", "head_first", Pretraining(phases, {"learning_rate": 0.1}))
    axes = {**RUN, "pretraining": "head_first", "pretraining_steps": 50, "pretraining.learning_rate": 0.5}
    found, plain = train(axes, parts=own), train(RUN)
    before, after = (backprop.flat(backprop.split(run.value("parameter")[0, 0], SIZES)[:-1]) for run in (plain, found))
    assert np.array_equal(before, after)
    assert found.curve("train_loss")[0, 0] < plain.curve("train_loss")[0, 0]


@pytest.mark.slow
def test_a_pretraining_that_diverges_is_a_run_that_diverged(train):
    found = train({**RUN, **GREEDY, "dtype": "float32", "pretraining": "denoising", "pretraining.learning_rate": 1e6})
    assert found.outcome.runs["first_bad_step"].tolist() == [0]


@pytest.mark.slow
def test_the_noise_is_uniform_and_used_in_turn():
    noise = noise_rows(np.random.default_rng(0), 50)
    assert noise.shape == (NOISE_ROWS, 50)
    assert noise.min() >= 0
    assert noise.max() < 1
    assert np.mean(noise < 0.2) == pytest.approx(0.2, abs=0.003)
    both, used = jnp.asarray(np.stack([noise, noise[::-1]])), []
    for step in range(4):
        now = np.asarray(noise_at(both, jnp.int32(step), 3000))
        assert np.array_equal(now[1], noise[::-1][(step * 3000 + np.arange(3000)) % NOISE_ROWS])
        used.append(now[0])
    assert np.array_equal(np.concatenate(used), np.concatenate([noise, noise])[:12000])


@pytest.mark.parametrize(
    ("axes", "message"),
    [
        ({"model": "residual"}, "model 'residual' cannot be trained layer by layer; give 'mlp'"),
        ({"model": "autoencoder", "depth": 3, "data.target": "inputs"}, "model 'autoencoder' cannot"),
        ({"model": "softmax"}, "does not apply to pretraining 'none'"),  # no hidden layer
        ({"activation": "tanh"}, "takes hidden signals for probabilities, which those of 'tanh' are not"),
        ({"pretraining": "denoisng"}, "pretraining 'denoisng'"),
        ({"pretraining.noise": 1.5}, "give a share of inputs, from 0 to 1"),
        ({"pretraining.learning_rate": 0.0}, "give a number above 0"),
        ({"pretraining_steps": -1}, "whole number of at least 0"),
        ({"pretraining.momentum": 0.9}, "axis 'pretraining.momentum' does not apply to pretraining"),
        ({"pretraining": "none"}, "axis 'pretraining.learning_rate' does not apply to pretraining 'none'"),
    ],
)
def test_what_cannot_be_pretrained_is_refused(train, axes, message):
    rows = {"data": "digits"} if "data.target" in axes else ROWS
    with pytest.raises(InputError, match=message):
        train({**RUN, **GREEDY, **axes} if rows is ROWS else {**GREEDY, **rows, **axes, "steps": 0})


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "activation"), [("mlp", "tanh"), ("batch_normalised", "relu"), ("layer_normalised", "prelu")]
)
def test_any_plain_network_can_be_pretrained(train, model, activation):
    own = {"pretraining": "denoising", "pretraining_steps": 3, "batch_size": 8, "optimizer": "momentum"}
    found = train({**RUN, **own, "model": model, "activation": activation, "steps": 2})
    assert np.isfinite(found.curve("train_loss")).all()
