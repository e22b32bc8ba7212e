"""The check of a machine logs what is there, measures it, and fails where a training would."""

import json
import logging

import pytest
import torch

from galforge.errors import GalforgeError
from galforge.models.device import pick
from galforge.training import check as module
from galforge.training.check import check, collective, has_code

pytestmark = pytest.mark.skipif(torch.cuda.is_available(), reason="what is found here is that of a machine without GPU")


@pytest.fixture(autouse=True)
def quick(monkeypatch, caplog):
    monkeypatch.setattr(module, "MATRIX_SIDE", {"cpu": 128})
    monkeypatch.setattr(module, "_MEASURED_SECONDS", 0.01)
    for variable in ("CUDA_VISIBLE_DEVICES", "SLURM_JOB_ID", "SLURMD_NODENAME"):
        monkeypatch.delenv(variable, raising=False)
    # The logger of the workflow does not propagate once a job has set it up.
    monkeypatch.setattr(logging.getLogger("galforge"), "propagate", True)
    caplog.set_level(logging.INFO, logger="galforge")


def test_a_cpu_is_measured_and_called_so(caplog, monkeypatch):
    monkeypatch.setenv("SLURMD_NODENAME", "n7")
    threads = torch.get_num_threads()
    found = check(0, 2)
    assert torch.get_num_threads() == threads
    assert found["node"] == "n7"
    assert found["device"] == "cpu"
    assert found["devices"] == []
    assert found["fp32_tflops"] > 0
    assert (found["bf16_tflops"] is None) == (not found["bf16"])
    assert found["tf32_tflops"] is found["copy_gb_per_s"] is found["collective"] is None
    assert json.loads(json.dumps(found)) == found
    assert "trainings run on the CPU here" in caplog.text
    assert all(f"{name}: " in caplog.text for name in found)


def test_a_rate_counts_a_multiplication_and_an_addition_each(monkeypatch):
    monkeypatch.setattr(module, "_seconds", lambda action, threads: 1e-9)
    assert module._tflops(torch.device("cpu"), torch.float32, 1) == pytest.approx(2 * 128**3 * 1e9 / 1e12)


def test_a_gpu_that_torch_does_not_see_is_an_error_after_what_explains_it(caplog, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    with pytest.raises(GalforgeError, match="was given the GPU 3"):
        check(1, 1)
    assert f"torch_cuda: {torch.version.cuda or 'none'}" in caplog.text
    assert "cuda_visible_devices: 3" in caplog.text


@pytest.mark.parametrize("hidden", ["-1", "NoDevFiles", ""])
def test_a_job_without_gpus_runs_on_the_cpu(hidden, monkeypatch):
    """What SLURM and users set to hide all GPUs."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)
    assert pick("auto") == torch.device("cpu")


@pytest.mark.parametrize("visible", ["0", "1,-1", "GPU-5f6b", "MIG-3"])
def test_gpus_that_a_job_was_given_are_named(visible, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    with pytest.raises(GalforgeError, match=f"was given the GPU {visible} "):
        pick("auto")


def test_slurm_gave_fewer_gpus_than_were_asked_for(monkeypatch):
    monkeypatch.setenv("SLURM_JOB_ID", "17")
    with pytest.raises(GalforgeError, match="asked for 2 GPUs and torch sees 0"):
        check(2, 1)
    assert check(0, 1)["slurm_job"] == "17"


@pytest.fixture
def one_v100(monkeypatch):
    monkeypatch.setattr(module, "pick", lambda device: torch.device("cuda"))
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda index: (7, 0))
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda index: "V100")
    monkeypatch.setattr(torch.cuda, "get_arch_list", lambda: ["sm_75", "sm_80", "sm_90", "compute_90"])


def test_fewer_gpus_than_asked_for_are_refused_without_slurm_too(one_v100, caplog):
    with pytest.raises(GalforgeError, match="asked for 2 GPUs and torch sees 1"):
        check(2, 1)
    assert "gpus_asked: 2" in caplog.text
    assert "gpus_seen: 1" in caplog.text


def test_a_gpu_that_torch_was_not_built_for_is_an_error_with_its_remedy(one_v100):
    expected = r"no code for V100 \(compute capability 7\.0; built for sm_75, sm_80.*Which build of torch"
    with pytest.raises(GalforgeError, match=expected):
        check(1, 1)


@pytest.mark.parametrize(
    ("capability", "built", "runs"),
    [
        ((7, 0), ["sm_75", "sm_80"], False),
        ((7, 0), ["sm_70", "sm_75"], True),
        ((8, 9), ["sm_86"], True),
        ((8, 0), ["sm_86"], False),
        ((10, 0), ["sm_90"], False),
        ((10, 0), ["sm_90", "compute_90"], True),
        ((9, 0), ["compute_100", "sm_100"], False),
        ((12, 0), ["sm_90a", "sm_120"], True),
        ((9, 0), ["sm_90a"], False),
    ],
)
def test_code_for_a_gpu(capability, built, runs):
    assert has_code(capability, built) is runs


def test_processes_add_up_their_numbers(caplog):
    found = check(2, 1)["collective"]
    assert found["backend"] == "gloo"
    assert found["processes"] == 2
    assert found["gb_per_s"] > 0
    assert "collective: {'backend': 'gloo'" in caplog.text


def test_processes_that_do_not_reach_each_other(monkeypatch):
    with pytest.raises(GalforgeError, match=r"over 2 processes did not finish within 0\.01 s"):
        collective(2, 0.01)
    monkeypatch.setenv("GLOO_SOCKET_IFNAME", "nowhere0")
    with pytest.raises(GalforgeError, match=r"over 2 processes failed in process [01] \(.*nowhere0"):
        collective(2)
