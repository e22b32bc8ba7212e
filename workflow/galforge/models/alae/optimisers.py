"""An optimiser that is several others at once."""

from typing import Any

from torch.optim import Optimizer


class Jointly(Optimizer):
    """Steps all parameters of other optimisers by these optimisers, so that they share moments and counts of steps.

    It has no state of its own: what is saved and restored is that of the others, which are restored before.

    Args:
        optimisers: those that step; parameters without a gradient are left out, as by each of them.
    """

    def __init__(self, *optimisers: Optimizer):
        self.optimisers = optimisers
        super().__init__(self._groups(), {})

    def step(self) -> None:
        for optimiser in self.optimisers:
            optimiser.step()

    def state_dict(self) -> dict[str, Any]:
        return {"state": {}, "param_groups": []}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        # Restored optimisers have new groups.
        self.param_groups = self._groups()

    def _groups(self) -> list[dict[str, Any]]:
        return [group for optimiser in self.optimisers for group in optimiser.param_groups]
