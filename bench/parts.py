"""The default parts, and what the planner asks about a configuration: the place where registries come together."""

import functools
import hashlib
import importlib.util
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

import models
from bench import train
from bench.data import DATA, Source, outside
from bench.data import prepare as prepare_table
from bench.errors import InputError, unknown
from bench.plan import Description
from bench.spec import OPTIONS, Parts, Run, Table
from bench.spec.run import BUDGETS


def default_parts() -> Parts:
    """Everything that is registered in the suite, with the hash of its sources."""
    return Parts(
        models=models.MODELS,
        inits=models.INITS,
        activations=models.ACTIVATIONS,
        losses=models.LOSSES,
        data=DATA,
        methods=train.METHODS,
        schedules=train.SCHEDULES,
        clips=train.CLIPS,
        stops=train.STOPS,
        orders=train.ORDERS,
        pretrainings=train.PRETRAININGS,
        probes=train.PROBES,
        hash=source_hash(
            "models", "bench.train", "bench.data", "bench.plan", "bench.measure"
        ),  # layouts, compiler options
    )


@functools.cache  # what is loaded is what trains, whatever is edited meanwhile
def source_hash(*packages: str) -> str:
    """SHA-256 over the Python sources of packages and modules, sorted by name."""
    digest = hashlib.sha256()
    for package in packages:
        spec = importlib.util.find_spec(package)
        assert spec is not None
        assert spec.origin
        root, single = Path(spec.origin).parent, not spec.submodule_search_locations
        for path in [Path(spec.origin)] if single else sorted(root.rglob("*.py")):
            digest.update(f"{package}/{path.relative_to(root)}\0".encode() + path.read_bytes())
    return digest.hexdigest()


