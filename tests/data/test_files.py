"""Data in files of one's own: what is read, and one sentence for every file that cannot be trained on."""

import gzip
import io
import os
import re
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bench import run
from bench.data import files, outside
from bench.errors import InputError
from bench.parts import Catalogue
from bench.plan import plan
from bench.spec import Grid

GOOD = b"a,b,kind\n1,2,x\n3,4.5,y\n5,7,x\n2,1,y\n"


def raw(path, **options):
    source = outside(str(path))
    return source.make(0, {**source.options, "data.target": "kind", **options})


def parquet(**columns):
    held = io.BytesIO()
    pq.write_table(pa.table(columns), held)
    return held.getvalue()


def write(folder, name, content):
    path = folder / name
    path.write_bytes(content)
    return path


PAGE = Path(__file__).parents[2] / "docs" / "data.md"
HEAD = "| file | what is said |\n| --- | --- |"
KIND = ["x", "y", "x", "y"]
# fmt: off
BAD = {  # name of the file, its content, further lines of the grid, what is said of it
    "empty file": ("d.csv", b"", "", "d.csv: is empty"),
    "blank lines": ("d.csv", b"\n\n\n", "", "d.csv: is empty"),
    "header only": ("d.csv", b"a,b,kind\n", "", "no rows below the header"),
    "no header": ("d.csv", b"1,2,3\n4,5,6\n", "", "first line holds numbers"),
    "no target given": ("d.csv", GOOD, '"data.target" = ""', "set data.target to the column to predict, one of a, b"),
    "target absent": ("d.csv", GOOD, '"data.target" = "knd"', "unknown column in data.target, 'knd'. Did you mean 'k"),
    "ignored absent": ("d.csv", GOOD, '"data.ignore" = "c"', "unknown column in data.ignore, 'c'"),
    "nothing left": ("d.csv", GOOD, '"data.ignore" = "a, b"', "no column is left beside the target 'kind'"),
    "task": ("d.csv", GOOD, '"data.task" = "ranking"', "unknown data.task 'ranking'. Valid: auto, classification"),
    "option": ("d.csv", GOOD, '"data.rows" = 3', "unknown option 'data.rows'"),
    "option of another type": ("d.csv", GOOD, '"data.ignore" = 3', "data.ignore = 3: give text in quotes"),
    "separator": ("d.csv", GOOD, '"data.separator" = ";;"', "data.separator = ';;': give one character"),
    "empty cell": ("d.csv", b"a,b,kind\n1,2,x\n3,,y\n", "", "row 2, column 'b' is empty; fill it in"),
    "missing value": ("d.csv", b"a,b,kind\n1,2,x\n3,NA,y\n", "", "row 2, column 'b' is 'NA', a missing value"),
    "not a number": ("d.csv", b"a,b,kind\n1,2,x\n3,nan,y\n", "", "row 2, column 'b' is nan; give a finite number"),
    "infinite": ("d.csv", b"a,b,kind\n1,inf,x\n3,1,y\n", "", "row 1, column 'b' is inf; give a finite number"),
    "text column": ("d.csv", b"a,b,kind\n1,Rome,x\n3,Oslo,y\n", "", "column 'b' holds text, 'Rome' in row 1"),
    "mixed types": ("d.csv", b"a,b,kind\n1,2,x\n3,4?,y\n", "", "row 2, column 'b' is '4?'; give a number"),
    "dates": ("d.csv", b"a,b,kind\n1,2020-01-01,x\n3,2020-01-02,y\n", "", "column 'b' holds date32"),
    "decimal comma": ("d.csv", b"a;b;kind\n1;2;x\n3;4,5;y\n", '"data.separator" = ";"', "is '4,5'; write 4.5, with a"),
    "semicolons": ("d.csv", b"a;b;kind\n1;2;x\n3;4,5;y\n", "", "seem to be by ';': set data.separator = ';'"),
    "tabs": ("d.csv", b"a\tb\tkind\n1\t2\tx\n", "", r"set data.separator = '\t'"),
    "ragged, short": ("d.csv", b"a,b,kind\n1,2,x\n3,y\n", "", "row 2 has 2 cells, the header has 3"),
    "ragged, long": ("d.csv", b"a,b,kind\n1,2,x\n3,4,5,y\n", "", "row 2 has 4 cells, the header has 3"),
    "duplicated header": ("d.csv", b"a,a,kind\n1,2,x\n3,4,y\n", "", "two columns are called 'a'"),
    "unnamed column": ("d.csv", b",b,kind\n0,2,x\n1,4,y\n", "", "column 1 has no name; name it, or write the file w"),
    "one class": ("d.csv", b"a,b,kind\n1,2,x\n3,4,x\n", "", "the target 'kind' has one class only, 'x'"),
    "identifiers": ("d.csv", b"a,kind\n1,p\n2,q\n3,r\n4,s\n", "", "has 4 different labels in 4 rows; name a column in"),
    "a number that is none": ("d.csv", b"a,kind\n1,1.5\n3,o.5\n4,7\n", "", "row 2, column 'kind' is 'o.5'; give"),
    "text for regression": ("d.csv", GOOD, '"data.task" = "regression"', "column 'kind' holds text, 'x' in row"),
    "constant target": ("d.csv", b"a,kind\n1,2.5\n2,2.5\n", "", "the target 'kind' is 2.5 in every row"),
    "empty label": ("d.csv", b"a,kind\n1,x\n2,y\n3,\n", "", "row 3, column 'kind' is empty"),
    "constant columns": ("d.csv", b"a,kind\n1,x\n1,y\n1,x\n1,y\n", "", "no input column varies over the rows"),
    "latin-1": ("d.csv", b"a,b,kind\n1,2,caf\xe9\n3,4,y\n", "", "column 'kind' holds bytes that are not UTF-8"),
    "latin-1 header": ("d.csv", b"caf\xe9,kind\n1,x\n", "", "the header is not UTF-8"),
    "utf-16": ("d.csv", GOOD.decode().encode("utf-16"), "", "is UTF-16; save it as UTF-8"),
    "open quote": ("d.csv", b'a,b,kind\n1,"2,x\n3,4,y\n', "", "d.csv: "),
    "half a gzip file": ("d.csv.gz", gzip.compress(GOOD, mtime=0)[:-9], "", "is no whole gzip file"),
    "no gzip file": ("d.csv.gz", GOOD, "", "is no whole gzip file"),
    "no parquet": ("d.parquet", GOOD, "", "is no Parquet file that can be read"),
    "null": ("d.parquet", parquet(a=[1.0, None, 2.0, 3.0], kind=KIND), "", "row 2, column 'a' is empty"),
    "null label": ("d.parquet", parquet(a=[1, 2, 3], kind=["x", None, "y"]), "", "row 2, column 'kind' is empty"),
    "lists": ("d.parquet", parquet(a=[[1.0]] * 4, kind=KIND), "", "column 'a' holds list<"),
    "index": ("d.parquet", parquet(__index_level_0__=range(4), kind=KIND), "", "is a pandas index; write the file wit"),
    "another kind": ("d.xlsx", GOOD, "", "is no file that can be read; name one that ends in .csv,"),
    "too few rows": ("d.csv", GOOD, 'split = "9/1"', "split '9/1' needs 10 rows, the data has 4"),
}
# fmt: on


