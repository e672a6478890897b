"""What is a cluster: addresses, what may not leave this host in the clear, and workers that must not train."""

import json

import pytest

from bench import run
from bench.cluster.connect import check_address, workers_of
from bench.cluster.worker import difference
from bench.errors import InputError


@pytest.mark.parametrize("address", ["tls://10.0.0.7:8786", "tls://head:8786", "tcp://127.0.0.1:8786",
                                     "tcp://localhost:80", "tcp://[::1]:8786", "tcp://127.8.0.1:1"])  # fmt: skip
def test_encrypted_addresses_and_those_of_this_host_are_taken(address):
    assert check_address(address) == address


@pytest.mark.parametrize("address", ["tcp://10.0.0.7:8786", "tcp://head:8786", "tcp://0.0.0.0:8786",
                                     "tcp://127.0.0.1.example.org:1", "tcp://[2001:db8::1]:8786"])  # fmt: skip
def test_what_leaves_this_host_in_the_clear_is_refused(address, tmp_path, capsys):
    with pytest.raises(InputError, match=r"not encrypted.*tls://"):
        check_address(address)
    file = tmp_path / "scheduler.json"
    file.write_text(json.dumps({"address": address}))
    assert run.main(["A02", "--dask", str(file), "--out", str(tmp_path / "out")]) == 2
    assert "is not encrypted" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("text", ["", "head", "head:8786", "http://head:1", "tls://head", "tls://:1", "tls://h:x",
                                  "ucx://127.0.0.1:1", "tcp://127.0.0.1"])  # fmt: skip
def test_what_is_no_address_is_told_what_would_be_one(text):
    with pytest.raises(InputError, match="give local:N, tls://host:port"):
        check_address(text)


@pytest.mark.parametrize("text", ["local", "local:0", "local:two", "local:-1", "local:2\n", "localhost:8786"])
def test_a_number_of_workers_is_a_number(text):
    with pytest.raises(InputError, match="give local:N with N workers"):
        workers_of(text)
    assert workers_of("local:2") == 2
    assert workers_of("tls://local:2") is None


@pytest.mark.parametrize(("content", "told"), [
    ("", "not a file of a Dask scheduler"),
    ("[]", "not a file of a Dask scheduler"),
    ('{"address": 3}', "is not a text"),
])  # fmt: skip
def test_a_scheduler_file_is_one(content, told, tmp_path):
    with pytest.raises(InputError, match="no such file"):
        check_address(str(tmp_path / "absent.json"))
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(InputError, match=told):
        check_address(str(tmp_path / "a.json"))


def test_a_difference_names_both():
    here, there = {"jax": "0.10.2", "numpy": "2.4.6"}, {"jax": "0.12.0", "numpy": "2.4.6", "device": "cpu"}
    assert difference(there, here) == "jax 0.12.0 instead of 0.10.2"
    assert difference(here, here) == ""


def test_options_that_need_this_process_are_refused(capsys):
    for option in (["--time"], ["--audit", "1"]):
        assert run.main(["A02", "--dask", "local:1", *option]) == 2
        assert f"--dask trains elsewhere; leave out {option[0]}" in capsys.readouterr().err


def test_an_encrypted_scheduler_needs_certificates(capsys):
    pytest.importorskip("distributed", reason="needs the extra `cluster`")
    assert run.main(["A02", "--dask", "tls://127.0.0.1:9"]) == 2
    assert "no certificates: name them by DASK_DISTRIBUTED__COMM__TLS__CA_FILE" in capsys.readouterr().err
