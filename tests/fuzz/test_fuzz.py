"""Grids, TOML, CSV, tables and results as chance makes them: read, or refused in one sentence, never a traceback.

A few seconds here, ten minutes and more with `make fuzz`. What was found is kept in `test_found.py`.
"""

import gzip
import io
import os
import warnings

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench import gridfile, merge
from bench.data import array_source, files
from bench.data.own import Place, raw_of
from bench.errors import InputError
from bench.parts import Catalogue
from bench.plan import plan
from bench.spec import Grid, expand
from bench.spec.run import Run
from bench.store import Folder

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "60"))
"""Of each kind; `make fuzz` says more."""

fuzzed = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much],
)
pytestmark = pytest.mark.filterwarnings("default")


def one_sentence(action):
    """What an action returns; None where it is refused, which it may only be by one sentence."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return action()
        except InputError as error:
            said = str(error)
            assert said.endswith((".", "?")), said
            assert said.isprintable(), said
            assert len(said) < 4000, said[:200]
            return None


NAMES = [name for name in Run.__dataclass_fields__ if name != "options"]
WORDS = [
    "digits",
    "iris",
    "classes",
    "mlp",
    "softmax",
    "linear",
    "relu",
    "tanh",
    "sgd",
    "adam",
    "full",
    "epoch",
    "log",
    "end",
    "all",
    "off",
    "norms",
    "9/1",
    "1437/360",
    "0/0",
    "drop",
    "pad",
    "raw",
    "default",
    "none",
    "",
    "\x00",
    "../x",
    "x.csv",
    "openml:61",
]
NUMBERS = [0, 1, -1, 2, 3, 2**31, 2**63, 2**64, 10**400, 0.0, -0.0, 0.1, 1e-320, 1e308, float("nan"), float("inf")]
single = st.one_of(
    st.sampled_from(WORDS), st.sampled_from(NUMBERS), st.booleans(), st.none(), st.integers(), st.floats(), st.text()
)
value = st.recursive(
    single, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner), max_leaves=6
)
axis = st.sampled_from(
    [*NAMES, "optimizer.momentum", "init.gain", "data.rows", "stop.threshold", "x", "", "a.b.c", "."]
)
axes = st.dictionaries(axis, value, max_size=5)


def grids():
    rules = st.lists(st.dictionaries(axis, value, max_size=2), max_size=2)
    return st.builds(Grid, axes, st.lists(st.lists(axis, max_size=3), max_size=2), rules)


@pytest.mark.slow
@fuzzed
@given(grids())
def test_grids_are_expanded_or_refused(grid):
    found = one_sentence(lambda: expand(grid))
    if found is not None:
        assert found.runs >= 1
        assert set(found.codes) == set(grid.axes)


@settings(fuzzed, max_examples=EXAMPLES // 10)  # it reads data and sizes models, which takes a while
@given(st.dictionaries(axis, single | st.lists(single, min_size=1, max_size=3), max_size=4))
def test_grids_are_planned_or_refused(catalogue, chosen):
    axes = {"data": "classes", "data.rows": 24, "steps": 1} | chosen

    def action():
        small = Grid(axes)
        return plan([small], catalogue.describe, "fuzz") if expand(small).runs < 100 else None

    found = one_sentence(action)
    if found is not None:
        assert sum(program.width for program in found.programs) == found.runs


def toml_value(value):
    """A value as TOML writes it, as far as TOML can."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(toml_value, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{toml_value(str(key))} = {toml_value(item)}" for key, item in value.items()) + "}"
    if isinstance(value, str):
        return '"' + "".join(sign if sign.isalnum() else f"\\U{ord(sign):08x}" for sign in value) + '"'
    return repr(value) if value is not None else '"none"'


claim = st.fixed_dictionaries(
    {"kind": st.sampled_from(["before", "equal", "slope", "x"])},
    optional={
        "first": axes,
        "second": axes,
        "where": axes,
        "over": axis,
        "sign": st.sampled_from(["positive", "up"]),
        "within": single,
        "target": single,
        "measure": st.sampled_from(["train_loss", "x"]),
        "expected": single,
    },
)
spread = st.fixed_dictionaries({}, optional=dict.fromkeys(gridfile.SPACES, st.lists(single, max_size=4)))
tables = st.fixed_dictionaries(
    {"grid": st.dictionaries(axis, value | spread, max_size=4)},
    optional={"title": value, "zipped": value, "exclude": value, "claim": st.lists(claim, max_size=2) | value},
)


@pytest.mark.slow
@fuzzed
@given(tables)
def test_tables_of_toml_are_read_or_refused(tmp_path, table):
    lines = [f"{key} = {toml_value(item)}" for key, item in table.items() if key != "grid"]
    lines += ["[grid]", *(f"{toml_value(key)} = {toml_value(item)}" for key, item in table["grid"].items())]
    read(tmp_path / "fuzz.toml", "\n".join(lines).encode("utf-8", "replace"))


def read(path, content):
    path.write_bytes(content)
    return one_sentence(lambda: expand(gridfile.read(path).grids("full", lambda *_, **__: None)[0]))


PIECES = [
    b"[grid]\n",
    b"[[claim]]\n",
    b'kind = "equal"\n',
    b"depth = ",
    b"seed",
    b" = ",
    b"{ range = [0, 4] }",
    b"[",
    b"]",
    b"\n",
    b'"',
    b"'",
    b"1e400",
    b"nan",
    b"0x",
    b"1979-05-27",
    b"zipped = [[",
    b"exclude = [{",
    b"\xef\xbb\xbf",
    b"\xff",
    b"\x00",
    b"#",
    b"data = 'x.csv'\n",
    b"model.",
    b"optimizer.momentum = 1\n",
    b"{logspace = [1, 2, 3]}",
]
soup = st.lists(st.one_of(st.sampled_from(PIECES), st.binary(max_size=6)), max_size=14).map(b"".join)


