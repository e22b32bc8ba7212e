"""The rates of a run: per thread where threads count, and what was measured only."""

import importlib.util
from pathlib import Path

import pytest
import yaml

from galforge.config.files import CONFIG
from galforge.config.parse import parse
from galforge.config.problems import merged
from galforge.estimate.rates import OPERATIONS_UNIT, TABLE, read_table
from galforge.estimate.work import Workload
from galforge.operate.rules import Written

BENCHMARK = Path(__file__).resolve().parents[2] / "benchmarks" / "rates.py"
LOG = """\
2026-11-22 05:52:01 INFO node vm, SLURM job none, CUDA_VISIBLE_DEVICES=unset, device auto, processes 1
2026-11-22 05:52:03 INFO training on {device}
2026-11-22 05:52:03 INFO 80 of 80 images seen, 143 per s, 0 s left, divergence 0.00091072, loss 0.79201
"""
DRAWN = "2026-11-22 05:52:56 INFO 8 of 8 images drawn, 232 per s, 0 s left\n"
TRAINED = "{dataset}/{model}/seed{seed}"
RULES = {
    "train_segment": (f"train/{TRAINED}/segment_{{segment}}", ("dataset", "model", "seed", "segment")),
    "sample_chunk": (f"sample/{TRAINED}/part{{part}}of{{parts}}", ("dataset", "model", "seed", "part", "parts")),
    "measure": ("measure/{dataset}/{who}/{measure}", ("dataset", "who", "measure")),
}


def rule(results: Path, path: str, wildcards: tuple[str, ...]) -> Written:
    places = (f"{results}/logs/{path}.log", f"{results}/benchmarks/{path}.tsv", f"{results}/{path}")
    return Written(*places, dict.fromkeys(wildcards, r"[\w-]+"))


@pytest.fixture(scope="module")
def benchmark():
    spec = importlib.util.spec_from_file_location("benchmark_rates", BENCHMARK)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def finished(tmp_path):
    """What a run of two threads per model left, on a device."""

    def make(device: str) -> tuple[Path, dict[str, Written]]:
        for name, text in {
            "logs/train/sersic/vae/seed0/segment_0.log": LOG.format(device=device),
            "logs/sample/sersic/vae/seed0/part0of1.log": DRAWN,
            "logs/measure/sersic/vae-seed0/photometry.log": "",
            "benchmarks/measure/sersic/vae-seed0/photometry.tsv": "s\n0.79\n",
        }.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path, {name: rule(tmp_path, *files) for name, files in RULES.items()}

    return make


@pytest.fixture(scope="module")
def config():
    over = {"run": [{"dataset": "sersic", "model": "vae", "seeds": [0]}], "sampling": {"threads": 2}}
    over["models"] = {"vae": {"training": {"threads": 2}}}
    return parse(merged(yaml.safe_load(CONFIG.read_text(encoding="utf-8")), over))


def test_models_are_timed_per_thread(benchmark, config, finished):
    found = benchmark.measured(config, *finished("cpu in float32"))
    network = Workload(config, {}).networks["sersic", "vae"]
    for rule, operations, rate in (("train_segment", network["train"], 143), ("sample", network["sample"], 232)):
        ((value, threads),) = found[rule, "vae", 0, OPERATIONS_UNIT]
        assert (value, threads) == (pytest.approx(operations * rate / 2 / 1e12), 2)


def test_no_model_that_ran_on_a_gpu_gives_the_rate_of_a_cpu(benchmark, config, finished):
    found = benchmark.measured(config, *finished("cuda:0 in bfloat16"))
    assert OPERATIONS_UNIT not in {unit for *_, unit in found}


def test_the_start_of_a_job_is_given_as_that_only(benchmark, config, finished):
    found = benchmark.measured(config, *finished("cpu in float32"))
    assert [key for key, values in found.items() if values == [(0.79, 1)]] == [("start", "", 0, "s per job")]
    assert not [row for row in read_table(TABLE) if row.variant == "parts"]


@pytest.mark.parametrize(("threads", "said"), [
    ({1}, "one thread of "), ({2}, "2 threads of "), ({1, 4}, "1 or 4 threads of "),
])  # fmt: skip
def test_the_device_says_how_many_threads_were_used(benchmark, threads, said):
    assert benchmark.device(threads).startswith(said)
