"""The fake device itself: every kind of fault is found where it is made, and operations, bytes and memory are right."""

import json
import subprocess
import sys
from pathlib import Path

import fake_cuda
import pytest

FAULTS = """
import json, sys
import fake_cuda
fake_cuda.install()
import torch, watch
from torch.nn import functional
watch.PACKAGE = "<string>"  # faults of this text are found, as those of the package are
device = torch.device("cuda", 0)
def wrong(): return torch.zeros(3) + torch.zeros(3, device=device)
def waits(values): return values.sum().item()
def blocks(): return torch.zeros(3).to(device)
def comes_back(values): return values.cpu()
def unpinned(): return torch.zeros(3).to(device, non_blocking=True)
def pinned(): return torch.zeros(3).pin_memory().to(device, non_blocking=True)
def double(values): return values.double()
def wide(values): return values + 1
refused = []
with fake_cuda.fake_tensors(), watch.Watch(device, False) as seen:
    maps = torch.zeros(2, 8, 16, 16, device=device)
    weight = torch.zeros(4, 8, 3, 3, device=device)
    before = seen.memory()
    seen.start(True, 4)
    wide(maps), double(maps), blocks(), comes_back(maps), unpinned(), pinned()
    for fault, words in ((wrong, ()), (waits, (maps,))):
        try: fault(*words)
        except Exception as error: refused.append(type(error).__name__)
    found = {kind: dict(places) for kind, places in seen.stop().found.items()}
    after = seen.memory()
    seen.start(False, 4)
    with torch.autocast("cuda", dtype=torch.bfloat16):
        out = functional.conv2d(maps, weight, padding=1)
    figures = seen.stop()
generator = torch.Generator(device).manual_seed(1)
json.dump({"found": found, "refused": refused, "before": before, "after": after, "kernels": figures.kernels,
    "operations": figures.operations, "moved": figures.moved, "peak": figures.peak, "type": str(out.dtype),
    "generator": str(generator.device)}, sys.stdout)
"""
MAPS, WEIGHT = 4 * 2 * 8 * 16 * 16, 4 * 4 * 8 * 9


@pytest.fixture(scope="module")
def seen() -> dict:
    if why := fake_cuda.missing():
        pytest.skip(why)
    done = subprocess.run(
        [sys.executable, "-c", FAULTS], cwd=Path(__file__).parent, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def test_every_kind_of_fault_is_found_where_it_is_made(seen):
    assert seen["found"] == {
        "float32 map": {" wide": 1},
        "float64 array": {" double": 1},
        "blocking copy": {" blocks": 1, " comes_back": 1},
        "copy from memory that is not pinned": {" unpinned": 1},
        "host synchronisation": {" waits": 1},
    }
    assert len(seen["refused"]) == 2, "a tensor on the wrong device, and a number that is not there"


def test_memory_is_that_of_the_tensors_that_are_left(seen):
    assert seen["before"] == seen["after"]
    # Sizes are multiples of 512 bytes.
    assert MAPS + WEIGHT <= seen["before"] < MAPS + WEIGHT + 1024


def test_operations_bytes_and_kernels_of_a_convolution(seen):
    assert seen["operations"] == {"bf16": 2 * 2 * 4 * 16 * 16 * 8 * 9}
    assert seen["type"] == "torch.bfloat16"
    # Maps and weights are read and written halved, read again, and the outcome is written.
    assert seen["kernels"] == 3
    halved = (MAPS + WEIGHT) // 2
    outcome = 2 * 2 * 4 * 16 * 16
    assert seen["moved"] == (MAPS + WEIGHT) + halved + halved + outcome
    assert seen["peak"] >= seen["before"] + halved + outcome
    assert seen["generator"] == "cuda:0"
