"""One training loop: (parameters, traced hyperparameters, data order, data) -> records."""

from bench.train.devices import configure
from bench.train.engine import prepare
from bench.train.methods import CLIPS, METHODS, Method
from bench.train.orders import ORDERS
from bench.train.prepared import Prepared, Stage
from bench.train.pretraining import PRETRAININGS, Phase, Pretraining
from bench.train.probes import PROBES, probe_names
from bench.train.schedules import SCHEDULES, Schedule
from bench.train.snapshot import Probe, Snapshot
from bench.train.status import EWMA_DECAY
from bench.train.stops import STOPS, Stop

__all__ = [
    "CLIPS",
    "EWMA_DECAY",
    "METHODS",
    "ORDERS",
    "PRETRAININGS",
    "PROBES",
    "SCHEDULES",
    "STOPS",
    "Method",
    "Phase",
    "Prepared",
    "Pretraining",
    "Probe",
    "Schedule",
    "Snapshot",
    "Stage",
    "Stop",
    "configure",
    "prepare",
    "probe_names",
]
