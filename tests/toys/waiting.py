"""Finds operations that would make the host wait for a GPU."""

from torch.utils._python_dispatch import TorchDispatchMode

# Operations that give numbers, or results whose size depends on values.
WAITING = {"aten::_local_scalar_dense", "aten::nonzero", "aten::masked_select", "aten::equal", "aten::is_nonzero"}


class Watch(TorchDispatchMode):
    """Notes the operations that would make the host wait."""

    def __init__(self):
        super().__init__()
        self.found, self.all = [], 0

    def __torch_dispatch__(self, function, types, arguments=(), named=None):
        name = function._schema.name
        self.all += 1
        if name in WAITING:
            self.found.append(name)
        return function(*arguments, **(named or {}))
