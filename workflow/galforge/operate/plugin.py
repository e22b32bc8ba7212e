"""Snakemake's plugin for SLURM, of which some functions are replaced."""

import sys
from typing import Any

PLUGIN = "snakemake_executor_plugin_slurm"


def once(mark: str) -> Any:
    """The plugin, if Snakemake has loaded it and nobody asked for it with this mark before; otherwise None.

    A workflow may have galforge as a module several times, and a function is to be replaced once.
    """
    plugin = sys.modules.get(PLUGIN)
    if plugin is None or hasattr(plugin, mark):
        return None
    setattr(plugin, mark, True)
    return plugin
