"""The registries that training draws on, passed as an argument: user parts and mutants come in here."""

import dataclasses
import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from bench.errors import unknown
from bench.spec.fingerprint import fingerprint


@dataclasses.dataclass(frozen=True)
class Parts:
    """Plain dicts from name to part; what a part looks like is said where it is defined."""

    models: Mapping[str, Any]
    inits: Mapping[str, Any]
    activations: Mapping[str, Any]
    losses: Mapping[str, Any]
    data: Mapping[str, Any]
    methods: Mapping[str, Any]
    schedules: Mapping[str, Any]
    clips: Mapping[str, Any]
    stops: Mapping[str, Any]
    orders: Mapping[str, Any]
    pretrainings: Mapping[str, Any]
    probes: Mapping[str, Any]
    hash: str = ""  # of the sources of the parts; part of every result's name

    def get(self, registry: str, name: str) -> Any:
        """The part of that name.

        Args:
            registry: such as `models`.
            name: such as `mlp`.

        Raises:
            InputError: no such part, with the nearest name and all valid ones.
        """
        parts = getattr(self, registry)
        if name not in parts:
            raise unknown(_SINGULAR[registry], name, parts)
        return parts[name]

    def replaced(self, registry: str, name: str, change: Callable[[Any], Any]) -> "Parts":
        """These parts with one of them changed: `change(old part) -> new part`.

        The hash depends on what the change does (see `fingerprint`), so that no result of one change is taken for the
        result of another.
        """
        return self._with(registry, name, change(self.get(registry, name)), change)

    def added(self, registry: str, name: str, part: Any, source: str = "") -> "Parts":
        """These parts and one of one's own, such as an optimizer; one of the same name is replaced.

        The hash depends on what the part does (see `fingerprint`), and on the hash of its `source` where that is known.
        """
        return self._with(registry, name, part, (source, part) if source else part)

    def _with(self, registry: str, name: str, part: Any, reason: Any) -> "Parts":
        parts = {**getattr(self, registry), name: part}
        mark = hashlib.sha256(f"{self.hash}+{registry}.{name}:{fingerprint(reason)}".encode()).hexdigest()
        return dataclasses.replace(self, **{registry: parts, "hash": mark})


_SINGULAR = {
    "models": "model",
    "inits": "init",
    "activations": "activation",
    "losses": "loss",
    "data": "data set",
    "methods": "optimizer",
    "schedules": "schedule",
    "clips": "clip",
    "stops": "stopping rule",
    "orders": "order",
    "pretrainings": "pretraining",
    "probes": "probe",
}