class Catalogue:
    """Data sets and model sizes behind a set of parts, each computed once."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self._table = functools.lru_cache(maxsize=256)(self._make_table)
        self._outside = functools.cache(outside)

    def source(self, name: str) -> Source:
        """Registered data, or a file or data set of OpenML by its name."""
        found = None if name in self.parts.data else self._outside(name)
        return found or self.parts.get("data", name)

    def tables(self, static: Mapping[str, Any], seeds: Iterable[int]) -> list[Table]:
        """The table that all seeds share, or one per distinct seed, ascending."""
        if static["data"] is None:
            return [_EMPTY]
        source = self.source(static["data"])
        chosen = sorted({int(seed) for seed in seeds}) if source.per_seed else [0]
        key = tuple(sorted((axis, static[axis]) for axis in (*_DATA_AXES, *source.options) if axis in static))
        return [self._table(key, seed) for seed in chosen]

    def _make_table(self, key: tuple[tuple[str, Any], ...], seed: int) -> Table:
        static = dict(key)
        return prepare_table(self.source(static["data"]), static, seed)

    def lookup(self, data: str, seed: int = 0, **axes: Any) -> Table:
        """The rows that a run with these axes sees; dotted options as `rows=200` for `data.rows`."""
        source = self.source(data)
        options = {  # a whole number comes back from a table as a float if some runs lack the option
            name: type(default)(axes.pop(name.removeprefix("data."), default))
            for name, default in source.options.items()
        }
        static = {axis: axes.pop(axis, getattr(Run, axis)) for axis in _DATA_AXES[1:]}
        if axes:
            raise unknown("data axis", next(iter(axes)), [*static, *options])
        return self.tables({"data": data, **static, **options}, [seed])[0]

    def content(self, names: Iterable[str]) -> str:
        """A hash of the rows of some data sets, as they are before any split."""
        hashes = [self.lookup(name, scaling="raw", constant_columns="keep").hash for name in sorted(names)]
        return hashlib.sha256("".join(hashes).encode()).hexdigest()

    def facts(self, static: Mapping[str, Any]) -> dict[str, Any] | None:
        """What a manifest says of data that is named by its content: columns, labels and hash; None of other data."""
        if static["data"] is None or not self.source(static["data"]).by_content:
            return None
        table = self.tables(static, [0])[0]
        return {**table.truth, "rows": table.rows + len(table.x_test), "classes": table.classes, "sha256": table.hash}

    def describe(self, asked: Mapping[str, Any], seeds: Iterable[int]) -> Description:
        """Resolves defaults, blanks axes that do not apply, and sizes the model.

        Args:
            asked: every static axis, and static options.
            seeds: seeds of the runs.

        Raises:
            InputError: an unknown name, or choices that do not go together.
        """
        parts, static = self.parts, dict(asked)
        architecture = parts.get("models", static["model"])
        _known(static, parts)
        static |= {axis: None for axis in ("depth", "width", "activation", "bias") if axis not in architecture.axes}
        if not architecture.needs_data:
            static |= dict.fromkeys((*_DATA_AXES, "loss", "order", "ragged")) | {
                "batch_size": "full",
                "probe_rows": "all",
            }
        if static["init"] == "default":
            static["init"] = architecture.init
        table = self.tables(static, seeds)[0]
        if architecture.needs_data:
            _batch(static, table)
            if architecture.mixes_rows and static["ragged"] == "pad":
                raise InputError(
                    f"ragged = 'pad': model {static['model']!r} computes statistics of its batches, which padding would"
                    " change; give 'drop'."
                )
            _loss(static, table, architecture.loss, parts)
        if "depth" in architecture.axes:
            _widths(static)
        activation = parts.get("activations", static["activation"] or "identity")
        loss = parts.get("losses", static["loss"]) if static["loss"] else None
        shape = models.Shape(table.x.shape[1], max(loss.outputs(table.classes), table.targets) if loss else 1)
        model = architecture.make(shape, static, parts.get("inits", static["init"]), activation)
        source = self.source(static["data"]) if static["data"] else None
        _names(static, parts, source)
        by_content = source is not None and source.by_content
        phases = _phases(static, parts, model)
        return Description(
            static=static,
            hyper=dict(model.hyper) | _constants(static, parts),
            rows=table.rows,
            all_rows=table.rows + len(table.x_test),
            parameters=model.draws,
            multiplications=model.multiplications,
            activations=model.activations,
            layers=model.layers,
            steps_before=phases * (static["pretraining_steps"] or 0),
            data_hash=hashlib.sha256("".join(t.hash for t in self.tables(static, seeds)).encode()).hexdigest()
            + (f" {table.classes}" if by_content else ""),
            by_content=by_content,
            columns=table.x.shape[1] + table.targets,
            own_rows=source is not None and source.per_seed,
        )


_DATA_AXES = ("data", "split", "scaling", "constant_columns", "normalize_rows")


_EMPTY = Table(np.zeros((1, 1)), np.zeros(1), np.zeros((0, 1)), np.zeros(0), 0)


def _known(static: Mapping[str, Any], parts: Parts) -> None:
    """Refuses unknown names, also of axes that do not apply and are blanked."""
    for registry, axis in (("orders", "order"), ("activations", "activation"), ("inits", "init"), ("losses", "loss")):
        if static[axis] not in (None, "default"):
            parts.get(registry, static[axis])


def _batch(static: dict[str, Any], table: Table) -> None:
    size = static["batch_size"]
    if size == "full" or (size == table.rows and static["order"] != "replacement"):
        static |= {"batch_size": "full", "order": None, "ragged": None}
    elif size > table.rows and static["order"] != "replacement":
        raise InputError(
            f"batch_size = {size}: data {static['data']!r} has {table.rows} train rows; give at most that."
        )


def _loss(static: dict[str, Any], table: Table, default: str, parts: Parts) -> None:
    if static["loss"] == "default":
        static["loss"] = default or ("softmax_cross_entropy" if table.classes else "half_squared_error")
    if parts.get("losses", static["loss"]).needs_classes and not table.classes:
        raise InputError(f"loss {static['loss']!r} needs classes; data {static['data']!r} has real-valued targets.")


def _widths(static: dict[str, Any]) -> None:
    width, depth = static["width"], static["depth"]
    if isinstance(width, tuple) and len(width) != depth:
        raise InputError(f"width = {list(width)}: depth {depth} needs {depth} widths, got {len(width)}.")
    if depth == 0:
        static |= {"width": 1, "activation": None}  # no hidden layer reads them


def _names(static: Mapping[str, Any], parts: Parts, source: Source | None) -> None:
    for registry, axis in (("stops", "stop"), ("clips", "clip"), ("schedules", "schedule")):
        if static[axis] is not None:
            parts.get(registry, static[axis])
    train.probe_names(static["probes"], parts.probes)
    for axis in static:
        prefix, dot, _ = axis.partition(".")
        if dot and OPTIONS.get(prefix) == "static":
            valid = BUDGETS if prefix == "budget" else source.options if source else ()
            if axis not in valid:
                raise unknown("option", axis, valid)


def _phases(static: dict[str, Any], parts: Parts, model: models.Model) -> int:
    """How many phases come before the first step; a run without any is the plain one, whatever it is called."""
    phases = len(parts.get("pretrainings", static["pretraining"]).phases(model, static))
    if not phases or not static["pretraining_steps"]:
        static |= {"pretraining": "none", "pretraining_steps": None}
        return 0
    return phases


_WITH_CONSTANTS = {
    "optimizer": "methods",
    "schedule": "schedules",
    "clip": "clips",
    "pretraining": "pretrainings",
}
"""Axis -> the registry of its parts, which name their traced constants."""


def _constants(static: Mapping[str, Any], parts: Parts) -> dict[str, float]:
    """Traced constants of the optimizer, schedule, clip, stopping rule and average loss, with their defaults."""
    found = {"ewma.decay": train.EWMA_DECAY}
    for prefix, registry in _WITH_CONSTANTS.items():
        part = parts.get(registry, static[prefix])
        found |= {f"{prefix}.{name}": value for name, value in part.constants.items()}
    if static["stop"] != "none":
        found["stop.threshold"] = 0.0
    return found
