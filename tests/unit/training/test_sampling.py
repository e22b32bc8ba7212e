"""Sampling: putting chunks together, conditions, and weights that cannot be used."""

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from galforge.errors import GalforgeError
from galforge.models import weights
from galforge.models.normalisation import Normalisation
from galforge.models.vae.family import Family
from galforge.sampling import noise
from galforge.sampling import sample as sampling
from galforge.sampling.account import together
from galforge.sampling.sample import BlockNoise, sample
from galforge.stamps import file as stamps_file
from galforge.stamps.file import Stamps, StampsWriter
from galforge.stamps.merging import merge
from toys.galaxies import header
from toys.job import NETWORK
from toys.template.family import Family as Template
from toys.template.settings import ModelSettings as TemplateSettings

SHAPE = (1, 32, 32)
NORMALISATION = Normalisation("asinh", (0.02,), (0.1,), (0.5,))
ON_CPU = {"device": "cpu", "arithmetic": "float32", "noise": "numpy's Philox"}


def about(family, settings):
    return {
        "family": family,
        "network_settings": settings.spec(),
        "shape": list(SHAPE),
        "normalisation": NORMALISATION.spec(),
        "header": header(1).to_json(),
        "images_seen": 0,
        "seed": 0,
    }


@pytest.fixture
def vae(tmp_path):
    torch.manual_seed(0)
    networks = Family(NETWORK, SHAPE, NORMALISATION).networks
    weights.write(tmp_path / "vae.safetensors", networks.state_dict(), about("vae", NETWORK))
    return tmp_path / "vae.safetensors"


@pytest.fixture
def template(tmp_path):
    torch.manual_seed(0)
    networks = Template(TemplateSettings(), SHAPE, NORMALISATION).networks
    weights.write(tmp_path / "t.safetensors", networks.state_dict(), about("toys.template", TemplateSettings()))
    return tmp_path / "t.safetensors"


def test_merged_chunks_are_the_same_file_as_one_drawing(vae, tmp_path, monkeypatch):
    monkeypatch.setattr(stamps_file, "_COPY_BYTES", 3 * 32 * 32 * 4)
    chunks = []
    for start, stop in [(0, 5), (5, 6), (6, 17)]:
        chunks.append(tmp_path / f"{start}.h5")
        sample(vae, chunks[-1], start, stop, 3, 4, "cpu")
    merge(chunks, tmp_path / "merged.h5")
    sample(vae, tmp_path / "whole.h5", 0, 17, 3, 4, "cpu")
    with Stamps(tmp_path / "merged.h5") as merged, Stamps(tmp_path / "whole.h5") as whole:
        assert merged.digest == whole.digest
        assert merged.catalog("name").tolist() == [f"generated-{index:09d}" for index in range(17)]


def test_time_is_per_thousand_images_and_a_first_block_is_not_counted(vae, tmp_path, monkeypatch):
    drawn, clock = [], [50.0]
    draw = Family.sample

    def slow(self, noise, conditions=None):
        """Takes 0.5 s for each image, and the first time a minute more."""
        clock[0] += 0.5 * len(noise.streams) + (0 if drawn else 60)
        drawn.append(len(noise.streams))
        return draw(self, noise, conditions)

    monkeypatch.setattr(Family, "sample", slow)
    monkeypatch.setattr(sampling.time, "perf_counter", lambda: clock[0])
    first = sample(vae, tmp_path / "a.h5", 0, 10, 3, 4, "cpu")
    assert drawn == [4, 4, 4], "whole blocks"
    assert first == {"seconds": pytest.approx(500.0), "images": 8, **ON_CPU, "threads": 1}
    second = sample(vae, tmp_path / "b.h5", 10, 12, 3, 4, "cpu")
    assert second["images"] == 4, "the only block counts"
    both = together([{**first, "seconds": 200.0}, second])
    assert both == {"seconds": pytest.approx(300.0), "images": 12, **ON_CPU, "threads": 1}


@pytest.mark.parametrize("ranges", [[(0, 4), (5, 8)], [(4, 8), (0, 4)], [(0, 4), (0, 4)]])
def test_chunks_with_gaps_or_out_of_order_are_refused(vae, tmp_path, ranges):
    chunks = []
    for number, (start, stop) in enumerate(ranges):
        chunks.append(tmp_path / f"{number}.h5")
        sample(vae, chunks[-1], start, stop, 3, 4, "cpu")
    with pytest.raises(GalforgeError, match=r"1\.h5: begins with image"):
        merge(chunks, tmp_path / "merged.h5")
    assert not (tmp_path / "merged.h5").exists()


def test_chunks_of_different_kind_are_refused(vae, tmp_path):
    sample(vae, tmp_path / "0.h5", 0, 4, 3, 4, "cpu")
    with StampsWriter(tmp_path / "1.h5", (2, 32, 32), header(2), 1) as writer:
        writer.append(np.zeros((2, 32, 32)), index=4, name="foreign")
    with pytest.raises(GalforgeError, match=r"1\.h5: has another header"):
        merge([tmp_path / "0.h5", tmp_path / "1.h5"], tmp_path / "merged.h5")


