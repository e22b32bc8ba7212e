"""What a site does to a run: SLURM that does not answer, late files, drained nodes, shared folders, too few GPUs."""

import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

from scenario import MODEL, SEGMENT, TRAINING, Scenario
from undisturbed import RESULTS, artefacts, run_locally, stamps_made

Make = Callable[[str], Scenario]
WEIGHTS = str(MODEL / "weights_1.safetensors")
SECOND = "second"
"""Name of the configuration that shares a checkout."""
FAILS = """if [ -e {marker} ]; then
  echo >> {marker}.calls
  echo "{command}: error: Unable to contact slurm controller (connect failure)" >&2
  exit 1
fi
exec "$real" "$@"
"""
"""A command of SLURM that fails while a marker is there, and counts how often."""
ONE_GPU = """for word; do
  shift
  [ "$word" = --gpus=2 ] && word=--gpus=1
  set -- "$@" "$word"
done
exec "$real" "$@"
"""
"""A job step that asks for one GPU where it should ask for two."""
TORCH = '''"""Torch sees the pretended GPUs that SLURM gave to a job."""

import importlib.machinery
import os
import sys


class Finder:
    def find_spec(self, name, path=None, target=None):
        if name != "torch.cuda":
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        run = spec.loader.exec_module

        def changed(module):
            run(module)
            module.device_count = lambda: len(os.environ.get("CUDA_VISIBLE_DEVICES", "").replace(",", " ").split())
            module.is_available = lambda: module.device_count() > 0

        spec.loader.exec_module = changed
        return spec


sys.meta_path.insert(0, Finder())
'''


def test_a_controller_that_restarts(scenario: Make) -> None:
    run = scenario("restart")
    run.site(TRAINING)
    marker = _failing(run, "squeue")
    job = run.train().job
    # First for longer than the plugin asks on its own: it asks five times, and forgets its jobs then.
    marker.touch()
    run.wait(lambda: _calls(marker) >= 2, "squeue to be asked in vain again")
    marker.unlink()
    # Then the controller itself, for all tests that run now.
    run.cluster.restart_controller(3.0)
    assert run.show(job)["JobState"] == "RUNNING"
    written = len(run.steps())
    run.wait(lambda: len(run.steps()) >= written + 2, "the training to go on")
    run.pace(0)
    said = run.finish()
    assert "squeue does not answer; jobs in SLURM go on" in said
    assert "Error in rule" not in said
    assert len(run.submitted("train_segment")) == 2
    assert [len(run.tries(segment)) for segment in (0, 1)] == [1, 1]
    assert run.show(job)["Restarts"] == "0"
    assert run.redone() == 0
    run.report("squeue in vain, then slurmctld restarted", run.compare())


def test_sbatch_that_fails_for_a_minute(scenario: Make) -> None:
    run = scenario("submit")
    run.site(TRAINING)
    marker = _failing(run, "sbatch")
    job = run.train().job
    marker.touch()
    run.pace(0)
    # More than the retries of the profile, for a minute.
    run.wait(lambda: _calls(marker) >= 4, "sbatch to fail four times")
    time.sleep(30)
    marker.unlink()
    said = run.finish()
    assert said.count("SLURM sbatch failed. The error message was") == _calls(marker)
    assert "is submitted again in 40 s" in said
    assert "Error in rule" not in said
    assert "Trying to restart job" not in said
    first, second = run.submitted("train_segment")
    assert first == job
    # It counts as no failure, so no more memory is asked for.
    assert run.show(first)["MinMemoryNode"] == run.show(second)["MinMemoryNode"]
    assert run.redone() == 0
    run.report(f"sbatch that failed {_calls(marker)} times, for a minute", run.compare())


def test_a_file_that_is_seen_late(scenario: Make) -> None:
    run = scenario("late")
    # That of profiles/slurm, and not the shorter one of these tests.
    run.site({**TRAINING, "latency-wait": 60})
    job = run.train(1.0, SEGMENT - 50).job
    # The driver must not look before the file is gone.
    run.driver.send_signal(signal.SIGSTOP)
    run.pace(0)
    run.wait_for_state(job, "COMPLETED")
    weights = run.tree / MODEL / "weights_0.safetensors"
    aside = weights.rename(run.folder / "late")
    run.driver.send_signal(signal.SIGCONT)
    run.wait(lambda: "Waiting at most 60 seconds for missing files" in run.said(), "the driver to miss the file")
    time.sleep(30)
    aside.rename(weights)
    said = run.finish()
    assert "Error in rule" not in said
    assert len(run.submitted("train_segment")) == 2
    assert [len(run.tries(segment)) for segment in (0, 1)] == [1, 1]
    assert run.redone() == 0
    run.report("a file seen half a minute late", run.compare())


def test_a_node_that_is_drained(scenario: Make) -> None:
    run = scenario("drain")
    run.site(TRAINING)
    step = run.train()
    run.slurm("scontrol", "update", f"NodeName={step.node}", "State=DRAIN", "Reason=test")
    run.wait(lambda: "draining" in run.slurm("sinfo", "-h", "-n", step.node, "-p", "drain", "-o", "%T"), "the drain")
    written = len(run.steps())
    run.wait(lambda: len(run.steps()) >= written + 3, "the training to go on there")
    run.pace(0)
    said = run.finish()
    assert "Error in rule" not in said
    (first,), (second,) = run.tries(0), run.tries(1)
    assert {each.node for each in first} == {step.node}
    assert {each.node for each in second} == {"drain0", "drain1"} - {step.node}
    assert len(run.submitted("train_segment")) == 2
    assert run.redone() == 0
    run.report("a node drained under a training", run.compare())


