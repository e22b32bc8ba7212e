"""The benchmark of training: it runs, its numbers are sane, and both loops that it compares do the same work."""

import importlib.util
import re
import sys
from pathlib import Path

import pytest
import torch

from galforge.models.normalisation import Normalisation
from galforge.models.vae.settings import ModelSettings
from galforge.stamps.file import Stamps
from galforge.training.data import TrainingImages
from galforge.training.loop import Training
from galforge.training.settings import StepSettings

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
TINY = "{name: tiny, models: {vae: {network: {latent: 4, width: 4, max_width: 8, blocks: 1}, training: {batch: 4}}}}"
CPU = torch.device("cpu")
SHAPE = (1, 32, 32)


@pytest.fixture(scope="module")
def benchmark():
    sys.path.insert(0, str(BENCHMARKS))
    try:
        spec = importlib.util.spec_from_file_location("benchmark_training", BENCHMARKS / "training.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(BENCHMARKS))
    return module


def test_it_prints_a_table_of_sane_numbers(benchmark, tmp_path, capsys):
    overlay = tmp_path / "tiny.yaml"
    overlay.write_text(TINY)
    benchmark.main(
        ["--family", "vae", "--device", "cpu", "--side", "32", "--seconds", "1", "--configfile", str(overlay)]
    )
    text = capsys.readouterr().out
    assert "32 px, batch 4; default: " in text
    line = r"^(\S.*?) +([\d.]+) +([\d.]+) +([\d.]+)-([\d.]+)$"
    rows = {name: [float(value) for value in rest] for name, *rest in re.findall(line, text, re.MULTILINE)}
    assert len(rows) == 6
    assert rows["plain loop"][1:] == [1.0, 1.0, 1.0]
    for rate, speed_up, low, high in rows.values():
        assert rate > 1
        assert low <= speed_up <= high
    # Two numbers of one run: the medians of rates and of ratios need not agree exactly.
    assert rows["galforge"][0] / rows["plain loop"][0] == pytest.approx(rows["galforge"][1], rel=0.5)
    waits = [float(value) for value in re.search(r"waiting for data: (.*)%.*; (.*)% if", text).groups()]
    assert all(0 < wait < 100 for wait in waits)
    # So small a network may come to less than half a percent.
    assert 0 <= float(re.search(r"share of the matrix products in \w+: (\d+)%", text)[1]) < 100
    assert re.search(r"^required: speed-up of at least 1.3: [\d.]+, (met|NOT MET)$", text, re.MULTILINE)


def test_operations_are_those_of_the_layers(benchmark, tmp_path):
    """A linear model by hand: forward, and the gradient of the weights alone, for the input needs none."""

    class Step:
        def step(self, images):
            weights = torch.zeros(5, 3, requires_grad=True)
            (images @ weights).sum().backward()

    assert benchmark.operations(Step(), torch.ones(7, 5)) == 2 * (2 * 7 * 5 * 3)


def test_plain_loop_does_the_same_work(benchmark, tmp_path):
    """The same losses step by step, over more than one epoch."""
    path = tmp_path / "stamps.h5"
    benchmark.write_stamps(path, SHAPE, 10, ())
    settings = StepSettings(
        batch=4, precision="float32", layout="contiguous", augmentation=False, gradient_clip=1.0, history_images=4
    )
    normalisation = Normalisation("asinh", (0.02,), (0.1,), (0.5,))
    network = ModelSettings(latent=4, width=4, max_width=8)
    ours, theirs = (Training("vae", network, SHAPE, normalisation, settings, 0, CPU) for _ in range(2))
    with Stamps(path) as stamps, TrainingImages(stamps, CPU, (), 0) as images:
        plain = benchmark.Plain(theirs, images)
        benchmark.Ours(ours, images).turn(6)
        plain.turn(6)
    assert not any(group["fused"] or group["foreach"] for group in plain.optimisers["vae"].param_groups)
    assert len(plain.losses) == 6
    assert [losses["loss"] for losses in plain.losses] == pytest.approx(ours.history["loss"], rel=1e-4)
    assert len(set(ours.history["loss"])) == 6


def test_plain_loop_reads_conditions_and_augments(benchmark, tmp_path):
    path = tmp_path / "stamps.h5"
    benchmark.write_stamps(path, SHAPE, 4, ("redshift",))
    run = Training(
        "vae", ModelSettings(latent=4, width=4, max_width=8), SHAPE, Normalisation("linear", (1.0,), (0.0,), (1.0,)),
        StepSettings(batch=4, precision="float32", layout="contiguous"), 0, CPU,
    )  # fmt: skip
    with Stamps(path) as stamps, TrainingImages(stamps, CPU, ("redshift",), 0) as images:
        batches = benchmark.Plain(run, images).batches
        torch.manual_seed(1)
        first, second = (next(batches) for _ in range(2))
        held = {float(value): image for value, image in zip(images.conditions["redshift"], images.held, strict=True)}
    assert sorted(first["redshift"].tolist()) == sorted(held)
    same = 0
    for batch in (first, second):
        for value, image in zip(batch["redshift"].tolist(), batch["image"], strict=True):
            turned = [torch.rot90(side, k, (-2, -1)) for side in (held[value], held[value].flip(-1)) for k in range(4)]
            assert any(torch.equal(image, one) for one in turned)
            same += torch.equal(image, held[value])
    assert same < 8
