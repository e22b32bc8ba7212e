"""A trained network as a method for ``galforge.studies.denoising.evaluation``."""

from pathlib import Path

import numpy as np
import torch

from galforge.models import device as devices
from galforge.studies.denoising import degrade
from galforge.studies.denoising.evaluation import Method
from galforge.studies.denoising.network import Denoiser
from galforge.studies.denoising.trials import Trial
from galforge.studies.denoising.weights import load


def network(path: Path, device: str) -> Method:
    """The method that restores galaxies with the network of a file of weights, which is the same in all tests.

    It works in single precision on one galaxy at a time. Use it within ``galforge.measure.networks.measuring``.
    """
    place = devices.pick(device)
    return restoring(load(path, place), place)


def restoring(trained: Denoiser, place: torch.device) -> Method:
    """The method that restores galaxies with a network that is on a device, as ``network`` says."""

    def give_back(test: Trial, pair: degrade.Observed) -> tuple[np.ndarray, float]:
        with torch.no_grad():
            output = trained(torch.from_numpy(pair.image).float()[None].to(place))
        return output[0].double().cpu().numpy(), np.nan

    return give_back