@fuzzed
@given(soup | st.binary(max_size=200))
def test_bytes_of_toml_are_read_or_refused(tmp_path, content):
    read(tmp_path / "fuzz.toml", content)


CELLS = [
    b"a",
    b"b",
    b"kind",
    b",",
    b";",
    b"\t",
    b"\n",
    b"\r\n",
    b'"',
    b"1",
    b"2.5",
    b"1,5",
    b"-",
    b"NA",
    b"null",
    b"nan",
    b"inf",
    b"1e999",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\x00",
    b"x",
    b"y",
    b" ",
    b"2020-01-01",
    b"true",
    b"0x1p3",
]
rows = st.lists(st.lists(st.sampled_from(CELLS), min_size=3, max_size=3).map(b",".join), max_size=8)
csv = st.one_of(
    rows.map(lambda lines: b"a,b,kind\n" + b"\n".join(lines)),
    st.lists(st.sampled_from(CELLS), max_size=40).map(b"".join),
    st.binary(max_size=120),
)
options = st.fixed_dictionaries(
    {},
    optional={
        "data.target": st.sampled_from(["kind", "a", "", "x"]),
        "data.task": st.sampled_from(["auto", "regression", "classification", "x"]),
        "data.ignore": st.sampled_from(["", "a", "a, b", ","]),
        "data.separator": st.sampled_from([",", ";", "\t", "|", "", "é", "::", " ", '"', "1"]),
    },
)


def raw(name, content, chosen):
    path_options = {"data.target": "kind", **chosen}

    def action():
        source = files.file_source(name)
        return source.make(0, {**source.options, **path_options})

    with open(name, "wb") as file:
        file.write(content)
    found = one_sentence(action)
    if found is not None:
        assert np.isfinite(found.x).all()
        assert len(found.x) == len(found.y) > 0
        if found.classes:
            assert set(found.y.tolist()) == set(range(found.classes))


@fuzzed
@given(csv, options)
def test_bytes_of_csv_are_read_or_refused(tmp_path, content, chosen):
    raw(str(tmp_path / "fuzz.csv"), content, chosen)


@fuzzed
@given(csv, st.integers(0, 400), st.integers(0, 255))
def test_bytes_of_gzip_are_read_or_refused(tmp_path, content, place, bits):
    packed = bytearray(gzip.compress(content, mtime=0))
    packed[place % len(packed)] ^= bits
    raw(str(tmp_path / "fuzz.csv.gz"), bytes(packed), {})


def parquet(**columns):
    held = io.BytesIO()
    pq.write_table(pa.table(columns), held)
    return held.getvalue()


PARQUET = parquet(a=[1.0, 2.0, 3.0, 4.0], b=[True, False, True, True], kind=["x", "y", "x", "y"])


@fuzzed
@given(st.lists(st.tuples(st.integers(0, len(PARQUET) - 1), st.integers(1, 255)), max_size=4), st.integers(0, 40))
def test_bytes_of_parquet_are_read_or_refused(tmp_path, flips, cut):
    content = bytearray(PARQUET)
    for place, bits in flips:
        content[place] ^= bits
    raw(str(tmp_path / "fuzz.parquet"), bytes(content[: len(content) - cut if cut < 20 else None]), {})


cells = st.one_of(
    st.lists(st.floats() | st.none(), min_size=4, max_size=4),
    st.lists(st.integers(-(2**63), 2**63 - 1), min_size=4, max_size=4),
    st.lists(st.text(max_size=4) | st.none(), min_size=4, max_size=4),
    st.lists(st.booleans(), min_size=4, max_size=4),
    st.lists(st.binary(max_size=3), min_size=4, max_size=4),
    st.lists(st.dates() | st.none(), min_size=4, max_size=4),
    st.lists(
        st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-9, max_value=9), min_size=4, max_size=4
    ),
    st.lists(st.lists(st.integers(0, 3), max_size=2), min_size=4, max_size=4),
    st.just([None] * 4),
)


@fuzzed
@given(st.lists(cells, max_size=3), cells, options)
def test_tables_are_read_or_refused(columns, target, chosen):
    arrays = [*columns, target]
    table = pa.table([pa.array(column) for column in arrays], names=["a", "b", "c", "kind"][-len(arrays) :])
    full = {**files.OPTIONS, "data.target": "kind", **chosen}
    full.pop("data.separator", None)
    one_sentence(lambda: raw_of(table, Place("fuzz"), full))


@fuzzed
@given(
    st.lists(st.lists(st.floats() | st.integers() | st.text(max_size=2), max_size=3), max_size=4) | value,
    st.lists(single, max_size=4) | value,
)
def test_arrays_are_taken_or_refused(x, y):
    one_sentence(lambda: array_source("fuzz", x, y))


@fuzzed
@given(
    st.binary(max_size=60)
    | st.recursive(
        single,
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["programs", "schema", "study"]), inner)
        ),
    ).map(lambda value: repr(value).replace("'", '"').encode("utf-8", "replace"))
)
def test_manifests_are_read_or_refused(tmp_path, content):
    (tmp_path / "programs").mkdir(exist_ok=True)
    (tmp_path / "manifest-0.json").write_bytes(content)
    one_sentence(lambda: Folder(tmp_path).saved())
    one_sentence(lambda: merge._one_plan([Folder(tmp_path), Folder(tmp_path)]))


@pytest.fixture(scope="module")
def catalogue(parts):
    return Catalogue(parts)