def test_conditions_reach_the_model_and_the_catalogue_row_by_row(template, tmp_path):
    brightness = np.linspace(0.1, 2.0, 11, dtype=np.float32)
    sample(template, tmp_path / "c.h5", 3, 11, 0, 4, "cpu", conditions={"brightness": brightness})
    with Stamps(tmp_path / "c.h5") as drawn:
        assert drawn.catalog("brightness").tolist() == brightness[3:].tolist()
        images = torch.from_numpy(drawn.images[:])
    # Without the scatter, an image is the template times its own brightness.
    learned = weights.load(template, torch.device("cpu")).family.networks
    noise = BlockNoise(0, range(3, 11), torch.device("cpu")).normal(*SHAPE)
    expected = learned.template * torch.from_numpy(brightness[3:]).reshape(-1, 1, 1, 1) + noise
    assert torch.allclose(images, NORMALISATION.invert(expected), rtol=1e-5, atol=1e-6)


def test_wrong_conditions_are_refused(vae, template, tmp_path):
    out = tmp_path / "out.h5"
    with pytest.raises(GalforgeError, match="conditioned on brightness, but conditions were given for nothing"):
        sample(template, out, 0, 4, 0, 4, "cpu")
    with pytest.raises(GalforgeError, match="conditioned on nothing"):
        sample(vae, out, 0, 4, 0, 4, "cpu", conditions={"brightness": np.ones(4)})
    with pytest.raises(GalforgeError, match="3 values of brightness for 4 images"):
        sample(template, out, 0, 4, 0, 4, "cpu", conditions={"brightness": np.ones(3)})
    assert not out.exists()


def test_unusable_weights_are_refused_by_name(vae, tmp_path):
    cpu = torch.device("cpu")
    with pytest.raises(GalforgeError, match=r"none\.safetensors: cannot be read"):
        weights.load(tmp_path / "none.safetensors", cpu)
    cut = tmp_path / "cut.safetensors"
    cut.write_bytes(vae.read_bytes()[:-100])
    with pytest.raises(GalforgeError, match=r"cut\.safetensors: cannot be read"):
        weights.load(cut, cpu)
    save_file({"a": torch.zeros(1)}, tmp_path / "foreign.safetensors")
    with pytest.raises(GalforgeError, match="not galforge's"):
        weights.load(tmp_path / "foreign.safetensors", cpu)
    weights.write(tmp_path / "other.safetensors", {"a": torch.zeros(1)}, about("vae", NETWORK))
    with pytest.raises(GalforgeError, match="do not fit the family 'vae'"):
        weights.load(tmp_path / "other.safetensors", cpu)


def test_numbers_that_a_device_draws_are_an_images_own(monkeypatch):
    """A GPU's path, with torch's generator of the CPU."""
    cpu = torch.device("cpu")
    host = BlockNoise(5, range(2, 6), cpu).normal(60, 60)
    monkeypatch.setattr(noise, "draws_there", lambda device: True)
    block, part = BlockNoise(5, range(2, 6), cpu), BlockNoise(5, range(4, 6), cpu)
    first, second = block.normal(60, 60), block.normal(7)
    assert torch.equal(first[2:], part.normal(60, 60))
    assert torch.equal(second[2:], part.normal(7))
    assert not torch.equal(first, host)
    drawn = torch.cat([first, BlockNoise(6, range(2, 6), cpu).normal(60, 60)]).reshape(8, -1)
    assert abs(float(drawn.mean())) < 4 / drawn.numel() ** 0.5
    assert abs(float(drawn.std()) - 1) < 4 / (2 * drawn.numel()) ** 0.5
    assert float((torch.corrcoef(drawn) - torch.eye(8)).abs().max()) < 5 / drawn.shape[1] ** 0.5
    assert "torch" in noise.how(cpu, False)["noise"]


def test_a_gpus_single_precision_is_said_to_be_tf32():
    gpu = torch.device("cuda")
    assert noise.how(gpu, True) == {
        "device": "cuda",
        "arithmetic": "bfloat16",
        "noise": "the generator of cuda (torch)",
    }
    assert noise.how(gpu, False)["arithmetic"] == "float32, convolutions in TF32"
    with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        assert noise.how(gpu, False)["arithmetic"] == "float32"


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_gpu_that_is_not_there_is_an_error(vae, tmp_path):
    with pytest.raises(GalforgeError, match="sees no GPU"):
        sample(vae, tmp_path / "out.h5", 0, 1, 0, 1, "cuda")


def test_threads_and_determinism_are_given_back(vae, tmp_path):
    before = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    sample(vae, tmp_path / "out.h5", 0, 1, 0, 1, "cpu", threads=before[0] + 1)
    assert (torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()) == before


def test_networks_run_in_the_precision_that_is_asked_for(vae, tmp_path):
    drawn = {}
    for precision in ("float32", "bfloat16"):
        sample(vae, tmp_path / "drawn.h5", 0, 4, 3, 4, "cpu", precision=precision)
        with Stamps(tmp_path / "drawn.h5") as stamps:
            drawn[precision] = stamps.images[:]
    difference = np.abs(drawn["float32"] - drawn["bfloat16"]).max() / drawn["float32"].std()
    assert 1e-5 < difference < 0.1
