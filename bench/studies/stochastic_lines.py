"""Lines of theory of stochastic descent: what is expected over draws, for the figures of the studies on noise."""

from typing import Any

import numpy as np

from bench.spec import Evidence, Frame
from bench.studies.lines import vector
from bench.theory import noise, quadratics


def gaussian_risk(evidence: Evidence) -> Frame:
    """The stationary excess risk on fresh Gaussian rows, D T / 2 for D draws, per learning rate and batch size."""
    found = _cells(evidence, "pool", ["learning_rate", "batch_size", "data.spectrum", "data.draws"])

    def risk(row: Any) -> float:
        values = np.array(row["data.spectrum"].split(), float)
        return row["data.draws"] / 2 * noise.gaussian_floor(values, row["learning_rate"], int(row["batch_size"]))

    return found.assign(final_test_loss=[risk(row) for row in found.to_dict("records")])


def growth(evidence: Evidence) -> Frame:
    """The risk after some steps on fresh rows N(0, I) without noise, from what it was at the start on the average."""
    axes = ["learning_rate", "batch_size", "steps", "data.features"]
    found = _cells(evidence, "stream", axes)
    found = found[found["batch_size"].notna()]  # a full batch is a single step
    first = evidence.curves.loc[evidence.curves["step"] == 0, "test_loss"].mean()

    def factor(row: Any) -> float:
        return noise.one_step(int(row["data.features"]), row["learning_rate"], int(row["batch_size"])) ** row["steps"]

    return found.assign(final_test_loss=[first * factor(row) for row in found.to_dict("records")])


def _mean_estimation(evidence: Evidence) -> Frame:
    """The risk of D estimates of a mean under eta_t = a / (t + b): D (bias^2 + variance) / 2."""
    axes = ["learning_rate", "schedule", "schedule.offset", "start.weight", "data.draws"]
    found = _cells(evidence, "measurements", axes)
    found = found[found["schedule"] == "inverse_time"]
    steps = sorted(step for step in evidence.curves["step"].unique() if 0 < step <= evidence.runs["steps"].min())
    rows = []
    for row in found.to_dict("records"):
        rates = row["learning_rate"] / (np.arange(1.0, steps[-1] + 1) + row["schedule.offset"])
        for step in steps:
            left, weights = noise.mean_weights(rates[:step])
            square = (left * row["start.weight"]) ** 2 + weights @ weights
            rows.append({**row, "step": step, "test_loss": row["data.draws"] * square / 2})
    return type(found)(rows)


def small_rate_floor(evidence: Evidence) -> Frame:
    """J* + eta tr N / (4 B) of least squares, N the covariance of the rows' gradients (Mandt et al. 2017, eq. 12)."""
    runs = evidence.runs[(evidence.runs["model"] == "linear") & evidence.runs["batch_size"].notna()]
    found = runs.drop_duplicates(["data", "learning_rate", "batch_size", "l2"])
    least, trace = {}, {}
    for run, _, _ in evidence.curve("train_loss"):
        if run.model == "linear" and run.data not in least:
            table = evidence.table(run)
            best = quadratics.minimiser(table.x, table.y, run.l2)
            least[run.data] = quadratics.loss(table.x, table.y, best, run.l2)
            rows = quadratics.design(table.x)
            trace[run.data] = noise.row_noise(rows, (rows @ best - table.y)[:, None])[1]
    floor = [
        least[row["data"]] + row["learning_rate"] * trace[row["data"]] / (4 * row["batch_size"])
        for row in found.to_dict("records")
    ]
    return found.assign(final_train_loss=floor)


def with_replacement(evidence: Evidence) -> Frame:
    """tr C / 2 of descent on single rows that are drawn with replacement from a sample of covariance I."""
    found = _cells(evidence, "pool", ["order", "learning_rate"])
    found = found[found["order"] == "replacement"]
    run = next(run for run, _, _ in evidence.curve("test_loss") if run.order == "replacement")
    table = evidence.table(run)
    floor = [noise.stationary_covariance(table.x, table.y, rate, 1).trace() / 2 for rate in found["learning_rate"]]
    return found.assign(final_test_loss=floor)


def _escape(evidence: Evidence, run: Any, steps: Any, measured: Any) -> Any:
    """(1 + eta)^k y_0 beside the saddle of -y^2 / 2, as long as y is small (Lee et al. 2016); NaN for x."""
    found = np.full(measured.shape, np.nan)
    if run.model == "saddle":
        y = run["start.y"] * (1 + run.learning_rate) ** steps.astype(float)
        found[:, 1] = np.where(y < 0.3, y, np.nan)
    return found


RISK = _mean_estimation
"""Of estimates of a mean, step by step."""

ESCAPE = vector("parameter", _escape)
"""The way from a saddle."""


def _cells(evidence: Evidence, data: str, axes: list[str]) -> Frame:
    """The combinations of some axes on a data set."""
    runs = evidence.runs
    own = runs[runs["data"] == data].reindex(columns=axes)  # a smaller profile may have none of them, nor their options
    return own.drop_duplicates().reset_index(drop=True)
