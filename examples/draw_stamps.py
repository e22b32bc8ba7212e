"""Draw 120 galaxies as a simple simulation does: discs and bulges in white noise. The demo scores them as given images.

    .venv/bin/python examples/draw_stamps.py examples/discs_and_bulges.npz

They have the pixels, PSF, magnitudes and noise level of COSMOS stamps (F814W). They lack what real galaxies have:
knots, arms, companions, and noise that is correlated between pixels. A pixel value of 1 is SCALE electrons per second.
"""

import sys

import galsim
import numpy as np

COUNT, SIDE, SEED = 120, 64, 1
PIXEL_ARCSEC, PSF_FWHM_ARCSEC, ZERO_POINT = 0.03, 0.11, 25.94
NOISE = 0.0026
"""Of a pixel of sky [electron/s]."""
SCALE = 0.001


def galaxy(random: np.random.Generator) -> galsim.GSObject:
    """An exponential disc with a round de Vaucouleurs bulge; fluxes in electron/s."""
    # The number of galaxies rises by 0.3 dex per magnitude, from 20 to 25.2.
    magnitude = np.log10(random.uniform(10**6.0, 10**7.56)) / 0.3
    flux = 10 ** (0.4 * (ZERO_POINT - magnitude))
    size = 10 ** (-0.62 - 0.1 * (magnitude - 24) + 0.13 * random.normal())
    bulge = random.uniform(0, 0.5)
    disc = galsim.Exponential(half_light_radius=size, flux=(1 - bulge) * flux)
    disc = disc.shear(q=random.uniform(0.2, 1), beta=random.uniform(0, np.pi) * galsim.radians)
    light = disc + galsim.DeVaucouleurs(half_light_radius=size / 3, flux=bulge * flux)
    return galsim.Convolve(light, galsim.Gaussian(fwhm=PSF_FWHM_ARCSEC))


def stamps() -> np.ndarray:
    """(COUNT, SIDE, SIDE), in units of SCALE."""
    random = np.random.default_rng(SEED)
    drawn = np.stack(
        [galaxy(random).drawImage(nx=SIDE, ny=SIDE, scale=PIXEL_ARCSEC).array for _ in range(COUNT)], dtype=np.float64
    )
    return np.rint((drawn + random.normal(0, NOISE, drawn.shape)) / SCALE).astype(np.int32)


if __name__ == "__main__":
    np.savez_compressed(sys.argv[1], images=stamps())
