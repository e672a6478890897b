"""The Python interface: `load` reads result tables, `run_grid` trains a grid."""

import dataclasses
import hashlib
import json
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, overload

import pandas as pd

from bench import frames, outcome, questions, studies, train
from bench.cache import compile_cache
from bench.cluster import of_client
from bench.errors import InputError, unknown
from bench.events import Event
from bench.evidence import frame, with_axes
from bench.executors import executor_of
from bench.options import COMMITS
from bench.own import with_installed, with_own
from bench.parts import Catalogue, default_parts
from bench.pipeline import run_study
from bench.planning import Settings
from bench.ranking.answer import Ranking, ranking_of
from bench.ranking.contest import contest_of
from bench.ranking.rates import best_rates
from bench.spec import Grid, Parts
from bench.spec.question import Rank
from bench.store import TABLES, Folder, study_folder


@dataclasses.dataclass(frozen=True)
class Result(Mapping[str, pd.DataFrame]):
    """Result tables by name, read when asked for: `result["runs"]`, or `result.runs`.

    A table of every run and checkpoint can be large: keep it in a variable of your own rather than ask for it again.

    Attributes:
        path: the folder; every table is also a Parquet file in it.
    """

    path: Path

    @property
    def runs(self) -> pd.DataFrame:
        """A row per run: its configuration and how it ended."""
        return self["runs"]

    @property
    def curves(self) -> pd.DataFrame:
        """A row per run and checkpoint."""
        return self["curves"]

    @property
    def layers(self) -> pd.DataFrame:
        """A row per run, checkpoint and layer."""
        return self["layers"]

    @property
    def programs(self) -> pd.DataFrame:
        """A row per compiled program: what compiling and running it cost."""
        return self["programs"]

    @property
    def findings(self) -> pd.DataFrame:
        """A row per judged quantity or claim."""
        return self["findings"]

    def __getitem__(self, name: str) -> pd.DataFrame:
        if name not in self:
            raise KeyError(f"no table {name!r}; there are {', '.join(self)}")
        folder = Folder(self.path)
        return frame(folder.derived(name) if name == "findings" else folder.merged(folder.saved(), name))

    def __iter__(self) -> Iterator[str]:
        return iter((*TABLES, "parameters", "findings"))

    def __contains__(self, name: object) -> bool:
        return name in tuple(self)

    def __len__(self) -> int:
        return len(TABLES) + 2

    def pivot(
        self, rows: str | Sequence[str], columns: str | Sequence[str] = (), value: str | None = None, how: str = "mean"
    ) -> pd.DataFrame:
        """A number per combination of axes, such as `pivot("optimizer", "learning_rate")`; see `bench.frames.pivot`."""
        return frames.pivot(self["runs"], rows, columns, value, how)

    def best(self, count: int = 5) -> pd.DataFrame:
        """The configurations with the best mean over seeds, with its 95 % interval; diverged ones last."""
        return outcome.best(self["runs"], count).table.reset_index(drop=True)

    def rank(
        self,
        by: str | Sequence[str] = "optimizer",
        measure: str = "",
        target: float | None = None,
        unit: str = "step",
        tuned: Sequence[str] | None = None,
    ) -> Ranking:
        """Who is best, tuned on half of the seeds and judged on the other half, with intervals; see docs/protocol.md.

        Args:
            by: the axis, or axes, whose values compete.
            measure: column of `runs` that is ranked; with a target, column of `curves` that is to come there.
            target: a loss to come down to, or an accuracy to rise to; the time until then is ranked.
            unit: of that time: `step`, `epoch`, `gradient_evaluations`, `flops` or `seconds`.
            tuned: axes of which everybody gets the best value; traced axes that vary unless given. What else varies are
                the problems.

        Raises:
            InputError: nobody competes, an unknown name, or fewer than 4 seeds.
        """
        asked = Rank(by if isinstance(by, str) else [*by], None if tuned is None else [*tuned], measure, target, unit)
        return ranking_of(self["runs"], self["curves"], asked)

    def best_rates(
        self, by: str | Sequence[str] = "optimizer", measure: str = "", target: float | None = None, unit: str = "step"
    ) -> pd.DataFrame:
        """The best learning rate over depth, width and whatever else varies, how sure it is, and how many decades of
        rates around it are nearly as good; see `bench.ranking.rates.best_rates`, and `rank` for the arguments."""
        asked = Rank(by if isinstance(by, str) else [*by], None, measure, target, unit)
        return best_rates(contest_of(self["runs"], self["curves"], asked))

    def to_target(self, target: float, measure: str = "train_loss") -> pd.DataFrame:
        """When each run first reached a loss or an accuracy, a row per run; see `bench.frames.to_target`."""
        return frames.to_target(self["curves"], self["runs"], target, measure)

    def curves_of(self, axes: Mapping[str, Any] | None = None, table: str = "curves") -> pd.DataFrame:
        """The curves of the runs with these values of axes, and the axes that vary among them.

        Args:
            axes: axis -> a value or a list of values, such as `{"activation": ["relu", "tanh"], "depth": 8}`.
            table: `curves`, `layers` or `values`.
        """
        return frames.rows_of(self[table], self["runs"], axes or {})

    def joined(self, name: str, *axes: str) -> pd.DataFrame:
        """A table with columns of `runs` joined on, such as `joined("curves", "learning_rate", "activation")`."""
        return with_axes(self[name], self["runs"], axes)


