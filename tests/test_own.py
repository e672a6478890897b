"""Parts of one's own: plain functions, their traced constants, what is refused, and what packages offer."""

import importlib
import sys

import equinox
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import bench
from bench import own, run
from bench.errors import InputError
from bench.own import with_installed, with_own
from bench.parts import Catalogue
from bench.plan import plan
from bench.spec import Grid

TINY = {"data": "iris", "steps": 3, "probes": "off", "scaling": "standard"}


@pytest.fixture(autouse=True)
def _environment(monkeypatch, devices):
    monkeypatch.setenv("DESCENTBENCH_CACHE", "off")


def curves(train, axes, given, **more):
    return train({**TINY, **axes}, parts=given, **more).outcome.curves["train_loss"]


def two_layers(normal, shape, width):
    first, _ = normal(shape.inputs, width) / shape.inputs**0.5, normal(width)
    last, _ = normal(width, shape.outputs) / width**0.5, normal(shape.outputs)
    return first, last, jnp.zeros(width), jnp.zeros(shape.outputs)


def applied(parameters, x):
    first, last, bias, other = parameters
    return jnp.tanh(x @ first + bias) @ last + other


@pytest.mark.slow
def test_an_optimizer_is_its_factory_and_its_floats_are_traced_axes(train, parts):
    given = with_own(
        parts, optimizers={"mine": lambda learning_rate, decay=0.9, count=2: optax.sgd(learning_rate, decay)}
    )
    assert given.methods["mine"].constants == {"decay": 0.9}
    rates = {"learning_rate": [0.1, 0.2]}
    mine = curves(train, {"optimizer": "mine", "optimizer.decay": [0.5, 0.9], **rates}, given)
    theirs = curves(train, {"optimizer": "momentum", "optimizer.momentum": [0.5, 0.9], **rates}, parts)
    np.testing.assert_array_equal(mine, theirs)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["adam", "adabelief", "rmsprop", "lamb", "radam", "lbfgs", "yogi"])
def test_a_factory_of_optax_is_an_optimizer_as_it_is(name, train, parts):
    given = with_own(parts, optimizers={"mine": getattr(optax, name)})
    assert np.isfinite(curves(train, {"optimizer": "mine", "model": "softmax"}, given)).all()


@pytest.mark.slow
def test_an_activation_has_traced_constants(train, parts):
    given = with_own(parts, activations={"mine": lambda z, slope=0.01: jnp.where(z > 0, z, slope * z)})
    axes = {"model": "mlp", "activation.slope": [0.01, 0.3]}
    mine, theirs = (curves(train, {**axes, "activation": name}, given) for name in ("mine", "leaky_relu"))
    np.testing.assert_array_equal(mine, theirs)


@pytest.mark.slow
def test_an_init_scales_the_draw(train, parts):
    given = with_own(parts, inits={"mine": lambda normals: normals * normals.shape[0] ** -0.5})
    mine, theirs = (curves(train, {"model": "mlp", "init": name}, given) for name in ("mine", "lecun"))
    np.testing.assert_allclose(mine, theirs, rtol=1e-6)


