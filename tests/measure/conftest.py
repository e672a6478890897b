"""Small programs, and the tables that they read."""

import pytest

from bench.plan import plan
from bench.spec import Grid

LOOK = {"data": "iris", "model": "softmax", "steps": 3, "probes": "off"}


@pytest.fixture
def programs(catalogue):
    def make(*axes):
        return plan([Grid({**LOOK, **own}) for own in axes], catalogue.describe, "x").programs

    return make


@pytest.fixture
def tables(catalogue):
    return lambda program: catalogue.tables(program.static, program.lanes["seed"])
