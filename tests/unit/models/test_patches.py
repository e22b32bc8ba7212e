"""Images in patches: orthonormal, invertible, and scaled by the spread of real images."""

import pytest
import torch

from galforge.models.patches import Patches, join, split


@pytest.mark.parametrize("patch", [2, 4])
@pytest.mark.parametrize("channels", [1, 3])
def test_the_basis_is_orthonormal_and_undone_and_its_first_coefficient_sums_a_patch(patch, channels):
    images = torch.randn(2, channels, 16, 16, dtype=torch.float64)
    coefficients = split(images, patch)
    assert coefficients.shape == (2, channels * patch**2, 16 // patch, 16 // patch)
    assert torch.allclose(coefficients.square().sum(), images.square().sum())
    assert torch.allclose(join(coefficients, patch), images)
    sums = images.unfold(2, patch, patch).unfold(3, patch, patch).sum((-1, -2)) / patch
    assert torch.allclose(coefficients[:, :: patch**2], sums)


def test_differences_of_a_two_pixel_patch_are_those_across_rows_columns_and_the_diagonal():
    image = torch.tensor([[1.0, 2.0], [4.0, 8.0]])[None, None]
    found = split(image, 2).flatten().sort().values
    expected = [(1 + 2 + 4 + 8) / 2, (1 + 2 - 4 - 8) / 2, (1 - 2 + 4 - 8) / 2, (1 - 2 - 4 + 8) / 2]
    assert torch.allclose(found, torch.tensor(sorted(expected)))


@pytest.mark.parametrize(("detail", "spreads"), [(0.0, (1.0, 0.1)), (0.5, (1.0, 0.1**0.5)), (1.0, (1.0, 1.0))])
def test_coefficients_have_the_spread_that_detail_says_relative_to_the_sum(detail, spreads):
    patches = Patches(1, 2, detail).double()
    drawn = torch.randn(400, 4, 8, 8, dtype=torch.float64) * torch.tensor([1.0, 0.1, 0.1, 0.1])[:, None, None]
    images = join(drawn, 2)
    patches.follow(patches.power_of(images), first=True)
    found = patches(images).std((0, 2, 3))
    assert found[0].item() == pytest.approx(spreads[0], rel=0.03)
    assert found[1:].tolist() == pytest.approx([spreads[1]] * 3, rel=0.03)
    assert torch.allclose(patches.joined(patches(images)), images)


def test_running_mean_squares_follow_the_images_and_are_taken_whole_at_first():
    patches = Patches(1, 2, 1.0)
    patches.follow(torch.tensor([4.0, 3.0, 2.0, 1.0]), first=True)
    assert patches.power.tolist() == [4, 3, 2, 1]
    patches.follow(torch.zeros(4), first=False)
    assert patches.power.tolist() == pytest.approx([3.96, 2.97, 1.98, 0.99])


def test_single_pixels_are_left_as_they_are_and_differences_that_never_occur_are_harmless():
    images = torch.randn(2, 3, 8, 8)
    single = Patches(3, 1, 1.0)
    assert not single.scales
    assert single(images) is images
    assert single.joined(images) is images
    flat = Patches(1, 2, 1.0)
    flat.follow(flat.power_of(torch.ones(2, 1, 8, 8)), first=True)
    assert torch.isfinite(flat(torch.randn(2, 1, 8, 8))).all()


def test_a_channel_of_zeros_is_harmless():
    patches = Patches(2, 2, 0.3)
    images = torch.cat([torch.randn(2, 1, 8, 8), torch.zeros(2, 1, 8, 8)], 1)
    patches.follow(patches.power_of(images), first=True)
    coefficients = patches(images)
    assert torch.isfinite(coefficients).all()
    assert torch.allclose(patches.joined(coefficients), images, atol=1e-6)


def test_small_differences_survive_halved_precision_around_them():
    """Pixels of 1 that differ by a thousandth are equal in bfloat16."""
    images = 1 + 1e-3 * torch.randn(2, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        coefficients = split(images, 2)
        again = join(coefficients, 2)
    assert torch.equal(coefficients, split(images, 2))
    assert torch.allclose(again, images, atol=1e-6)
