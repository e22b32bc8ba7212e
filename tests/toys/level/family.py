"""White noise of one level; with conditions, of a level that is their value."""

import torch
from torch import nn


class Family:
    """The level is the only weight."""

    def __init__(self, settings, shape, normalisation):
        self.conditions, self.shape = tuple(settings.conditions), shape
        self.networks = nn.Module()
        self.networks.register_buffer("level", torch.ones(()))

    def sample(self, noise, conditions):
        level = self.networks.level if conditions is None else conditions[self.conditions[0]].reshape(-1, 1, 1, 1)
        return level * noise.normal(*self.shape)
