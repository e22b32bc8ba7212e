"""Small settings of EDM, and perfect denoisers in place of its networks."""

from galforge.models.normalisation import Normalisation

TINY = {"dim": 8, "multipliers": [1], "heads": 1, "head_dim": 4}
PLAIN = {"known": "white"}
ONES = Normalisation("linear", (1.0,), (0.0,), (1.0,))


def knowing(family, mean, sd):
    """A perfect denoiser of normal pixels in place of the networks."""

    def denoised(noisy, sigma, given):
        return mean + sd**2 / (sd**2 + sigma**2) * (noisy - mean)

    family.networks.forward = denoised
    return family
