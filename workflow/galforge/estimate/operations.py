"""Operations and weights of models, counted and not timed. `work` runs this as a script, because torch imports slowly.

It reads a JSON list of {family, network, shape} from standard input and prints a list of {train, sample, weights,
tensors}. Nothing is computed: tensors on torch's meta device have shapes and no numbers.
"""

import json
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from galforge import families
from galforge.models.normalisation import Normalisation
from galforge.models.protocol import Step

BATCH = 2
"""Images in a step; some layers need more than one."""


class Operations(TorchDispatchMode):
    """Counts floating-point operations by torch's own formulas (``torch.utils.flop_counter``).

    Torch's own counter refuses derivatives of derivatives, because it counts each module apart.
    """

    def __init__(self) -> None:
        super().__init__()
        self.total = 0

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Call the function, and count its operations."""
        out = function(*args, **(kwargs or {}))
        if (formula := flop_registry.get(function._overloadpacket)) is not None:
            self.total += formula(*args, **(kwargs or {}), out_val=out)
        return out


class Nothing:
    """Stands for a source of random numbers: ``BATCH`` rows of some shape, without values."""

    def normal(self, *shape: int) -> Tensor:
        """An empty tensor (BATCH, *shape)."""
        return torch.empty(BATCH, *shape)

    uniform = normal


def count(family: str, network: dict[str, Any], shape: tuple[int, int, int]) -> dict[str, float]:
    """Floating-point operations per image (convolutions and matrix products), and the number of weights.

    Args:
        family: name of the model family.
        network: spec of its settings.
        shape: (C, H, W) of the images [pixels].

    Returns:
        Operations of ``train``, forward and backward pass of one step, and of ``sample``, drawing one image (or
        predicting from one); number of ``weights``, and of the ``tensors`` that hold them.
    """
    settings = families.load("models", family, "settings").ModelSettings.from_spec(network)
    ones = (1.0,) * shape[0]
    normalisation = Normalisation("asinh", ones, (0.0,) * shape[0], ones)
    with torch.device("meta"):
        model = families.load("models", family, "family").Family(settings, shape, normalisation)
        conditions = {name: torch.empty(BATCH) for name in model.conditions} or None
        step = Step(BATCH, BATCH, Nothing(), nullcontext, lambda name, loss: loss.backward(), lambda tensor: tensor)
        with Operations() as training:
            model.step(torch.empty(BATCH, *shape), conditions, step)
        # A sampler of many evaluations at the same cost is counted by one of them.
        evaluations = getattr(model, "evaluations", None)
        with torch.no_grad(), Operations() as sampling:
            if hasattr(model, "predict"):
                model.predict(torch.empty(BATCH, *shape))
            else:
                (model.evaluate if evaluations else model.sample)(Nothing(), conditions)
    tensors = model.networks.state_dict().values()
    return {
        "train": training.total / BATCH,
        "sample": (evaluations or 1) * sampling.total / BATCH,
        "weights": sum(tensor.numel() for tensor in tensors),
        "tensors": len(tensors),
    }


if __name__ == "__main__":
    print(json.dumps([count(each["family"], each["network"], tuple(each["shape"])) for each in json.load(sys.stdin)]))