@dataclasses.dataclass(frozen=True)
class Reference(Mapping[str, pd.DataFrame]):
    """The tables `findings` and `programs` of one run of the whole catalogue, which come with the suite.

    Attributes:
        path: the folder, with a Parquet file per table.
    """

    path: Path = Path(__file__).parent / "reference_tables"

    def __getitem__(self, name: str) -> pd.DataFrame:
        if name not in tuple(self):
            raise KeyError(f"no table {name!r}; there are {', '.join(self)}")
        return pd.read_parquet(self.path / f"{name}.parquet")

    def __iter__(self) -> Iterator[str]:
        return iter(("findings", "programs"))

    def __len__(self) -> int:
        return 2

    @property
    def provenance(self) -> dict[str, Any]:
        """What the run was made with: command, sources, versions, platform and device."""
        return json.loads((self.path / "provenance.json").read_text())


@overload
def load(study: Literal["reference"]) -> Reference: ...


@overload
def load(study: str, profile: str | None = None, out: str | Path = "results") -> Result: ...


def load(study: str, profile: str | None = None, out: str | Path = "results") -> Result | Reference:
    """The result tables of a study that has been run.

    Args:
        study: name or id; `reference` for what comes with the suite, of all studies.
        profile: `full` or `quick`; the fuller one that is there unless given.
        out: folder of the results.

    Raises:
        InputError: unknown study, or no results of it.
    """
    if study == "reference":
        return Reference()
    root = Path(out)
    if Path(study).name != study:
        raise InputError(
            f"{study!r} is a folder, not a name: give the name of a study or grid, and the folder that holds its own "
            "as `out`, such as bench.load('quadratic_modes', out='results')."
        )
    name = study if (root / study).is_dir() else studies.get(study).name
    for candidate in (profile,) if profile else ("full", "quick"):
        path = study_folder(root, name, candidate)
        if (path / "manifest-0.json").exists():
            return Result(path)
    raise InputError(f"no results of {name!r} in {root}; run `python -m bench.run {name}` first.")


def run_grid(
    grid: Grid | Mapping[str, Any],
    parts: Parts | None = None,
    name: str | None = None,
    out: str | Path = "results",
    platform: str | None = None,
    *,
    refine: Mapping[str, Any] | None = None,
    workers: int = 0,
    client: Any = None,
    commit: str = "owner",
    optimizers: Mapping[str, Any] | None = None,
    models: Mapping[str, Any] | None = None,
    activations: Mapping[str, Any] | None = None,
    inits: Mapping[str, Any] | None = None,
    losses: Mapping[str, Any] | None = None,
    data: Mapping[str, Any] | None = None,
) -> Result:
    """Trains every run of a grid; what is saved already is not trained again.

    Args:
        grid: axes and their values.
        parts: the registries; the suite's own unless given.
        name: of the folder; derived from the grid unless given.
        out: folder of the results.
        platform: `cpu`, `gpu` or `tpu`; what JAX finds unless given.
        workers: processes that share out the devices and train; this process unless given.
        client: of Dask, whose workers train instead, wherever they are; see docs/cluster.md.
        commit: who saves what such a worker trained: the `owner`, this process, or, where all share the disk of `out`,
            the `worker`.
        refine: more values of an axis around the best one of every optimizer on every combination of static axes, such
            as `{"axis": "learning_rate", "rounds": 2, "count": 6}`.
        optimizers: of one's own, name -> `(learning_rate, **constants) -> optax.GradientTransformation`.
        models: of one's own, name -> `(init(normal, shape), apply(parameters, x))`.
        activations: of one's own, name -> `z -> h`.
        inits: of one's own, name -> `normals (fan_in, fan_out) -> weights`.
        losses: of one's own, name -> `(outputs (rows, outputs), y (rows,)) -> (rows,)`.
        data: of one's own, name -> arrays `(X, y)`.

    Returns:
        The tables.

    Raises:
        InputError: a grid that cannot be right.
        RuntimeError: a program failed.
    """
    if commit not in COMMITS:
        raise unknown("commit", commit, COMMITS)
    if commit == "worker" and not client:
        raise InputError("commit='worker' is about the workers of a cluster: give its `client`, too, or leave it out.")
    grid = grid if isinstance(grid, Grid) else Grid(grid)
    question = questions.asked(grid, refine)
    suite = default_parts()
    parts = with_own(
        parts or suite,
        optimizers=optimizers,
        models=models,
        activations=activations,
        inits=inits,
        losses=losses,
        data=data,
    )
    parts = with_installed(parts, grid)
    text = json.dumps([{k: str(v) for k, v in grid.axes.items()}, list(map(list, grid.zipped)), str(grid.exclude)])
    text += "" if parts.hash == suite.hash else parts.hash
    text += repr(question.refine) if refine is not None else ""
    text += Catalogue(parts).content(data) if data else ""
    name = name or f"grid-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
    study = questions.study(name, "a grid of one's own", question)
    cluster = of_client(client, platform) if client else None
    devices = [cluster.device] if cluster else train.configure(platform, cache=compile_cache())

    def tell(event: Event) -> None:
        if event.kind == "error":
            warnings.warn(f"program {event.facts['program']} failed: {event.facts['message']}", stacklevel=2)

    settings = Settings("full", Path(out), tuple(devices), workers=workers, cluster=cluster, commit=commit)
    with executor_of(parts, settings) as executor:
        judged = run_study(study, parts, settings, tell, executor)
    if judged.failed:
        raise RuntimeError(f"{judged.failed} of {judged.programs} programs failed; call again to try them once more.")
    return Result(judged.folder)
