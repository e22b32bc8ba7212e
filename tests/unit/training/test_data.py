"""Batches: the order of the images, both ways to read them, and the augmentation."""

import numpy as np
import pytest
import torch

from galforge.errors import GalforgeError
from galforge.stamps.file import Stamps, StampsWriter
from galforge.training.data import TrainingImages, augment, positions
from galforge.training.draws import Draws
from toys.galaxies import header, write_stamps

CPU = torch.device("cpu")


def test_every_epoch_sees_every_image_once_and_in_an_order_of_its_own():
    epochs = positions(3, 10, 0, 30).reshape(3, 10)
    assert [sorted(epoch) for epoch in epochs.tolist()] == [list(range(10))] * 3
    assert len({tuple(epoch) for epoch in epochs.tolist()}) == 3
    assert positions(4, 10, 0, 10).tolist() != epochs[0].tolist()


@pytest.mark.parametrize("batch", [1, 4, 7, 25])
def test_order_does_not_depend_on_how_it_is_cut(batch):
    pieces = [positions(3, 10, first, batch) for first in range(0, 100, batch)]
    assert np.concatenate(pieces)[:100].tolist() == positions(3, 10, 0, 100).tolist()


@pytest.fixture
def stamps(tmp_path):
    with Stamps(write_stamps(tmp_path / "s.h5", channels=2)) as stamps:
        yield stamps


def test_batches_are_training_images_with_their_own_conditions(stamps):
    with TrainingImages(stamps, CPU, ("brightness",), seed=1) as images:
        batch, conditions = images.batch(16, 8)
    rows = stamps.split("train")[positions(1, 32, 16, 8)]
    assert torch.equal(batch, torch.from_numpy(np.stack([stamps.images[row] for row in rows])))
    assert conditions["brightness"].tolist() == stamps.catalog("brightness")[rows].astype(np.float32).tolist()


def test_held_and_read_images_are_the_same(stamps):
    with TrainingImages(stamps, CPU, (), 1) as held, TrainingImages(stamps, CPU, (), 1, hold_bytes=0) as read:
        assert held.held is not None
        assert read.held is None
        # Past the end of an epoch, with a jump as after a resume, and the same batch twice.
        for first in (0, 12, 24, 36, 96, 96):
            assert torch.equal(held.batch(first, 12)[0], read.batch(first, 12)[0])


def test_processes_that_share_batches_read_what_one_would(stamps):
    with TrainingImages(stamps, CPU, (), 1) as whole, TrainingImages(stamps, CPU, (), 1, hold_bytes=0) as shared:
        for first in range(0, 60, 12):
            both = [whole.batch(first, 12)[0][6:], shared.batch(first + 6, 6, stride=12)[0]]
            assert torch.equal(*both)
        assert len(shared._reader.waiting) == 3


def test_images_held_are_the_split_even_in_many_blocks(stamps, monkeypatch):
    monkeypatch.setattr("galforge.training.data._BLOCK_BYTES", 3 * 4 * 2 * 32 * 32)
    with TrainingImages(stamps, CPU, (), 1) as images:
        assert np.array_equal(images.held.numpy(), stamps.images[:][stamps.split("train")])


def test_missing_condition_names_the_stamp(tmp_path):
    with StampsWriter(tmp_path / "s.h5", (1, 4, 4), header(1), capacity=3) as writer:
        for index, redshift in enumerate([0.1, 0.2, np.nan]):
            writer.append(np.zeros((1, 4, 4)), name=str(index), split="train", redshift=redshift)
    with Stamps(tmp_path / "s.h5") as stamps, pytest.raises(GalforgeError, match="stamp 2 has no redshift"):
        TrainingImages(stamps, CPU, ("redshift",), 0)


def test_empty_training_split_is_refused(tmp_path):
    with StampsWriter(tmp_path / "s.h5", (1, 4, 4), header(1), capacity=1) as writer:
        writer.append(np.zeros((1, 4, 4)), name="only", split="test")
    with Stamps(tmp_path / "s.h5") as stamps, pytest.raises(GalforgeError, match="no stamps in train to train on"):
        TrainingImages(stamps, CPU, (), 0)


def test_augmentation_reaches_all_eight_orientations_and_nothing_else():
    image = torch.arange(9.0).reshape(1, 1, 3, 3)
    turned = [torch.rot90(mirrored, turns, (-2, -1)) for mirrored in (image, image.flip(-1)) for turns in range(4)]
    wanted = {tuple(one.flatten().tolist()) for one in turned}
    drawn = augment(image.expand(400, 1, 3, 3), Draws(0, 400, slice(0, 400), CPU))
    counts = dict.fromkeys(wanted, 0)
    for one in drawn:
        counts[tuple(one.flatten().tolist())] += 1
    assert min(counts.values()) > 25