@pytest.mark.slow
def test_a_loss_may_broadcast_as_numpy_does(train, parts):
    given = with_own(parts, losses={"mine": lambda outputs, y: 0.5 * jnp.sum((outputs.T - y) ** 2, axis=0)})
    mine, theirs = (curves(train, {"data": "diabetes", "loss": n}, given) for n in ("mine", "half_squared_error"))
    np.testing.assert_allclose(mine, theirs, rtol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_model_of_two_functions_trains_as_its_twin(dtype, train, parts):
    given = with_own(parts, models={"mine": (two_layers, applied)})
    axes = {"depth": 1, "width": 8, "init": "lecun", "dtype": dtype, "l2": 3.0, "batch_size": 32, "seed": [0, 1]}
    mine, theirs = (curves(train, {**axes, "model": name}, given) for name in ("mine", "mlp"))
    np.testing.assert_allclose(mine, theirs, rtol=1e-5 if dtype == "float32" else 1e-12)


@pytest.mark.slow
def test_a_module_with_leaves_that_are_no_arrays_trains_from_a_key_of_the_seed(train, parts):
    def init(normal, shape):
        return equinox.nn.MLP(shape.inputs, shape.outputs, 8, 1, key=normal.key())

    given = with_own(parts, models={"mine": (init, lambda net, x: jax.vmap(net)(x))})
    found = curves(train, {"model": "mine", "seed": [0, 1], "steps": 30, "learning_rate": 0.3}, given)
    assert (found[:, -1] < found[:, 0]).all()
    assert found[0, 0] != found[1, 0]


def test_the_default_probes_take_a_model_of_ones_own(train, parts):
    given = with_own(parts, models={"mine": (two_layers, applied)})
    assert "gradient_norm" in train({**TINY, "model": "mine", "probes": "norms"}, parts=given).outcome.curves


BAD = [
    ({"optimizers": {"mine": 3}}, "optimizer 'mine' is a int; give a function"),
    (
        {"optimizers": {"mine": lambda rate: optax.sgd(rate, 0.9)}},
        "optimizer 'mine' fails on a trial: TypeError: .*learning_ra",
    ),
    ({"optimizers": {"mine": lambda learning_rate: 3}}, "'mine' gives a int; give an optax.GradientTransformation"),
    ({"activations": {"mine": None}}, "activation 'mine' is a NoneType; give a function"),
    ({"activations": {"mine": lambda z: z.sum()}}, r"activation 'mine' makes \(\) of an array of shape \(3, 2\)"),
    ({"activations": {"mine": lambda z: 1 / 0}}, "activation 'mine' fails on a trial: ZeroDivisionError"),
    ({"activations": {"mine": lambda z: z if z[0, 0] else 0}}, "activation 'mine' fails on a trial: TracerBool"),
    (
        {"inits": {"mine": lambda draw: draw.T}},
        r"init 'mine' makes \(2, 3\) of an array of shape \(3, 2\); give the sa",
    ),
    ({"losses": {"mine": "mse"}}, "loss 'mine' is a str; give a function"),
    ({"models": {"mine": two_layers}}, r"model 'mine' is a function; give a pair of functions \(init, apply\)"),
    ({"data": {"mine": [1, 2]}}, "data 'mine' is a list; give a pair of arrays"),
]


@pytest.mark.parametrize(("given", "said"), BAD)
def test_what_is_no_part_is_refused_in_one_sentence(given, said, parts):
    with pytest.raises(InputError, match=said) as caught:
        with_own(parts, **given)
    assert "\n" not in str(caught.value)


MODELS = [
    ((lambda normal, shape: {}, lambda p, x: x), "init gave no arrays"),
    ((lambda normal, shape: jnp.arange(3), lambda p, x: x), "init gave parameters of type int"),
    ((lambda normal, shape: normal(3), lambda p, x: x[:, 0]), r"apply gave \(2,\) for 2 rows; give .* here \(2, 3\)"),
    ((lambda normal: normal(3), lambda p, x: x), "fails on a trial: TypeError"),
]


@pytest.mark.parametrize(("pair", "said"), MODELS)
def test_a_model_that_cannot_be_right_is_refused_before_anything_is_written(pair, said, tmp_path):
    with pytest.raises(InputError, match=f"model 'mine' fails on a trial: .*{said}|model 'mine' {said}"):
        bench.run_grid({**TINY, "model": "mine"}, models={"mine": pair}, out=tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_changed_code_is_another_grid_and_the_same_code_is_the_same(tmp_path):
    def trained(factor):
        mine = {"mine": lambda learning_rate: optax.sgd(factor * learning_rate)}
        return bench.run_grid({**TINY, "optimizer": "mine"}, optimizers=mine, out=tmp_path).path

    assert trained(1) == trained(1) != trained(2)


# --- parts of installed packages


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Installs a package of one module: `package(name, source, *entry points)`."""

    def install(name, source, *entries):
        (tmp_path / f"{name}.py").write_text(source)
        facts = tmp_path / f"{name}-1.2.dist-info"
        facts.mkdir(exist_ok=True)
        (facts / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n")
        (facts / "entry_points.txt").write_text("\n".join([f"[{own.GROUP}]", *entries]) + "\n")
        importlib.invalidate_caches()

    monkeypatch.syspath_prepend(str(tmp_path))
    yield install
    for path in tmp_path.glob("*.py"):
        sys.modules.pop(path.stem, None)


SLOW = "import optax\ndef mine(learning_rate, factor=0.5):\n    return optax.sgd(factor * learning_rate)\n"
BROKEN = "import nothing_of_that_name\n"


@pytest.mark.slow
def test_a_package_offers_parts_by_name_and_a_broken_one_does_not_disturb_it(package, tmp_path, capsys):
    package("slowpack", SLOW, "optimizer.slow = slowpack:mine")
    package("brokenpack", BROKEN, "optimizer.broken = brokenpack:mine", "activation.broken = brokenpack:mine")
    (tmp_path / "mine.toml").write_text(
        '[grid]\ndata = "iris"\nsteps = 2\noptimizer = ["slow", "sgd"]\n"optimizer.factor" = [0.0, 1.0]\n'
    )
    assert run.main([str(tmp_path / "mine.toml"), "--dry-run"]) == 0
    assert run.main([str(tmp_path / "mine.toml"), "--out", str(tmp_path / "results"), "--audit", "1"]) == 0
    runs = bench.load("mine", out=tmp_path / "results")["runs"]
    still = runs["final_train_loss"] == runs["initial_train_loss"]
    assert (still == (runs["optimizer.factor"] == 0)).all()
    assert "brokenpack" not in sys.modules


def test_errors_name_the_package(package, parts, tmp_path, capsys):
    package("brokenpack", BROKEN, "optimizer.broken = brokenpack:mine")
    with pytest.raises(
        InputError, match=r"optimizer 'broken' of the package brokenpack 1\.2 cannot be imported \(Module"
    ):
        with_installed(parts, Grid({"optimizer": ["sgd", "broken"]}))
    with pytest.raises(InputError, match=r"unknown optimizer 'brokn'\. Did you mean 'broken'"):
        with_installed(parts, Grid({"optimizer": "brokn"}))
    package("slowpack", SLOW, "optimizer.broken = slowpack:mine")
    with pytest.raises(InputError, match=r"offered by brokenpack 1\.2 and by slowpack 1\.2; uninstall one"):
        with_installed(parts, Grid({"optimizer": "broken"}))
    (tmp_path / "mine.toml").write_text('[grid]\noptimizer = "broken"\n')
    assert run.main([str(tmp_path / "mine.toml"), "--out", str(tmp_path / "results")]) == 2
    assert not (tmp_path / "results").exists()


def test_the_sources_of_a_package_name_its_results(package, parts, monkeypatch):
    def key():
        given = with_installed(parts, Grid({"optimizer": "slow"}))
        grid = Grid({**TINY, "optimizer": "slow"})
        return plan([grid], Catalogue(given).describe, given.hash).programs[0].key

    package("slowpack", SLOW, "optimizer.slow = slowpack:mine")
    before = key()
    assert key() == before
    package("slowpack", SLOW + "\n# unrelated to the function\n", "optimizer.slow = slowpack:mine")
    own.source_hash.cache_clear()
    assert key() != before


def test_a_grid_without_parts_of_packages_keeps_its_name(package, parts):
    package("slowpack", SLOW, "optimizer.slow = slowpack:mine", "optimizer.sgd = slowpack:mine")
    assert with_installed(parts, Grid({"optimizer": ["sgd", "adam"], "data": "x.csv"})) is parts


@pytest.mark.slow
def test_numbers_of_numpy_in_a_part_do_not_change_the_type_of_a_run(train, parts):
    """A scalar of numpy would make everything float64, which a program of float32 cannot be compiled with."""
    own = with_own(
        parts,
        inits={"own": lambda normals: normals * np.float64(0.5)},
        activations={"own": lambda z: jnp.tanh(z) * np.float64(2)},
    )
    axes = {"data": "iris", "model": "mlp", "depth": 1, "width": 3, "init": "own", "activation": "own", "steps": 2}
    assert train({**axes, "checkpoints": "end"}, parts=own).curve("train_loss").dtype == np.float32
