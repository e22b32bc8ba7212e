"""How much noise a noiseless data set needs before its morphology can be measured.

The sky is characterised in a box beside the galaxy. In a noiseless stamp that box contains the galaxy's wings, and
nearly every stamp is flagged bad. The corrected protocol therefore adds Gaussian noise to source and generated stamps
alike, just enough to make most of the source measurable.
"""

import math

import numpy as np

from galforge.errors import GalforgeError
from galforge.logs import log
from galforge.measure.images import check_band
from galforge.measure.morphology.measure import gains_of, measure_image
from galforge.measure.morphology.settings import MeasureSettings
from galforge.seeds import generator
from galforge.stamps.file import Stamps
from galforge.stamps.galaxies import galaxy

FIRST = 1e-3  # of the median peak; less noise does not change the sky box of any real galaxy
FACTOR = 2.5
STEPS = 6  # the last is 10 % of the median peak, where faint galaxies vanish
REFINEMENTS = 2  # halvings of the bracket of 2.5, which leave a factor of 1.26


def calibrate(stamps: Stamps, settings: MeasureSettings, target: float, count: int, seed: int, band: int) -> float:
    """Smallest sd [image units] of added noise that gives flag <= 1 to a share `target` of the stamps.

    `count` stamps are drawn without replacement; those that are not segmented count as bad. Zero is tried first, then
    multiples 1e-3 x 2.5^k of the median peak upwards; then the bracket is halved geometrically, twice. These are at
    most 9 passes over the stamps, most of them cut short, and the result is the smallest sd to within a factor of 1.26.
    Each stamp keeps its noise realisation, scaled, so the search is deterministic and smooth. Where no multiple reaches
    the target, the one that comes nearest is taken, with a warning.

    Raises:
        GalforgeError: there are no stamps, they are not square, or their median peak is not positive.
    """
    if len(stamps) == 0:
        raise GalforgeError(f"{stamps.path}: no stamps to calibrate the noise on: check the cuts of the data set")
    check_band(stamps, band)
    chosen = generator(seed, "noise-calibration").permutation(len(stamps))[:count].tolist()
    images = [galaxy(stamps, i, band)[0].astype(np.float32) for i in chosen]
    gains = [gains_of(stamps, i, i + 1, settings)[0] for i in chosen]
    realisations = [
        generator(seed, "noise-calibration", i).standard_normal(image.shape)
        for i, image in zip(chosen, images, strict=True)
    ]
    peak = float(np.median([image.max() for image in images]))

    # A little less, or rounding would make 0.7 of 10 stamps 8.
    needed = math.ceil(target * len(images) - 1e-9)

    def try_noise(sigma: float, whole: bool = False) -> tuple[bool, float]:
        """Whether sd `sigma` reaches the target, and the share among the stamps measured until that was certain."""
        good = bad = 0
        for image, gain, noise in zip(images, gains, realisations, strict=True):
            flag = measure_image(image, gain, settings, sigma * noise)["flag"]
            good, bad = good + (flag <= 1), bad + (not flag <= 1)
            if not whole and (good >= needed or bad > len(images) - needed):
                break
        log.info("noise of sd %g: flag <= 1 for %d of %d stamps looked at", sigma, good, good + bad)
        return good >= needed, good / (good + bad)

    if try_noise(0.0)[0]:
        return 0.0
    if peak <= 0:
        raise GalforgeError(
            f"{stamps.path}: the median peak of {len(images)} stamps in band {band} is {peak:g}, so that noise cannot "
            "be scaled to it: check the unit and the background of the data set"
        )
    low = 0.0
    levels = [FIRST * FACTOR**step * peak for step in range(STEPS)]
    for sigma in levels:
        if try_noise(sigma)[0]:
            # `sigma` reaches the target, `low` does not; the bracket is halved geometrically.
            low = low or sigma / FACTOR
            for _ in range(REFINEMENTS):
                middle = float(np.sqrt(low * sigma))
                low, sigma = (low, middle) if try_noise(middle)[0] else (middle, sigma)
            return sigma
        low = sigma
    # The passes above were cut short at different stamps; only whole passes can be compared.
    shares = {sigma: try_noise(sigma, whole=True)[1] for sigma in [0.0, *levels]}
    best = max(shares, key=lambda sigma: (shares[sigma], -sigma))
    log.warning(
        "no noise gives flag <= 1 to %.0f %% of the source; taking sd %g, which gives it to %.0f %%",
        100 * target, best, 100 * shares[best],
    )  # fmt: skip
    return best
