"""F14: along time an LSTM forgets like the forget gates' sigmoid to the power T; their bias decides what it can learn.

Theory: along the cell dc_T / dc_0 = f_1 ... f_T, about sigma(b)^T at the start with forget bias b (Gers et al. 2000;
Tallec and Ollivier 2018, section 1.1): 1e-6 after 20 steps at b = 0. The Jacobian of a tanh network is at most
sigma_max(W)^T (Pascanu et al. 2013, section 2.1). A task that asks for the sign of the first of T numbers is learned
where something of it survives: by an LSTM with b = 5, not with b = 0 (Jozefowicz et al. 2015).
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import bound, claim, equivalent, sign
from bench.studies import bugs

GATES = Claim("gates", "the gates of an LSTM prevent gradients from vanishing along time", "S0", "CONDITIONAL")
PLAIN = Claim("plain", "the gradients of a recurrent network vanish along time", "S0", "CONDITIONAL")

UNITS, SHORT, LONG, SOLVED, VANISHED, SEEDS, STARTS = 32, 20, 60, 0.95, 0.01, 8, 16
GAINS, BIASES = [0.9, 1.2], {"full": [0.0, 1.0, 5.0], "quick": [0.0, 5.0], "cell": [0.0, 1.0, 5.0]}


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    rows = {"data": "latch", "data.rows": 2000, "split": "1600/400", "scaling": "raw", "width": UNITS}
    look = {"steps": 0, "checkpoints": "end", "probes": [("memory", "parameters")], "probe_rows": 8}
    few = {**look, "data.rows": 16, "split": "8/8", "seed": list(range(STARTS)), "dtype": "float64"}
    biases, rnn = BIASES[profile], {"model": "rnn", "init.gain": GAINS}
    lstm = {"model": "lstm", "init.forget_bias": biases}
    found = [Grid({**rows, **few, **lstm, "data.length": SHORT})]
    if profile != "cell":  # few lanes at a time, as the steps are wide
        found.append(Grid({**rows, **few, **rnn, "data.length": LONG}))
        adam = {"optimizer": "adam", "learning_rate": 3e-3, "batch_size": 32, "steps": 400, "lanes": 2 * len(biases)}
        train = {**adam, "data.length": LONG, "checkpoints": 200, "probes": "off", "seed": list(range(SEEDS))}
        found += [Grid({**rows, **train, **net}) for net in ((lstm, rnn) if profile == "full" else (lstm,))]
    return found


def judge(evidence: Evidence) -> Sequence[Finding]:
    found = [*_cells(evidence), *_bounded(evidence)]
    ends: dict[tuple[str, float], dict[int, float]] = defaultdict(dict)
    for run, _, accuracy in evidence.curve("test_accuracy"):
        if run.steps:
            start = run["init.forget_bias"] if run.model == "lstm" else run["init.gain"]
            ends[run.model, start][run.seed] = float(accuracy[-1])
    if not ends:
        return found
    gates = [np.array([*ends["lstm", bias].values()]) for bias in sorted(bias for net, bias in ends if net == "lstm")]
    found.append(sign(f"T = {LONG}: accuracy of the LSTM with b = 5 less b = 0", gates[-1] - gates[0], least=SEEDS))
    for (net, start), own in ends.items():
        works = (net, start) in (("lstm", 5.0), ("rnn", 1.2))
        margin = np.array([*own.values()]) - SOLVED
        text = f"T = {LONG}, {net}, start {start:g}: the task is {'' if works else 'not '}learned"
        if works or (net, start) == ("lstm", 0.0):
            found.append(sign(text, margin if works else -margin, least=SEEDS - 1))
    learned, rule = [float(np.mean(own > SOLVED)) for own in gates], f"share of seeds with accuracy above {SOLVED:.0%}"
    return [*found, _verdict(GATES, learned, rule, "forget biases of about 5 for 60 steps; sigma(b)^T survives")]


def _verdict(what: Claim, shares: Sequence[float], rule: str, region: str) -> Finding:
    """Whether it holds at all, some or none of the starts."""
    word = "SUPPORTED" if min(shares) > 0.5 else "REFUTED" if max(shares) < 0.5 else "CONDITIONAL"
    return claim(what, word, float(np.mean(shares)), None, rule, region)


def _cells(evidence: Evidence) -> Iterator[Finding]:
    """What survives along the cell, against sigma(b)^T."""
    found: dict[float, list[float]] = defaultdict(list)
    for run, _, kept in evidence.vector("memory_diagonal"):
        if run.model == "lstm":
            found[run["init.forget_bias"]].append(float(kept[0].mean()))
    for bias, own in found.items():
        theory = (1 / (1 + np.exp(-bias))) ** SHORT
        yield equivalent(f"LSTM, b = {bias:g}, T = {SHORT}: mean of dc_T / dc_0", own, theory, 0.2)


def _bounded(evidence: Evidence) -> Iterator[Finding]:
    """||dh_T / dh_0|| of the plain network over sigma_max(W)^T, and whether it vanishes."""
    largest, gains, starts = {}, defaultdict(list), {}
    for run, _, theta in evidence.vector("parameter"):
        if run.model == "rnn":  # the cell's biases, then the row of the input and the recurrent matrix
            weight = theta[0, UNITS : UNITS * (UNITS + 2)].reshape(UNITS + 1, UNITS)[1:]
            largest[run.run] = np.linalg.svd(weight, compute_uv=False)[0] ** LONG
    for run, _, gain in evidence.vector("memory_gain"):
        if run.model == "rnn":
            gains[run["init.gain"]].append((gain[0].max(), largest[run.run], np.median(gain[0]) < VANISHED))
    for start, own in gains.items():
        size, limit, vanished = np.transpose(own)
        starts[start] = float(np.mean(vanished))
        yield bound(f"RNN, gain = {start:g}: ||dh_T / dh_0|| / sigma_max(W)^T", size, limit, tight=None, seeds=STARTS)
    if starts:
        rule = f"share of starts with ||dh_T / dh_0|| below {VANISHED:g}"
        yield _verdict(PLAIN, [*starts.values()], rule, "orthogonal weights times less than 1")


def _swapped(architecture: Any) -> Any:
    """The gates i and f change places, and with them the bias."""

    def make(*given: Any) -> Any:
        model = architecture.make(*given)
        order = np.r_[UNITS : 2 * UNITS, :UNITS, 2 * UNITS : 4 * UNITS]
        swap = lambda layers: [{name: value[..., order] for name, value in layers[0].items()}, *layers[1:]]  # noqa: E731
        return model._replace(memory=lambda params, *more: model.memory(swap(params), *more))

    return architecture._replace(make=make)


STUDY = Study(
    id="F14",
    name="rnn_lstm_time",
    title="Do the gates of an LSTM keep gradients from vanishing along time?",
    claims=(GATES, PLAIN),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(Mutant("input and forget gates are swapped", bugs.replace("models", "lstm", _swapped)),),
    figures=(Figure("b decides", "curves", "step", "test_accuracy", "init.forget_bias", "model"),),
)
