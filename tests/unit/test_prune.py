"""Pruning removes what other settings left, and nothing that stands or is unfinished."""

import json

from galforge.prune import main, unused


def test_only_replaced_work_is_removed(tmp_path, capsys):
    seed = tmp_path / "models" / "cosmos" / "vae" / "seed0"
    current, replaced, unfinished = (
        seed / "work" / name for name in (f"state_0-{'a' * 16}", f"state_0-{'b' * 16}", f"state_1-{'c' * 16}")
    )
    for folder in (current, replaced, unfinished):
        folder.mkdir(parents=True)
        (folder / "finished.pt").write_bytes(b"x" * 1000)
    (seed / "state_0.json").write_text(json.dumps({"key": "a" * 64}))
    assert unused(tmp_path) == [replaced]
    main([str(tmp_path)])
    assert current.is_dir()
    assert unfinished.is_dir()
    assert not replaced.exists()
    assert f"removed {replaced}" in capsys.readouterr().out