def refused(name, folder, capsys):
    """What the command says of a grid over a bad file, which must be one sentence, with nothing written."""
    file, content, more, _ = BAD[name]
    write(folder, file, content)
    target = "" if "data.target" in more else '"data.target" = "kind"'
    write(folder, "mine.toml", f'[grid]\ndata = "{file}"\n{target}\n{more}\n'.encode())
    before = sorted(folder.iterdir())
    assert run.main(["mine.toml", "--out", "results"]) == 2
    assert sorted(folder.iterdir()) == before
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    return error.removeprefix("error: ").rstrip()


@pytest.mark.parametrize("name", BAD)
@pytest.mark.filterwarnings("ignore:.*is the same in every row")
def test_a_bad_file_is_one_sentence_and_nothing_is_written(name, tmp_path, monkeypatch, capsys, devices):
    monkeypatch.chdir(tmp_path)
    said = refused(name, tmp_path, capsys)
    assert BAD[name][3] in said
    assert said.endswith(".")


@pytest.mark.filterwarnings("ignore:.*is the same in every row")
def test_the_page_lists_every_error(tmp_path, monkeypatch, capsys, devices):
    rows = []
    monkeypatch.chdir(tmp_path)
    for name in BAD:
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        said = refused(name, tmp_path / name, capsys)
        said = re.sub(r"\(.{15,}\);", "(...);", said)  # reasons of libraries
        rows.append(f"| {name} | {said} |")
    page = PAGE.read_text()
    wanted = re.sub(
        r"(<!-- errors -->\n).*(<!-- end -->)",
        lambda m: m[1] + "\n".join([HEAD, *rows]) + "\n" + m[2],
        page,
        flags=re.DOTALL,
    )
    if os.environ.get("GOLDEN_UPDATE"):
        PAGE.write_text(wanted)
    assert PAGE.read_text() == wanted, "docs/data.md is out of date: run this test with GOLDEN_UPDATE=1"


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: None, "No such file or directory"),
        (lambda path: path.mkdir(), "is a folder; give a plain file"),
        (os.mkfifo, "is no plain file"),
        (lambda path: path.symlink_to(path.with_name("gone.csv")), "No such file or directory"),
        (lambda path: path.symlink_to(path), "symbolic links"),
    ],
)
def test_what_is_no_readable_file_is_said_so(make, said, tmp_path):
    make(tmp_path / "d.csv")
    with pytest.raises(InputError, match=said):
        raw(tmp_path / "d.csv")


