"""Progress in a log: what it says, and how seldom."""

from types import SimpleNamespace

from galforge import logs


def test_progress_says_how_far_how_fast_and_how_long_in_at_most_two_lines_a_minute(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(logs, "time", SimpleNamespace(monotonic=lambda: now[0]))
    # Resumed at 2000 of 20000, 10 images in a second.
    progress = logs.Progress(20_000, "images seen", done=2_000)
    lines = []
    monkeypatch.setattr(logs, "log", SimpleNamespace(info=lambda text, *words: lines.append(text % words)))
    for _ in range(1800):
        now[0] += 1.0
        progress.advance(10, "loss 0.5")
    assert 55 <= len(lines) <= 61
    assert lines[0] == "2300 of 20000 images seen, 10 per s, 30 min left, loss 0.5"
    assert lines[-1] == "20000 of 20000 images seen, 10 per s, 0 s left, loss 0.5"


def test_durations_are_said_in_the_unit_that_people_would_use():
    assert [logs.duration(seconds) for seconds in (45, 720, 12_240)] == ["45 s", "12 min", "3.4 h"]
