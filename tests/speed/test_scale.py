"""The simulation against a clock, and what a cluster costs: on an otherwise idle machine, by
`python -m pytest -s tests/speed/test_scale.py --benchmark-enable`; elsewhere it is skipped.
"""

import time

import numpy as np
import pytest

from bench.cluster import OnDask, connected
from bench.parts import Catalogue
from bench.plan import plan
from bench.plan.simulate import Costs, Owner, simulate
from bench.spec import Grid

pytest.importorskip("distributed", reason="needs the extra `cluster`")

GRID = Grid(
    {
        "data": "digits",
        "split": "1437/360",
        "model": "mlp",
        "depth": [1, 2, 3, 4, 6, 8],
        "width": 32,
        "activation": ["relu", "tanh", "sigmoid", "gelu"],
        "batch_size": 32,
        "epochs": 4,
        "learning_rate": [0.003, 0.01, 0.03, 0.1],
        "seed": [0, 1, 2, 3],
        "probes": "off",
    }
)
SECONDS_EACH, BANDWIDTH = 0.007, 1e9  # of a program without its commit; between processes of one host


def timed(workers, parts):
    """Seconds to train the grid on so many workers of this host, one core each, and the ledger of every program."""
    catalogue = Catalogue(parts)
    programs = plan([GRID], catalogue.describe, parts.hash).programs
    with connected(f"local:{workers}", "cpu", 1) as cluster:
        start = time.perf_counter()
        found = list(OnDask(cluster, parts)(programs, lambda p: catalogue.tables(p.static, p.lanes["seed"])))
        return time.perf_counter() - start, found


def test_the_simulation_is_within_15_percent_of_one_and_two_workers(request, parts, monkeypatch):
    if not request.config.getoption("--benchmark-enable"):
        pytest.skip("measures seconds; needs --benchmark-enable and an idle machine")
    monkeypatch.setenv("DESCENTBENCH_CACHE", "off")
    one, found = timed(1, parts)
    two, _ = timed(2, parts)
    compiling = [done.ledger.trace_seconds + done.ledger.lower_seconds + done.ledger.compile_seconds for done in found]
    costs = Costs(
        np.asarray([done.program.width for done in found]),
        np.asarray(compiling),
        np.asarray([done.ledger.run_seconds for done in found]),
        np.asarray([float(sum(a.nbytes for a in done.outcome.curves.values())) for done in found]),
    )
    owner = Owner(SECONDS_EACH, BANDWIDTH)
    forecasts = [simulate(costs, int(costs.runs.sum()), workers, owner).seconds for workers in (1, 2)]
    print(f"\nmeasured {one:.1f} and {two:.1f} s, simulated {forecasts[0]:.1f} and {forecasts[1]:.1f} s")  # noqa: T201
    assert forecasts == pytest.approx([one, two], rel=0.15)
