"""Every value that crosses a stage. Nothing here computes anything expensive or knows a stage."""

from bench.spec.evidence import Evidence, Frame, Lookup
from bench.spec.finding import Claim, Figure, Finding
from bench.spec.grid import Columns, Grid, expand
from bench.spec.parts import Parts
from bench.spec.program import Ledger, Outcome, Plan, Program, Rows
from bench.spec.run import OPTIONS, STATIC, TRACED, Run, validate
from bench.spec.study import Mutant, Profile, Study
from bench.spec.table import Table

__all__ = [
    "OPTIONS",
    "STATIC",
    "TRACED",
    "Claim",
    "Columns",
    "Evidence",
    "Figure",
    "Finding",
    "Frame",
    "Grid",
    "Ledger",
    "Lookup",
    "Mutant",
    "Outcome",
    "Parts",
    "Plan",
    "Profile",
    "Program",
    "Rows",
    "Run",
    "Study",
    "Table",
    "expand",
    "validate",
]
