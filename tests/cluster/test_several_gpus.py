"""A training on two GPUs of a node: two processes under SLURM compute what two processes compute elsewhere."""

import shutil
from collections.abc import Callable

import pytest
import torch
from safetensors.torch import load_file
from scenario import MODEL, TRAINING, Scenario
from undisturbed import run_locally, stamps_made

Make = Callable[[str], Scenario]
TWO = {"resources": {"gpu": 2}}


def test_two_processes(scenario: Make) -> None:
    run = scenario("several")
    run.site(TRAINING | TWO, gpu=2)
    step = run.train()
    assert step.gpus == "0,1"
    assert "CUDA_VISIBLE_DEVICES=0,1, device cpu, processes 2" in run.job_log(step.job)
    assert {line.split()[2] for line in run.trace_file.read_text().splitlines()} == {"0", "1"}
    run.slurm("scontrol", "requeue", step.job)
    run.wait(lambda: len(run.tries(0)) == 2, "the job's second start")
    run.pace(0)
    assert "Error in rule" not in run.finish()
    assert run.redone() == 0
    elsewhere = run.folder / "elsewhere"
    shutil.copytree(stamps_made(run.cluster), elsewhere, symlinks=True)
    weights = str(MODEL / "weights_1.safetensors")
    run_locally(run.cluster, elsewhere, "--resources", "gpu=2", "--set-resources", "train_segment:gpu=2", "--", weights)
    run.report("scontrol requeue of a training in two processes", run.compare(tree=elsewhere))
    one, two = (load_file(tree / weights) for tree in (run.reference, run.tree))
    for name in one:
        torch.testing.assert_close(two[name], one[name], rtol=1e-3, atol=1e-4)
    assert any(not torch.equal(two[name], one[name]) for name in one) or pytest.fail("the same bits: two processes?")
