"""Lines of theory of stochastic descent: what is expected over draws, for the figures of the studies on noise."""

from typing import Any

import numpy as np

from bench.spec import Evidence, Figure, Frame
from bench.studies.lines import curve, end, quadratic, rows, vector
from bench.theory import interpolation, noise, quadratics, smoothing, updates


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


def as_full_batch(evidence: Evidence) -> Frame:
    """J at the end of the full-batch run of the same data and seed, which every way to cut the rows must reach."""
    runs = evidence.runs
    keys = ["data", "seed"]
    full = runs[runs["batch_size"].isna()].drop_duplicates(keys)[[*keys, "final_train_loss"]]
    return runs.drop(columns="final_train_loss").merge(full, on=keys)


def _wandering(evidence: Evidence, run: Any, steps: Any, measured: Any) -> Any:
    """The expected risk of single rows N(0, I) from equal weights."""
    del measured
    truth = evidence.table(run).truth
    values, start = truth["eigenvalues"], np.full(len(truth["eigenvalues"]), run["start.weight"] ** 2)
    return noise.gaussian_risk(values, start, run.learning_rate, 1, truth["noise"] ** 2, int(steps[-1]))[steps]


def averaged(evidence: Evidence) -> Frame:
    """The corrected average of the batch losses themselves, which the run of the same seed with decay 0 records."""
    raw = {(run.data, run.seed): own for run, _, own in evidence.curve("ewma_loss") if run["ewma.decay"] == 0}

    def predict(evidence: Evidence, run: Any, steps: Any, measured: Any) -> Any:
        del evidence, steps
        if not run["ewma.decay"] > 0 or (run.data, run.seed) not in raw:
            return np.full(measured.shape, np.nan)
        return np.concatenate([[np.nan], smoothing.corrected(raw[run.data, run.seed][1:], run["ewma.decay"])])

    return curve("ewma_loss", predict)(evidence)


LEFT = "decay", "variance of the average / its own"


def left_of_noise(evidence: Evidence) -> Frame:
    """Per series of white noise the variance of its average, in that of the noise."""
    found, own = [], {}
    for run, _, average in evidence.curve("ewma_loss"):
        if run.data == "line":
            own = own or {"noise": evidence.table(run).y ** 2 / 2}
            away = np.mean((average[1:] - own["noise"].mean()) ** 2)
            found.append((run["ewma.decay"], away / own["noise"].var()))
    return rows(LEFT, found)


def variance_shares(evidence: Evidence) -> Frame:
    """(1 - b) / (1 + b)."""
    del evidence
    return rows(LEFT, [(decay, smoothing.variance_share(decay)) for decay in np.linspace(0.3, 0.99, 40)])


def _sparse(evidence: Evidence, run: Any, steps: Any, measured: Any) -> Any:
    """J of gradient descent, and of AdaGrad with epsilon = 0 along the axes, coordinate by coordinate."""
    if run.optimizer != "adagrad" or run["data.rotated"] or run.data != "ellipsoid":
        return quadratic(evidence, run, steps, measured)
    truth = evidence.table(run).truth
    path = updates.adagrad(
        np.zeros(len(truth["weight"])),
        lambda w: truth["eigenvalues"] * (w - truth["weight"]),
        run.learning_rate,
        int(steps[-1]),
        {"initial": 0.0, "epsilon": 0.0},
    )
    return (path[steps] - truth["weight"]) ** 2 @ truth["eigenvalues"] / 2


EARLY = 5000  # steps; later distances are rounding
DISTANCE = "step", "learning_rate", "share of the squared distance that is left"


def distances(evidence: Evidence) -> Frame:
    """||theta - theta*||^2 of single-row descent where parameters fit every row, in what it was."""
    found = []
    for run, steps, theta in evidence.vector("parameter"):
        table = evidence.table(run)
        error = np.sum((theta - interpolation.limit(table.x, table.y, theta[0])) ** 2, axis=1)
        found += [(k, run.learning_rate, left) for k, left in zip(steps, error / error[0], strict=True) if k <= EARLY]
    return rows(DISTANCE, found)


def shrinking(evidence: Evidence) -> Frame:
    """Its bound on the average."""
    found = []
    for run, steps, _ in evidence.vector("parameter"):
        factor = interpolation.shrinkage(evidence.table(run).x, run.learning_rate)
        found += [(step, run.learning_rate, factor ** float(step)) for step in steps if step <= EARLY]
    return rows(DISTANCE, found)


def _floor(evidence: Evidence, run: Any, steps: Any, measured: Any) -> Any:
    """J* + tr(H C) / 2 where rows disagree, C the stationary covariance for this sample."""
    if not run["data.noise"] > 0:
        return np.full(measured.shape, np.nan)
    table = evidence.table(run)
    best = quadratics.minimiser(table.x, table.y, bias=False)
    c = noise.stationary_covariance(table.x, table.x @ best - table.y, run.learning_rate, 1)
    excess = float(np.sum(quadratics.hessian(table.x, bias=False) * c)) / 2
    return np.where(steps > 0, quadratics.loss(table.x, table.y, best, bias=False) + excess, np.nan)


def _online(evidence: Evidence, run: Any, steps: Any, measured: Any) -> Any:
    """x under slopes that do not depend on x (Reddi et al. 2018), from 0."""
    if run.data != "rare_gradient":
        return np.full(measured.shape, np.nan)
    slopes = np.resize(evidence.table(run).y, int(steps[-1]))
    moments = run["optimizer.beta1"], run["optimizer.beta2"]
    path = updates.projected(slopes, run.learning_rate, *moments, run.optimizer == "projected_amsgrad")
    return path[steps][:, None]


RISK = _mean_estimation
"""Of estimates of a mean, step by step."""

ESCAPE = vector("parameter", _escape)
"""The way from a saddle."""

WANDERING = curve("test_loss", _wandering)
"""The mean over rows of the risk, step by step."""

RARE_FEATURES = Figure(
    "J with rare features, along the axes and rotated",
    "runs",
    "learning_rate",
    "final_train_loss",
    "optimizer",
    "data.rotated",
    "xy",
    {"data": "ellipsoid", "data.condition": 1000.0},
    end("final_train_loss", _sparse),
)
"""J of gradient descent and others after the last step, at each rate."""

DISTANCES = Figure(
    "Where some parameters fit every row, the distance falls at least as fast as its bound",
    distances,
    DISTANCE[0],
    DISTANCE[2],
    DISTANCE[1],
    log="y",
    theory=shrinking,
)
"""Of single-row descent to the solution, where there is one."""

FLOOR = curve("train_loss", _floor)
"""Where single rows with a fixed rate stay."""

ONLINE = vector("parameter", _online)
"""The way of Adam and AMSGrad on [-1, 1]."""


def _cells(evidence: Evidence, data: str, axes: list[str]) -> Frame:
    """The combinations of some axes on a data set."""
    runs = evidence.runs
    own = runs[runs["data"] == data].reindex(columns=axes)  # a smaller profile may have none of them, nor their options
    return own.drop_duplicates().reset_index(drop=True)