def test_two_drivers_in_one_checkout(scenario: Make) -> None:
    """They share stamps by --cache, the folder .snakemake and the compiled code; each has its results."""
    run = scenario("share")
    run.site({"cache": True, "resources": {"gpu": 2}})
    # As in a checkout where nothing was made yet.
    shutil.rmtree(run.tree / "results")
    shutil.rmtree(run.tree / ".snakemake")
    cache = run.folder / "cache"
    cache.mkdir()
    run.variables["SNAKEMAKE_OUTPUT_CACHE"] = str(cache)
    overlay = run.folder / "second.yaml"
    overlay.write_text(f"name: {SECOND}\n")
    run.start("--", WEIGHTS)
    first = run.driver
    # The second one is still training when the first one ends.
    run.pace_file, run.trace_file = run.folder / "second-pace", run.folder / "second-trace"
    run.pace(1.0, 100)
    words = (str(overlay), "--", WEIGHTS.replace(RESULTS.name, SECOND))
    run.start(*words)
    second = run.driver
    run.wait(lambda: first.poll() is not None, "the first driver to end")
    assert first.returncode == 0, run.story("the first driver failed")
    run.training_at(120)
    # The first one took away its own locks only: nobody else is let in.
    run.start(*words)
    assert "Directory cannot be locked" in run.finish(succeeds=False)
    run.driver = second
    run.pace(0)
    run.finish()
    assert all("Error in rule" not in run.said(number) for number in (1, 2))
    assert len(run.submitted("train_segment")) == 4
    compared = sum(_equal_but_for_its_name(run, name) for name in (RESULTS.name, SECOND))
    assert (run.tree / RESULTS / "stamps/sersic.h5").is_symlink()
    run.report("two drivers in one checkout, stamps by --cache", compared)


def test_fewer_gpus_than_were_asked_for(scenario: Make) -> None:
    run = scenario("fewer")
    run.site({"resources": {"gpu": 2}, "retries": 0}, gpu=2)
    # As with versions of SLURM where the step of a job of two GPUs gets one.
    run.shim("srun", ONE_GPU)
    (run.folder / "sitecustomize.py").write_text(TORCH)
    run.variables["PYTHONPATH"] = str(run.folder)
    overlay = run.folder / "device.yaml"
    overlay.write_text("models: {paced: {training: {device: auto}}}\n")
    words = (str(overlay), "--")
    run.start(*words, WEIGHTS, f"{RESULTS}/gpu_check.json")
    said = run.finish(succeeds=False)
    assert "the job asked SLURM for 2 GPUs and torch sees 1: check gpu, or gres, in profiles/slurm" in said
    assert "the job asked for 2 GPUs and torch sees 1: check gpu, or gres, in the profile" in said
    assert "Traceback" not in said
    assert not run.steps()
    assert artefacts(run.tree / RESULTS) == artefacts(stamps_made(run.cluster) / RESULTS)
    # The site mends it, and both GPUs are there. Nothing can be computed on pretended ones.
    (run.folder / "shims/srun").unlink()
    del run.variables["PYTHONPATH"]
    overlay.write_text("models: {paced: {training: {device: cpu}}}\n")
    run.start(*words, WEIGHTS)
    run.finish()
    assert {step.gpus for step in run.steps()} == {"0,1"}
    elsewhere = run.folder / "elsewhere"
    shutil.copytree(stamps_made(run.cluster), elsewhere, symlinks=True)
    run_locally(run.cluster, elsewhere, "--resources", "gpu=2", "--set-resources", "train_segment:gpu=2", "--", WEIGHTS)
    run.report("one GPU given for two: refused, then mended", run.compare(tree=elsewhere))


def _failing(run: Scenario, command: str) -> Path:
    """Let a command of SLURM fail for this run while the file returned is there."""
    marker = run.folder / f"no-{command}"
    run.shim(command, FAILS.format(marker=marker, command=command))
    return marker


def _calls(marker: Path) -> int:
    """How often a failing command was called."""
    calls = Path(f"{marker}.calls")
    return calls.read_text().count("\n") if calls.exists() else 0


def _equal_but_for_its_name(run: Scenario, name: str) -> int:
    """Compare results with the undisturbed ones; records name the folder, and those of shared files their maker's."""
    here, there = run.tree / "results" / name, run.reference / RESULTS
    files = artefacts(here)
    assert set(files) == {file for file in artefacts(there) if file.parts[0] in ("stamps", "models")}
    one, other = f"results/{SECOND}/".encode(), f"{RESULTS}/".encode()
    differing = [str(f) for f in files if (here / f).read_bytes().replace(one, other) != (there / f).read_bytes()]
    assert not differing, run.story(f"other bytes than in the undisturbed run: {', '.join(differing)}")
    return len(files)
