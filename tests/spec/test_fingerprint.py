"""Fingerprints: equal for what does the same, different for anything that could change a number."""

import functools
import subprocess
import sys
from pathlib import Path

import equinox
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from bench.spec.fingerprint import fingerprint
from bench.studies import bugs

SCALE = 2.0


def scaled_by_module_constant(g):
    return SCALE * g


def scaled(factor):
    return lambda g: factor * g


def nested(change):
    def outer(method):
        return lambda g: change(method(g))

    return outer


def recursive(n):
    return n and recursive(n - 1)


def times(g):
    return 2 * g


def plus(g):
    return 2 + g


class Doubles:
    def __call__(self, g):
        return 2 * g


class Triples:
    def __call__(self, g):
        return 3 * g


class Holder:
    def __init__(self, value):
        self.value = value

    def times(self, g):
        return self.value * g


PAIRS = {
    "closure": (scaled(2), scaled(3)),
    "closure of a closure": (nested(scaled(2)), nested(scaled(3))),
    "type of a number": (scaled(2), scaled(2.0)),
    "code": (lambda g: g + 1, lambda g: g - 1),
    "constant": (lambda g: g + 1, lambda g: g + 2),
    "default": (lambda g, by=1: g + by, lambda g, by=2: g + by),
    "array": (scaled(np.zeros(3)), scaled(np.ones(3))),
    "partial": (functools.partial(scaled, 2), functools.partial(scaled, 3)),
    "method": (Holder(1).times, Holder(2).times),
    "mapping": (scaled({"a": 1}), scaled({"a": 2})),
    "attribute": (lambda g: g.real, lambda g: g.imag),
    "builtin": (scaled(min), scaled(max)),
    "universal function": (scaled(np.add), scaled(np.multiply)),
    "object that shows nothing": (scaled(object()), scaled(object())),
    "compiled": (scaled(jax.jit(times)), scaled(jax.jit(plus))),
    "mapped": (jax.vmap(times), jax.vmap(plus)),
    "class": (Doubles, Triples),
    "object that can be called": (scaled(Doubles()), scaled(Triples())),
    "object of a class that is named": (lambda g: Doubles()(g) + 0, lambda g: Triples()(g) + 0),
    "array of JAX": (scaled(jnp.arange(5000)), scaled(jnp.arange(5000).at[2500].set(0))),
    "bug of one factory": (bugs.on_gradient(scaled(2)), bugs.on_gradient(scaled(3))),
}


@pytest.mark.parametrize("name", PAIRS)
def test_whatever_changes_the_numbers_changes_the_fingerprint(name):
    one, other = PAIRS[name]
    assert fingerprint(one) != fingerprint(other)


def test_the_same_function_made_twice_has_one_fingerprint():
    assert fingerprint(scaled(2)) == fingerprint(scaled(2))
    assert fingerprint(nested(scaled(np.ones(2)))) == fingerprint(nested(scaled(np.ones(2))))
    assert len(fingerprint(recursive)) == 64


def test_a_constant_of_the_module_counts(monkeypatch):
    before = fingerprint(scaled_by_module_constant)
    monkeypatch.setattr(sys.modules[__name__], "SCALE", 3.0)
    assert fingerprint(scaled_by_module_constant) != before


def test_fingerprints_are_the_same_in_another_process():
    code = (
        "from bench.studies import bugs; from bench.spec.fingerprint import fingerprint;"
        "print(fingerprint(bugs.on_gradient(lambda g: g if str(g) in {'a', 'b', 'c'} else 0)))"
    )
    root = Path(__file__).parents[2]
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=root,
            env={"PYTHONHASHSEED": seed, "PATH": ""},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in "123"
    }
    assert len(found) == 1


HELPER = "RATE = 2.0\nSETTINGS = {{'rate': 2.0}}\ndef change(g):\n    return {0} * g\n"
USERS = {
    "function": "from helper import change\ndef mine(g):\n    return change(g)\n",
    "module": "import helper\ndef mine(g):\n    return helper.change(g)\n",
    "module of a module": "import between\ndef mine(g):\n    return between.change(g)\n",
    "class": (
        "from helper import change\nclass Mine:\n    def __call__(self, g):\n        return change(g)\nmine = Mine()\n"
    ),
    "equinox": (
        "import equinox, jax\nfrom helper import change\nclass Mine(equinox.Module):\n    w: jax.Array\n"
        "    def __call__(self, g):\n        return change(self.w * g)\ndef mine(g):\n    return Mine(g)(g)\n"
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", USERS)
def test_a_change_in_another_file_of_ones_own_changes_the_fingerprint_and_nothing_else_does(name, tmp_path):
    def seen(factor):
        (tmp_path / "helper.py").write_text(HELPER.format(factor))
        (tmp_path / "between.py").write_text("from helper import change\n")
        (tmp_path / "user.py").write_text(USERS[name])
        code = "import user; from bench.spec.fingerprint import fingerprint; print(fingerprint(user.mine))"
        where = {"PYTHONPATH": f"{tmp_path}:{Path(__file__).parents[2]}", "PYTHONDONTWRITEBYTECODE": "1", "PATH": ""}
        done = subprocess.run([sys.executable, "-c", code], env=where, capture_output=True, text=True, check=True)
        return done.stdout

    assert seen(2) == seen(2) != seen(3)


def test_installed_packages_count_by_name_and_version(monkeypatch):
    before = fingerprint(lambda g: equinox.nn.Linear(g, 1)), fingerprint(jax.vmap(times))
    assert before == (fingerprint(lambda g: equinox.nn.Linear(g, 1)), fingerprint(jax.vmap(times)))
    monkeypatch.setattr(equinox, "__version__", "0")
    assert fingerprint(lambda g: equinox.nn.Linear(g, 1)) != before[0]


def test_two_bugs_of_one_factory_never_share_a_result(parts):
    one, other = (parts.replaced("methods", "sgd", bugs.on_gradient(scaled(factor))) for factor in (2, 3))
    assert len({parts.hash, one.hash, other.hash}) == 3
    assert parts.replaced("methods", "sgd", bugs.on_gradient(scaled(2))).hash == one.hash


def test_a_part_of_ones_own_is_added_and_marked(parts):
    mine, other = (parts.added("methods", "mine", scaled(factor)) for factor in (2, 3))
    assert "mine" not in parts.methods
    assert set(mine.methods) == {*parts.methods, "mine"}
    assert len({parts.hash, mine.hash, other.hash}) == 3
