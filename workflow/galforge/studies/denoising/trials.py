"""The tests of the denoising study, and the methods that networks are compared with."""

from typing import Any, NamedTuple

from galforge.studies.denoising.settings import IN_DOMAIN as IN_DOMAIN

REFERENCES = ("identity", "wiener", "richardson_lucy", "non_local_means")
"""What a user would try before a network; the first returns the image as observed."""
CASE, NOISE_CURVE, PIXEL_CURVE = "case", "noise_curve", "pixel_curve"


class Trial(NamedTuple):
    """One test, or one point of a robustness curve; pixel size and noise are relative to those of training."""

    kind: str
    name: str
    pixel_size: float
    noise: float


def trials_of(spec: dict[str, Any]) -> list[Trial]:
    """The tests and the points of curves in a spec of ``DenoisingSettings``."""
    named = spec["cases"].items()
    cases = [Trial(CASE, name, float(case["pixel_size"]), float(case["noise"])) for name, case in named]
    # First the test as in training, then one change, then two; in a spec they are in alphabetical order.
    cases.sort(key=lambda case: ((case.pixel_size != 1) + (case.noise != 1), case.noise, case.pixel_size))
    noise = [Trial(NOISE_CURVE, f"noise-{factor:g}", 1.0, float(factor)) for factor in spec["noise_curve"]]
    pixels = [Trial(PIXEL_CURVE, f"pixel-{factor:g}", float(factor), 1.0) for factor in spec["pixel_curve"]]
    return cases + noise + pixels
