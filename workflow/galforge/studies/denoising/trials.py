"""The tests of the denoising study by name and number, and the methods that networks are compared with."""

from dataclasses import dataclass
from typing import Any

REFERENCES = ("identity", "wiener", "richardson_lucy", "non_local_means")
"""What a user would try before a network; the first leaves the image as it was observed."""
IN_DOMAIN = "in_domain"
"""The test that differs in nothing from training."""
CASE, NOISE_CURVE, PIXEL_CURVE = "case", "noise_curve", "pixel_curve"


@dataclass(frozen=True)
class Trial:
    """One test, or one point of a curve of robustness: pixel size and noise are over those of training."""

    kind: str
    name: str
    pixel_size: float
    noise: float


def trials_of(spec: dict[str, Any]) -> list[Trial]:
    """The tests and the points of the curves that a spec of ``DenoisingSettings`` asks for."""
    named = spec["cases"].items()
    cases = [Trial(CASE, name, float(case["pixel_size"]), float(case["noise"])) for name, case in named]
    # That of training first, then one thing changed, then two: a spec has them by the alphabet.
    cases.sort(key=lambda case: ((case.pixel_size != 1) + (case.noise != 1), case.noise, case.pixel_size))
    noise = [Trial(NOISE_CURVE, f"noise-{factor:g}", 1.0, float(factor)) for factor in spec["noise_curve"]]
    return (
        cases + noise + [Trial(PIXEL_CURVE, f"pixel-{factor:g}", float(factor), 1.0) for factor in spec["pixel_curve"]]
    )
