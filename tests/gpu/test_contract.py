"""What every step on a GPU has to keep to, at the papers' scale and the demo's, on a fake device or a real one.

No tensor on the wrong device, no wait for the device, no blocking copy and none from memory that is not pinned, no
float64 array, no map in single precision where bfloat16 was chosen, no convolution without cuDNN; and no more kernels,
bytes and memory than config/gpu_steps.csv says.
"""

import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import fake_cuda
import pytest

from galforge.estimate.roofline import Step, read_steps

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
WRITE = "python benchmarks/gpu_steps.py --write"
SLACK = 1.02
"""Of the figures in the table: another release of torch may start a few other kernels."""
REAL_MEMORY = 4.0
"""What work spaces of libraries on a real GPU may take besides [GB]."""
KINDS = ("train", "denoise", "score", "features")
MEANT = {
    "float32 map": {
        "models/unet.py UNet.forward": "noisy images in patches, before the first convolution",
        "models/style_layers.py shown": "halved, numbers have too few digits for the faint parts of galaxies",
    },
}
"""By kind of finding and place, what is so by intention, and why."""


def missing(device: str) -> str:
    """Why nothing can be counted here; empty if it can."""
    if device == "fake":
        return fake_cuda.missing()
    import torch

    return "" if torch.cuda.is_available() else "torch sees no GPU"


@pytest.fixture(scope="module")
def counted():
    """Counts the steps of all scales once, and gives those of one."""
    known: dict[str, list[dict]] = {}

    def count(device: str, scale: str) -> list[dict]:
        if why := missing(device):
            pytest.skip(why)
        if device not in known:
            words = [sys.executable, HERE / "measure.py", "--device", device, "--largest", "--only", *KINDS]
            done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr[-3000:]
            known[device] = [json.loads(line) for line in done.stdout.splitlines()]
        return [row for row in known[device] if row["scale"] == scale]

    return count


@pytest.fixture(scope="module")
def table() -> dict[tuple[str, ...], Step]:
    return {(row.scale, row.what, row.name, row.step): row for row in read_steps()}


DEVICES = pytest.mark.parametrize("device", ["fake", pytest.param("cuda", marks=pytest.mark.gpu)])
SCALES = pytest.mark.parametrize("scale", ["paper", "demo"])


@DEVICES
@SCALES
def test_every_step_keeps_to_the_rules(counted, device, scale):
    faults = []
    for row in counted(device, scale):
        if "error" in row:
            faults.append(f"{row['what']} {row['name']}: {row['error']}")
            continue
        for kind, places in row["found"].items():
            excused = MEANT.get(kind, {})
            faults += [
                f"{row['what']} {row['name']} {row['step']}: {number} x {kind} in {place}"
                for place, number in places.items()
                if place not in excused
            ]
    assert not faults, "\n".join(faults)


@DEVICES
@SCALES
def test_no_step_does_more_than_the_table_says(counted, table, device, scale):
    faults = []
    room = {"peak_gb": REAL_MEMORY if device == "cuda" else 0.0}
    for row in counted(device, scale):
        known = table.get((scale, row["what"], row["name"], row.get("step", "")))
        if known is None:
            faults.append(f"{row['what']} {row['name']}: no row in config/gpu_steps.csv: run `{WRITE}`")
            continue
        for name in ("kernels", "gb", "peak_gb"):
            limit = SLACK * getattr(known, name) + room.get(name, 0.0)
            if row.get(name, 0.0) > limit:
                faults.append(
                    f"{row['what']} {row['name']} {row['step']}: {name} is {row[name]:.6g}, at most {limit:.6g}; if it "
                    f"has to be, run `{WRITE}`"
                )
    assert not faults, "\n".join(faults)


def test_what_is_excused_is_still_there(counted):
    found = defaultdict(set)
    for scale in ("paper", "demo"):
        for row in counted("fake", scale):
            for kind, places in row.get("found", {}).items():
                found[kind] |= set(places)
    gone = [f"{kind} in {place}" for kind, places in MEANT.items() for place in set(places) - found[kind]]
    assert not gone, "no longer so, take it out of the list: " + "; ".join(gone)
