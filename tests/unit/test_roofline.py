"""Bounds of steps: which roof counts, how rare steps count, and which row stands for a step that has none."""

import math

import pytest

from galforge.errors import GalforgeError
from galforge.estimate.roofline import LAUNCH_SECONDS, TABLE, Gpu, Step, Steps, read_steps

GPU = Gpu("X", bf16=400.0, tf32=200.0, fp32=50.0, memory=2000.0)


def row(name: str = "a/m", **changes) -> Step:
    about = {"scale": "paper", "what": "train", "family": "m", "name": name, "step": "", "every": 1}
    about |= {"precision": "bfloat16", "side": 64, "images": 4, "kernels": 1, "bf16_tflop": 8.0, "tf32_tflop": 0.0}
    return Step(**about | {"fp32_tflop": 0.0, "gb": 1.0, "states_gb": 1.0, "peak_gb": 5.0} | changes)


@pytest.mark.parametrize(("changes", "seconds"), [
    ({}, 8 / 400),
    ({"bf16_tflop": 0.0, "tf32_tflop": 8.0, "fp32_tflop": 2.0}, 8 / 200 + 2 / 50),
    ({"gb": 100.0}, 100 / 2000),
    ({"kernels": 10**5}, 10**5 * LAUNCH_SECONDS),
])  # fmt: skip
def test_the_highest_roof_counts(changes, seconds):
    assert row(**changes).seconds(GPU) == pytest.approx(seconds / 4)


def test_a_rare_step_counts_as_rarely():
    steps = Steps([row(), row(step="penalised", every=16, gb=100.0, peak_gb=9.0)])
    bound = steps.bound("train", "m", "a/m", True, 2e12, 4, GPU)
    assert bound.seconds == pytest.approx((15 * 8 / 400 + 100 / 2000) / 16 / 4)
    assert (bound.memory, bound.like) == (9.0, "")


def test_a_step_without_a_row_is_scaled_from_the_nearest_of_its_family():
    steps = Steps([row("a/m"), row("b/m", bf16_tflop=80.0, gb=2.0), row("c/n", family="n", gb=1e4)])
    bound = steps.bound("train", "m", "d/m", True, 10e12, 8, GPU)
    assert bound.like == "b/m"
    assert bound.seconds == pytest.approx(80 / 400 / 4 / 2)
    assert bound.memory == pytest.approx(1 + 4 * 0.5 * 2)


def test_a_family_that_nobody_counted_takes_the_longest_per_operation():
    steps = Steps([row("a/m"), row("c/n", family="n", gb=1e4)])
    assert steps.bound("train", "other", "a/other", True, 2e12, 4, GPU).like == "c/n"


def test_another_precision_is_never_taken():
    assert math.isnan(Steps([row()]).bound("train", "m", "a/m", False, 2e12, 4, GPU).seconds)


def test_a_damaged_table_is_named_with_its_line(tmp_path):
    path = tmp_path / "gpu_steps.csv"
    path.write_text("scale,images\npaper,many\n")
    with pytest.raises(GalforgeError, match=r"gpu_steps\.csv, line 2: cannot be read .*gpu_steps\.py --write"):
        read_steps(path)


def test_every_shipped_row_has_bounds():
    for step in read_steps(TABLE):
        assert step.kernels > 0
        assert step.seconds(GPU) > 0
        assert step.peak_gb >= step.states_gb > 0 or step.what != "train"
