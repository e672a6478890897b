"""What fuzzing found: input that ended in a traceback, or was refused in less than a sentence."""

import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import gridfile
from bench.data import array_source
from bench.data.files import file_source
from bench.data.own import OPTIONS, Place, raw_of
from bench.errors import InputError, words
from bench.parts import Catalogue
from bench.plan import plan
from bench.spec import Grid


@pytest.mark.parametrize(
    ("axes", "said"),
    [
        ({"probes": 0}, "probes = 0: give a name in quotes."),
        ({"probes": [["norms", 1]]}, "probes = ('norms', 1): give a name in quotes."),
        ({"split": 0}, "split = 0: give a name in quotes."),
        ({"model": None}, "model = None: give a name in quotes."),
        ({"optimizer": 1.5}, "optimizer = 1.5: give a name in quotes."),
        ({"data": "classes", "data.rows": "many"}, "data.rows = 'many': give a whole number."),
        ({"data": "classes", "data.rows": 2.5}, "data.rows = 2.5: give a whole number."),
        ({"data": "classes", "data.rows": True}, "data.rows = True: give a whole number."),
        ({"data": "iris", "data.offset": float("nan")}, "data.offset = nan: give a finite number."),
        ({"seed": 10**400}, "seed is a number of 1329 bits: give a finite number."),
        ({"learning_rate": 10**400}, "learning_rate is a number of 1329 bits: give a finite number."),
        ({"data": "iris", "data.target": 3}, "data.target = 3: give text in quotes."),
        (
            {"data": "classes", "data.rows": 0},
            "data 'classes' has no rows; set its options to values that give it some.",
        ),
        ({"data": "circles", "data.degree": -1}, "data.degree = -1: give a whole number from 0 to 100,000,000."),
        (
            {"data": "modes", "data.singular_values": ""},
            "data 'modes' has no rows; set its options to values that give it some.",
        ),
        (
            {"data": "classes", "data.classes": 10**400},
            "data.classes is a number of 1329 bits: give a whole number from 0 to 100,000,000.",
        ),
        ({"data.rows": [[[]]]}, "data.rows = ([],): give one value or a list of values."),
        ({"width": [[[3]]]}, "width = ([3],): give one value or a list of values."),
        ({"probes": [[{}]]}, "probes = ({},): give one value or a list of values."),
    ],
)
def test_values_of_another_kind(axes, said, parts):
    with pytest.raises(InputError) as caught:
        plan([Grid(axes)], Catalogue(parts).describe, "fuzz")
    assert str(caught.value) == said


def test_options_that_do_not_go_together(parts):
    said = r"^data 'regression' cannot be made with data\.rows = 3 \(matmul: .*\); give other values\.$"
    with pytest.raises(InputError, match=said):
        plan([Grid({"data": "regression", "data.rows": 3})], Catalogue(parts).describe, "fuzz")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[grid]\ntitle", "x.toml: Expected '=' after a key in a key/value pair (at end of document)."),
        ('[grid]\n"activation.\\u0001" = 1', "x.toml: unknown axis 'activation.\\x01'. Did you mean 'activation'?"),
        ('[grid]\n"data" = {"\\u001f" = {}}', "x.toml: unknown axis 'data.\\x1f'."),
        ("title = []\n[grid]", "x.toml: Expected `str`, got `array` - at `$.title`."),
        ('[grid]\n[[claim]]\n"\\u0001" = 1', "x.toml: Object contains unknown field `?` - at `$.claim[0]`."),
    ],
)
def test_what_libraries_say_of_toml_is_a_sentence_on_one_line(text, said):
    with pytest.raises(InputError) as caught:
        gridfile.parse(text, "x.toml")
    assert str(caught.value).startswith(said)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("text", ["[grid]\nseed = " + "9" * 5000, "[grid]\ndepth = " + "[" * 5000])
def test_what_is_too_long_or_too_deep_for_the_parser(text):
    with pytest.raises(InputError, match=r"x\.toml: ") as caught:
        gridfile.parse(text, "x.toml")
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a,b,kind\n1,2,x\n3,\xff\n", "d.csv: line 3 holds bytes that are not UTF-8; save the file as UTF-8."),
        (b"a,b,kind\n1,2,x\n3,4\n", "d.csv: row 2 has 2 cells, the header has 3; give as many, and quote cells"),
    ],
)
def test_a_ragged_row_that_is_no_text_is_no_exception_in_a_library(content, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ignored = []
    monkeypatch.setattr(sys, "unraisablehook", ignored.append)
    (tmp_path / "d.csv").write_bytes(content)
    source = file_source("d.csv")
    with pytest.raises(InputError) as caught:
        source.make(0, {**source.options, "data.target": "kind"})
    assert str(caught.value).startswith(said)
    assert not ignored


def test_text_of_parquet_that_is_no_text(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    wrong = pa.Array.from_buffers(
        pa.string(), 2, [None, pa.array([0, 1, 2], pa.int32()).buffers()[1], pa.py_buffer(b"x\xff")]
    )
    pq.write_table(pa.table({"a": [1.0, 2.0], "kind": wrong}), "d.parquet")
    source = file_source("d.parquet")
    with pytest.raises(
        InputError, match=r"^d\.parquet: is no Parquet file that can be read \(.*UTF8.*\); write it anew\.$"
    ):
        source.make(0, {**source.options, "data.target": "kind"})


@pytest.mark.parametrize(
    ("x", "y", "said"),
    [
        ([[], [0.0]], [0, 1], "data 'mine': X or y has rows of different lengths; give arrays."),
        ([[0.0], [1.0]], [10**30, 0], "data 'mine': y holds object; give numbers or labels of one type."),
    ],
)
def test_arrays_that_are_none(x, y, said):
    with pytest.raises(InputError) as caught:
        array_source("mine", x, y)
    assert str(caught.value) == said


def test_the_type_of_a_column_is_said_on_one_line():
    table = pa.table({"a": [{"\x00\n": 1}, {"\x00\n": 2}], "kind": ["x", "y"]})
    with pytest.raises(InputError) as caught:
        raw_of(table, Place("d"), {**OPTIONS, "data.target": "kind"})
    assert str(caught.value).isprintable()


@pytest.mark.slow
@given(st.text())
def test_words_of_a_library_stay_on_one_line(text):
    assert words(text).isprintable()
    assert len(words(text)) <= 200
