"""The registries that training draws on, passed as an argument: user parts and mutants come in here."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from bench.errors import unknown


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
        """These parts with one of them changed: `change(old part) -> new part`."""
        old = self.get(registry, name)
        mark = f"{self.hash}+{registry}.{name}:{change.__module__}.{change.__qualname__}"
        return dataclasses.replace(self, **{registry: {**getattr(self, registry), name: change(old)}, "hash": mark})


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
    "probes": "probe",
}
