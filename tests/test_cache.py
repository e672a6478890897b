"""What is kept between runs."""

from bench.cache import kept


def test_a_text_is_made_once(tmp_path, monkeypatch):
    monkeypatch.setenv("DESCENTBENCH_CACHE", str(tmp_path))
    made = []
    assert [kept("x.js", lambda: made.append(1) or "text") for _ in range(2)] == ["text", "text"]
    assert made == [1]
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["x.js"]


def test_without_a_cache_it_is_made_every_time(tmp_path, monkeypatch):
    made = []
    for chosen in ("off", str(tmp_path / "file" / "below")):
        (tmp_path / "file").write_text("")
        monkeypatch.setenv("DESCENTBENCH_CACHE", chosen)
        assert [kept("x.js", lambda: made.append(1) or "text") for _ in range(2)] == ["text", "text"]
    assert len(made) == 4
