"""The contract that every model family keeps, found by folder, and one family outside the package.

Tests of training (``OF_TRAINING``) are for predictors too.
"""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch

from galforge import families
from galforge.errors import GalforgeError
from galforge.estimate.operations import count
from galforge.models import normalisation as normalisations
from galforge.models import weights
from galforge.models.protocol import Composes, HasLatents, Reconstructs
from galforge.models.settings import NormalisationSettings
from galforge.sampling.sample import BlockNoise, sample
from galforge.stamps.file import Stamps
from galforge.training import export, state
from galforge.training.data import TrainingImages
from galforge.training.group import Group
from galforge.training.loop import Training
from galforge.training.segment import Segment, run_segment
from galforge.training.settings import StepSettings
from galforge.training.validation import Validation
from toys.galaxies import write_stamps
from toys.sparse import write_view
from toys.variants import DEAF, OFFERED, SMALL, STEPS, VARIANTS
from toys.waiting import Watch

FOLDER = Path(families.__file__).parent / "models"
ALL = sorted(path.parent.name for path in FOLDER.glob("*/family.py"))
PREDICTORS = [name for name in ALL if getattr(families.load("models", name, "settings"), "PREDICTS", False)]
FAMILIES = [*(name for name in ALL if name not in PREDICTORS), "toys.template"]
EXACT = ["diamonds", "gaussian", "toys.template"]
"""Families that draw without a network."""
CPU = torch.device("cpu")
BATCH = 8


def view_of(family: str) -> str:
    """The view of sparse images that a family is trained on; empty for whole images."""
    return getattr(load(family, "settings"), "VIEW", "")


def pytest_generate_tests(metafunc):
    """Each family learns from toy stamps of one band and of three, or, once, from the view that it names."""
    names, one_band = [*FAMILIES, *VARIANTS], []
    if metafunc.function in OF_TRAINING:
        names += PREDICTORS
    if metafunc.function is test_samples_come_closer_to_the_data_and_losses_stay_finite:
        # Composed images are no samples of a network; tests/unit/models tests their parts.
        names = [name for name in names if not view_of(name)]
        # These trainings are the longest, and what makes a variant has nothing to do with bands.
        one_band = VARIANTS
    if "stamps" in metafunc.fixturenames:
        of_bands = [("1 band", name) for name in names if not view_of(name)]
        of_bands += [("3 bands", name) for name in names if not view_of(name) and name not in one_band]
        cases = of_bands + [(view_of(name), name) for name in names if view_of(name)]
        metafunc.parametrize(("stamps", "family"), cases, indirect=True, scope="module")
    elif "family" in metafunc.fixturenames:
        metafunc.parametrize("family", names, indirect=True, scope="module")


def normalisation_of(family: str) -> NormalisationSettings:
    """Published variants and families of sparse images take raw pixels."""
    raw = family.endswith(" published") or view_of(family)
    return NormalisationSettings(kind="linear", scale=1.0) if raw else NormalisationSettings()


def load(family: str, part: str):
    return families.load("models", family.split(" ")[0], part)


def shape_of(family: str) -> tuple[int, int, int]:
    return getattr(load(family, "settings"), "SHAPE", (1, 32, 32))


def settings_of(family: str):
    return load(family, "settings").ModelSettings(**SMALL.get(family, {}))


