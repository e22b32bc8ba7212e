"""A conditional family outside the package, with two optimisers and a buffer, as other families may need."""

import torch
from torch import Tensor, nn

from galforge.models.normalisation import Normalisation
from galforge.models.protocol import Noise, Shape, Step
from toys.template.settings import ModelSettings, check_shape


class Networks(nn.Module):
    def __init__(self, shape: Shape):
        super().__init__()
        self.template = nn.Parameter(0.1 * torch.randn(shape))
        self.log_scatter = nn.Parameter(torch.zeros(()))
        self.register_buffer("steps", torch.zeros((), dtype=torch.int64))


class Family:
    """Image = template x brightness + scatter; template and scatter have an optimiser each."""

    conditions = ("brightness",)

    def __init__(self, settings: ModelSettings, shape: Shape, normalisation: Normalisation):
        check_shape(settings, shape)
        self.settings, self.shape = settings, shape
        self.networks = Networks(shape)

    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        rate = self.settings.learning_rate
        return {
            "template": torch.optim.Adam([self.networks.template], lr=rate, fused=True),
            "scatter": torch.optim.SGD([self.networks.log_scatter], lr=rate, momentum=0.5),
        }

    def step(self, images: Tensor, conditions: dict[str, Tensor] | None, step: Step) -> dict[str, Tensor]:
        jitter = 0.01 * step.draws.normal()
        brightness = (conditions["brightness"] + jitter).reshape(-1, 1, 1, 1)
        misfit = ((images - self.networks.template * brightness) ** 2).mean()
        step.update("template", misfit)
        scatter = self.networks.log_scatter
        loss = scatter + 0.5 * misfit.detach() * torch.exp(-2 * scatter)
        step.update("scatter", loss)
        self.networks.steps += 1
        return {"loss": loss.detach(), "misfit": misfit.detach()}

    def sample(self, noise: Noise, conditions: dict[str, Tensor] | None) -> Tensor:
        brightness = conditions["brightness"].reshape(-1, 1, 1, 1)
        return self.networks.template * brightness + torch.exp(self.networks.log_scatter) * noise.normal(*self.shape)