def test_a_file_without_permission_is_named(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    path = write(tmp_path, "d.csv", GOOD)
    monkeypatch.setattr("pathlib.Path.open", refuse)  # the tests may run as a user who may read everything
    with pytest.raises(InputError, match=r"d\.csv: Permission denied"):
        raw(path)


@pytest.mark.parametrize(("name", "content"), [("d.csv", GOOD), ("d.csv.gz", gzip.compress(GOOD * 99, mtime=0))])
def test_a_huge_file_is_refused_before_it_fills_the_memory(name, content, tmp_path, monkeypatch):
    path = write(tmp_path, name, content)
    monkeypatch.setattr(files, "MOST_BYTES", len(content) - 1)
    with pytest.raises(InputError, match=r"has more than .* bytes; give a sample"):
        raw(path)
    monkeypatch.setattr(files, "MOST_BYTES", len(content))
    if name.endswith(".gz"):  # small on disk, large when read
        with pytest.raises(InputError, match="has more than"):
            raw(path)


@pytest.mark.parametrize(
    ("name", "content", "options"),
    [
        ("crlf.csv", GOOD.replace(b"\n", b"\r\n"), {}),
        ("bom.csv", b"\xef\xbb\xbf" + GOOD, {}),
        ("blank.csv", GOOD.replace(b"\n3", b"\n\n3") + b"\n", {}),
        ("quoted.csv", GOOD.replace(b"x", b'"x"'), {}),
        ("spaces.csv", GOOD.replace(b"3,4.5", b" 3, 4.5 "), {}),
        ("semicolons.csv", GOOD.replace(b",", b";"), {"data.separator": ";"}),
        ("zipped.csv.gz", gzip.compress(GOOD, mtime=0), {}),
        ("d.parquet", parquet(a=[1, 3, 5, 2], b=[2, 4.5, 7, 1], kind=KIND), {}),
        ("categories.parquet", parquet(a=[1, 3, 5, 2], b=[2, 4.5, 7, 1], kind=pa.array(KIND).dictionary_encode()), {}),
        ("more.csv", GOOD.replace(b",kind", b",id,kind").replace(b",x", b",p,x").replace(b",y", b",q,y"),
         {"data.ignore": "id"}),
    ],
)  # fmt: skip
def test_one_table_in_many_files_is_the_same_rows(name, content, options, tmp_path):
    found = raw(write(tmp_path, name, content), **options)
    assert found.x.tolist() == [[1, 2], [3, 4.5], [5, 7], [2, 1]]
    assert found.y.tolist() == [0, 1, 0, 1]
    assert (found.classes, found.truth["labels"], found.truth["columns"]) == (2, ("x", "y"), ["a", "b"])


@pytest.mark.parametrize(
    ("cells", "task", "classes", "y"),
    [
        (["null", "NA", "NA", "null"], "auto", 2, [1, 0, 0, 1]),  # labels, never missing values
        (["None", "b", "b", "None"], "auto", 2, [0, 1, 1, 0]),
        ([7, 3, 7, 3], "auto", 2, [1, 0, 1, 0]),  # gaps are closed
        ([7, 3, 7, 3], "regression", 0, [7, 3, 7, 3]),
        (["true", "false", "false", "true"], "auto", 2, [1, 0, 0, 1]),
        ([1.5, 2.5, 1.5, 3], "auto", 0, [1.5, 2.5, 1.5, 3]),
        ([1.5, 2.5, 1.5, 2.5], "classification", 2, [0, 1, 0, 1]),
    ],
)
def test_the_task_follows_the_target_unless_it_is_given(cells, task, classes, y, tmp_path):
    text = "a,kind\n" + "".join(f"{row},{cell}\n" for row, cell in enumerate(cells))
    found = raw(write(tmp_path, "d.csv", text.encode()), **{"data.task": task})
    assert (found.classes, found.y.tolist()) == (classes, y)
    assert found.y.dtype == (np.int64 if classes else np.float64)


def test_whole_numbers_are_classes_up_to_twenty(tmp_path):
    for count, classes in ((20, 20), (21, 0)):
        text = "a,kind\n" + "".join(f"{row},{row % count}\n" for row in range(200))
        assert raw(write(tmp_path, "d.csv", text.encode())).classes == classes


def test_a_constant_column_is_named_and_can_be_kept(tmp_path, parts):
    path = write(tmp_path, "d.csv", b"a,b,kind\n1,5,x\n2,5,y\n3,5,x\n4,5,y\n")
    with pytest.warns(UserWarning, match=r"d\.csv: column 'b' is the same in every row and is left out"):
        assert raw(path).x.shape == (4, 2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        look = Catalogue(parts).lookup
        kept = {one: look(str(path), target="kind", constant_columns=one).x for one in ("keep", "drop")}
    assert kept["drop"].shape == (4, 1)
    assert kept["keep"][:, 1].tolist() == [0, 0, 0, 0]  # centred, never divided by zero


def keys(catalogue, path, **more):
    grid = Grid({"data": str(path), "data.target": "kind", "model": "softmax", "epochs": 1, **more})
    return [program.key for program in plan([grid], catalogue.describe, "x").programs]


def test_content_names_a_result_and_the_path_does_not(tmp_path, parts):
    (tmp_path / "other").mkdir()
    one, same = write(tmp_path, "d.csv", GOOD), write(tmp_path / "other", "copy.csv", GOOD)
    assert keys(Catalogue(parts), one) == keys(Catalogue(parts), same)
    changed = write(tmp_path, "e.csv", GOOD.replace(b"4.5", b"4.6"))
    assert keys(Catalogue(parts), one) != keys(Catalogue(parts), changed)
    with pytest.raises(InputError, match=r"d\.csv' and '.*copy\.csv' have the same content; name one"):
        plan([Grid({"data": [str(one), str(same)], "data.target": "kind"})], Catalogue(parts).describe, "x")


def test_a_class_that_a_split_leaves_out_still_counts(tmp_path, parts):
    two, three = GOOD + b"9,9,x\n9,9,x\n", GOOD + b"9,9,z\n9,9,z\n"
    split = {"split": "1/0", "scaling": "raw", "constant_columns": "keep"}
    assert keys(Catalogue(parts), write(tmp_path, "2.csv", two), **split) != keys(
        Catalogue(parts), write(tmp_path, "3.csv", three), **split
    )


@pytest.mark.slow
def test_a_grid_in_another_folder_trains_on_the_file_beside_it(tmp_path, monkeypatch, capsys, devices):
    monkeypatch.setenv("DESCENTBENCH_CACHE", "off")
    (tmp_path / "sub").mkdir()
    write(tmp_path / "sub", "d.csv", GOOD)
    text = '[grid]\ndata = "d.csv"\n"data.target" = "kind"\nmodel = "softmax"\nsteps = 2\n'
    write(tmp_path / "sub", "mine.toml", text.encode())
    monkeypatch.chdir(tmp_path)
    assert run.main(["sub/mine.toml", "--out", "results"]) == 0
    runs = pd.read_parquet("results/mine/full/runs.parquet")
    assert runs["data"].tolist() == ["sub/d.csv"]
    assert runs["data.target"].tolist() == ["kind"]
    capsys.readouterr()
    write(tmp_path / "sub", "d.csv", GOOD.replace(b"4.5", b"4.6"))
    assert run.main(["sub/mine.toml", "--out", "results"]) == 2
    assert "holds results of another plan (different: data, programs)" in capsys.readouterr().err


def test_five_thousand_rows_of_forty_columns_are_read_fast(tmp_path):
    x = np.random.default_rng(0).standard_normal((5000, 40))
    frame = pd.DataFrame(x, columns=[f"c{index}" for index in range(40)]).assign(kind=x[:, 0] > 0)
    frame.to_csv(tmp_path / "d.csv", index=False)
    start = time.process_time()
    found = raw(tmp_path / "d.csv")
    assert time.process_time() - start < 2  # 0.03 s where nothing else runs
    np.testing.assert_array_equal(found.x, x)