def step_settings(**changes) -> StepSettings:
    return StepSettings(
        **{"batch": BATCH, "ema_half_life_images": 100, "history_images": 16, "device": "cpu", "precision": "float32"}
        | changes
    )


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def stamps(request, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("stamps") / "toy.h5"
    if request.param.endswith(("band", "bands")):
        return write_stamps(path, channels=int(request.param[0]))
    return write_view(path, request.param)


@pytest.fixture(scope="module")
def family(request) -> str:
    return request.param


def begin(family: str, source: Stamps, seed: int = 0, group: Group | None = None, **changes) -> Training:
    chosen = normalisations.measure(normalisation_of(family), source, source.split("train"))
    return Training(
        family.split(" ")[0], settings_of(family), source.shape, chosen, step_settings(**changes), seed, CPU, group
    )


def train(run: Training, source: Stamps, stop: int) -> Training:
    with TrainingImages(source, CPU, run.family.conditions, run.seed) as images:
        while run.images_seen < stop:
            run.step(images)
    return run


def segment(family: str, stamps: Path, folder: Path, stop: int, state_in: Path | None = None) -> Path:
    out = folder / f"state-{stop}.pt"
    made_from = Segment(
        stamps,
        family.split(" ")[0],
        settings_of(family),
        normalisation_of(family),
        step_settings(),
        0,
        stop,
        state_in,
        "key",
    )
    run_segment(made_from, out, folder / f"work-{stop}")
    return out


@pytest.fixture(scope="module")
def trained(family, stamps, tmp_path_factory) -> Path:
    """Weights after a short training."""
    folder = tmp_path_factory.mktemp("trained")
    export.export_weights(segment(family, stamps, folder, 5 * BATCH), folder / "weights.safetensors")
    return folder / "weights.safetensors"


def conditions_for(model_path: Path, count: int) -> dict[str, np.ndarray]:
    names = weights.load(model_path, CPU).family.conditions
    return {name: np.linspace(0.3, 0.9, count, dtype=np.float32) for name in names}


def draw(
    path: Path, out: Path, start: int, stop: int, seed: int = 0, batch: int = 4, precision: str = "float32"
) -> np.ndarray:
    told = conditions_for(path, 20)
    sample(path, out, start, stop, seed, batch, device="cpu", conditions=told, precision=precision)
    with Stamps(out) as drawn:
        assert drawn.catalog("index").tolist() == list(range(start, stop))
        return drawn.images[:]


def test_shape_that_the_family_cannot_make_is_refused_by_its_settings_alone(family):
    check_shape = load(family, "settings").check_shape
    check_shape(settings_of(family), shape_of(family))
    with pytest.raises(GalforgeError, match=r"must be|is trained on"):
        check_shape(settings_of(family), (1, 32, 31))


def test_building_a_family_leaves_the_global_generator_alone(family, stamps):
    with Stamps(stamps) as source:
        torch.manual_seed(5)
        expected = torch.rand(3)
        torch.manual_seed(5)
        begin(family, source)
    assert torch.equal(torch.rand(3), expected)


def test_same_seed_same_training_and_other_seed_another(family, stamps):
    with Stamps(stamps) as source:
        digests = [
            state.content_digest(train(begin(family, source, seed), source, 3 * BATCH).state()["networks"])
            for seed in (0, 0, 1)
        ]
    assert digests[0] == digests[1] != digests[2]


def test_samples_come_closer_to_the_data_and_losses_stay_finite(family, stamps):
    """Tests samples, because losses of networks that play against each other need not fall."""
    with Stamps(stamps) as source:
        run = begin(family, source)
        before = misfits(run, source)
        train(run, source, STEPS.get(family, 200) * BATCH)
        after = misfits(run, source)
    run.check_finite()
    for name, losses in run.history.items():
        assert np.isfinite(losses).all(), name
    for name, misfit in before.items():
        assert after[name] < 0.7 * misfit, f"{name}: {misfit:.3f} before, {after[name]:.3f} after"
    if run.family.conditions and family not in DEAF:
        faint, bright = (peaks(run, brightness) for brightness in (0.3, 0.9))
        assert bright > 1.2 * faint, f"asked for three times the brightness, {faint:.3f} became {bright:.3f}"


def samples(run: Training, conditions: dict[str, torch.Tensor], count: int) -> torch.Tensor:
    """Normalised ones (count, C, H, W), of the averaged weights."""
    sampler = families.load("models", run.name, "family").Family(run.network, run.shape, run.normalisation)
    sampler.networks.load_state_dict(run.average.state_dict())
    sampler.networks.eval()
    with torch.no_grad():
        return sampler.sample(BlockNoise(0, range(count), CPU), conditions or None)


def peaks(run: Training, brightness: float) -> float:
    """Mean of the brightest pixels [image unit] of samples that are all asked for one brightness."""
    asked = {name: torch.full((32,), brightness) for name in run.family.conditions}
    return run.normalisation.invert(samples(run, asked, 32)).amax((1, 2, 3)).mean().item()


def misfits(run: Training, source: Stamps) -> dict[str, float]:
    """How far samples are from the training stamps, in normalised units."""
    chosen = source.split("train")
    real = run.normalisation.normalise(torch.from_numpy(source.images[:][chosen]))
    names = run.family.conditions
    conditions = {name: torch.from_numpy(source.catalog(name)[chosen].astype(np.float32)) for name in names}
    made = samples(run, conditions, len(chosen))
    # As many samples as stamps, so that the distance between distributions is that of sorted values.
    pixels = (made.flatten().sort().values - real.flatten().sort().values).abs().mean()
    mean_image = (made.mean(0) - real.mean(0)).square().mean().sqrt()
    return {"distribution of pixels": pixels.item(), "mean image": mean_image.item()}


def test_a_step_never_changes_what_it_was_given_to_average(family, stamps):
    """The average follows the weights: it has the same names and shapes and other values.

    What is fitted before the first step (``Fitted``) is averaged with itself, to the bit.
    """
    with Stamps(stamps) as source:
        run = train(begin(family, source, ema_half_life_images=1000), source, 10 * BATCH)
    now, average = run.family.networks.state_dict(), run.average.state_dict()
    assert {name: value.shape for name, value in now.items()} == {name: value.shape for name, value in average.items()}
    learns_by_steps = any(True for _ in run.family.networks.parameters())
    assert any(not torch.equal(now[name], average[name]) for name in now) == learns_by_steps
    assert all(not weight.requires_grad for weight in run.average.parameters())


def test_state_survives_saving_and_restoring(family, stamps):
    with Stamps(stamps) as source:
        run = train(begin(family, source), source, 3 * BATCH)
        again = begin(family, source)
        assert state.content_digest(again.state()) != state.content_digest(run.state())
        again.restore(run.state())
    assert state.content_digest(again.state()) == state.content_digest(run.state())


def test_optimisers_find_everything_laid_out_like_the_weights(family, stamps):
    """Fused steps on the CPU walk through memory; with other strides they would be silently wrong."""
    with Stamps(stamps) as source:
        again = begin(family, source)
        again.restore(train(begin(family, source), source, BATCH).state())
        train(again, source, 2 * BATCH)
    for optimiser in again.optimisers.values():
        for weight, moments in optimiser.state.items():
            laid_out = [
                value for value in (weight.grad, *moments.values()) if getattr(value, "shape", ()) == weight.shape
            ]
            assert len(laid_out) > 1
            for value in laid_out:
                assert strides(value) == strides(weight)


def strides(tensor: torch.Tensor) -> list[int]:
    """Those that matter: of dimensions longer than one."""
    return [stride for stride, length in zip(tensor.stride(), tensor.shape, strict=True) if length > 1]


def test_resumed_training_equals_an_uninterrupted_one_bit_for_bit(family, stamps, tmp_path):
    whole = segment(family, stamps, tmp_path / "whole", 6 * BATCH)
    half = segment(family, stamps, tmp_path / "halves", 3 * BATCH)
    both = segment(family, stamps, tmp_path / "halves", 6 * BATCH, state_in=half)
    digests = []
    for path in (whole, both):
        content = state.read(path)
        # The key says what a segment was made from, which is not the same for a chain and a single run.
        del content["key"]
        digests.append(state.content_digest(content))
    assert digests[0] == digests[1]


def test_no_step_waits_for_its_device(family, stamps):
    """Steps with a penalty included; on a GPU, waiting would cost more than some of them."""
    with Stamps(stamps) as source:
        run = begin(family, source, history_images=1000)
        with TrainingImages(source, CPU, run.family.conditions, run.seed) as images:
            # Only the first step uses scalars of the host, to make the states of the optimisers.
            run.step(images)
            for _ in range(4):
                with Watch() as within:
                    run.step(images)
                assert within.all > 20
                assert within.found == []


def test_losses_of_other_images_change_nothing_and_are_the_same_every_time(family, stamps):
    """``training: validation_images``; the other images are any in this test."""
    with Stamps(stamps) as source:
        run = train(begin(family, source, validation_images=BATCH), source, 3 * BATCH)
        before = state.content_digest(run.state())
        with TrainingImages(source, CPU, run.family.conditions, run.seed, splits=("test", "train")) as others:
            validation = Validation(run, others)
            losses = [validation.losses() for _ in range(2)]
    assert losses[0] == losses[1]
    assert all(np.isfinite(loss) for loss in losses[0].values())
    assert set(losses[0]) == {f"validation {name}" for name in run.history.keys() - {"images_seen"}}
    assert state.content_digest(run.state()) == before


def test_every_step_size_grows_in_the_warm_up_and_falls_later(family, stamps):
    """Also of optimisers that share their groups of weights with others."""
    with Stamps(stamps) as source:
        run = begin(family, source, warmup_images=2 * BATCH, decay_images=2 * BATCH)
        for steps, share in ((1, 0.5), (2, 1.0), (5, 2**-0.5)):
            train(run, source, steps * BATCH)
            for name, optimiser in run.optimisers.items():
                now = [group["lr"] for group in optimiser.param_groups]
                assert now == pytest.approx([share * rate for rate in run.rates[name]]), name


class InThreads(Group):
    """Threads that play processes: means over them, without a network."""

    def __init__(self, rank: int, size: int, barrier: threading.Barrier, given: dict):
        super().__init__(rank, size)
        self.barrier, self.given = barrier, given

    def mean_(self, tensors):
        self.given[self.rank] = [tensor.clone() for tensor in tensors]
        self.barrier.wait(60)
        means = [
            sum(values) / self.size for values in zip(*(self.given[rank] for rank in range(self.size)), strict=True)
        ]
        self.barrier.wait(60)
        for tensor, mean in zip(tensors, means, strict=True):
            tensor.copy_(mean)

    @contextmanager
    def averaged(self, weights):
        yield
        self.mean_([weight.grad for weight in weights if weight.grad is not None])


def test_two_processes_that_share_batches_learn_what_one_learns(family, stamps):
    barrier, given = threading.Barrier(2), {}

    def share(run: Training):
        with Stamps(stamps) as source:
            return train(run, source, 3 * BATCH).state()

    with Stamps(stamps) as source:
        # Built one after the other, because initial weights come from a generator that all threads share.
        groups = [None, *(InThreads(rank, 2, barrier, given) for rank in range(2))]
        runs = [begin(family, source, group=group, gradient_clip=1.0) for group in groups]
    start = {name: value.clone() for name, value in runs[0].state()["networks"].items()}
    alone = share(runs[0])
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(share, runs[1:])
    assert state.content_digest(first["networks"]) == state.content_digest(second["networks"])
    for name, loss in alone["history"].items():
        assert first["history"][name] == pytest.approx(loss, rel=1e-3, abs=1e-4)
    moved, differing = (
        sum((now["networks"][name].double() - then[name].double()).square().sum().item() for name in then)
        for now, then in ((alone, start), (first, alone["networks"]))
    )
    # Over all weights together: for a weight without influence, Adam makes a full step of a rounding error.
    assert differing**0.5 < 0.02 * moved**0.5


def test_operations_are_counted_without_computing(family):
    """What `make plan` tells the time of a training by."""
    settings = settings_of(family)
    found = count(family.split(" ")[0], settings.spec(), shape_of(family))
    steps = settings.timesteps if family == "ddpm published" else getattr(settings, "steps", 1)
    # Each of these evaluates the network twice.
    steps *= 2 ** ((getattr(settings, "sampler", "") == "heun") + (getattr(settings, "guidance", 1.0) != 1))
    # A step sees one galaxy of an image that is put together of many.
    steps *= load(family, "family").Family.evaluations if view_of(family) else 1
    assert found["weights"] > 0
    # One evaluation of the published one is left out: the level without noise.
    assert found["train"] * steps >= 2 * found["sample"] >= 0


OF_TRAINING = (
    test_building_a_family_leaves_the_global_generator_alone,
    test_same_seed_same_training_and_other_seed_another,
    test_a_step_never_changes_what_it_was_given_to_average,
    test_state_survives_saving_and_restoring,
    test_optimisers_find_everything_laid_out_like_the_weights,
    test_resumed_training_equals_an_uninterrupted_one_bit_for_bit,
    test_no_step_waits_for_its_device,
    test_losses_of_other_images_change_nothing_and_are_the_same_every_time,
    test_every_step_size_grows_in_the_warm_up_and_falls_later,
    test_two_processes_that_share_batches_learn_what_one_learns,
)


def test_state_of_another_training_is_refused(family, stamps):
    with Stamps(stamps) as source:
        run, other = begin(family, source, seed=0), begin(family, source, seed=1)
        with pytest.raises(state.StateError, match="seed 0"):
            other.restore(run.state())


def test_samples_are_stamps_of_the_source_but_say_that_they_were_generated(family, stamps, trained, tmp_path):
    images = draw(trained, tmp_path / "drawn.h5", 0, 6)
    made = weights.load(trained, CPU).family
    with Stamps(stamps) as source, Stamps(tmp_path / "drawn.h5") as drawn:
        bands, shape, dtype = source.header.bands, source.shape, np.float32
        if isinstance(made, Composes):
            bands, shape, dtype = made.bands, (len(made.bands), made.side, made.side), np.uint8
        assert images.shape == (6, *shape)
        assert images.dtype == dtype
        assert np.isfinite(images).all()
        assert drawn.header.origin == "generated"
        assert drawn.header.bands == bands
        assert drawn.header.zero_points == source.header.zero_points
    assert len({image.tobytes() for image in images}) == 6


def test_latent_vectors_where_a_family_has_them_are_what_it_samples_from(family, trained):
    model = weights.load(trained, CPU)
    told = {name: torch.linspace(0.3, 0.9, 3) for name in model.family.conditions}
    kinds = (Reconstructs,) if told else (HasLatents, Reconstructs)
    offers = {kind for kind in kinds if isinstance(model.family, kind)}
    assert offers >= OFFERED.get(family, set())
    with torch.no_grad():
        if HasLatents in offers:
            noise = BlockNoise(0, range(3), CPU)
            latents = noise.normal(model.family.latent)
            made = model.family.generate(latents, noise)
            assert torch.equal(made, model.family.sample(BlockNoise(0, range(3), CPU), None))
            assert not torch.equal(made, model.family.generate(latents.flip(0), noise))
        if Reconstructs in offers:
            images = torch.randn(3, *model.shape, generator=torch.Generator().manual_seed(0))
            found = [model.family.reconstruct(images, told or None, BlockNoise(0, range(3), CPU)) for _ in range(2)]
            assert found[0].shape == images.shape
            assert torch.isfinite(found[0]).all()
            assert torch.equal(*found)


def test_an_image_depends_on_weights_seed_and_index_only(trained, tmp_path):
    whole = draw(trained, tmp_path / "a.h5", 0, 11)
    parts = [(0, 3), (3, 4), (4, 9), (9, 11)]
    pieces = [draw(trained, tmp_path / "b.h5", start, stop) for start, stop in parts]
    assert whole.tobytes() == np.concatenate(pieces).tobytes()
    assert draw(trained, tmp_path / "c.h5", 0, 11, seed=1).tobytes() != whole.tobytes()


def test_lower_precision_rounds_images_and_does_no_more(family, trained, tmp_path):
    """``sampling: precision``. Images of the Gaussian and others without a network are the same to the bit."""
    single, low = (draw(trained, tmp_path / "drawn.h5", 0, 8, precision=name) for name in ("float32", "bfloat16"))
    difference = np.square(single.astype(np.float64) - low).mean() ** 0.5
    assert difference <= 0.03 * single.std()
    assert (difference == 0) == (family.split(" ")[0] in EXACT)


def test_weights_are_the_average_and_are_written_alike_every_time(family, stamps, tmp_path):
    with Stamps(stamps) as source:
        run = train(begin(family, source), source, 5 * BATCH)
    made = segment(family, stamps, tmp_path, 5 * BATCH)
    for name in ("one", "two"):
        export.export_weights(made, tmp_path / f"{name}.safetensors")
    assert (tmp_path / "one.safetensors").read_bytes() == (tmp_path / "two.safetensors").read_bytes()
    loaded = weights.load(tmp_path / "one.safetensors", CPU)
    assert (loaded.images_seen, loaded.seed, loaded.shape) == (5 * BATCH, 0, run.shape)
    for name, value in loaded.family.networks.state_dict().items():
        assert torch.equal(value, run.average.state_dict()[name])
