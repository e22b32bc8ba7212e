"""Taking one variant of a measure from a stamps file, as a job is told by its spec."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from galforge import families
from galforge.measure.images import side_of
from galforge.parts import bounds
from galforge.seeds import seed_of
from galforge.stamps.file import Stamps


def measured(
    family: str, spec: Mapping[str, Any], stamps: str, wildcards: Mapping[str, str], given: Mapping[str, str | None]
) -> pd.DataFrame:
    """The table of one variant, with what is said of it in ``attrs``.

    Args:
        family: of the measure.
        spec: of the variant: settings, band and noise.
        stamps: the stamps file.
        wildcards: of the job: ``who``, and ``part`` and ``parts`` where it measures a part.
        given: files besides the stamps, None where there is none: ``noise`` that was calibrated, ``weights`` of a
            network, and source stamps that set the ``scale``.
    """
    settings = families.load("measure", family, "settings").MeasureSettings.from_spec(spec["settings"])
    noise = spec.get("noise", {"sigma": 0.0, "seed": 0})
    sigma = json.loads(Path(given["noise"]).read_text())["sigma"] if given["noise"] else noise["sigma"]
    more: dict[str, Any] = {"weights": given["weights"]} if given["weights"] else {}
    if given["scale"]:
        more["stretch"] = _stretch(family, given["scale"], spec["band"])
    with Stamps(stamps) as opened:
        # Source and generated stamps must not share a noise realisation: their distance would come out too small.
        seed = seed_of(noise["seed"], "noise", wildcards["who"]) % 2**63
        start, stop = bounds(len(opened), wildcards)
        measure = families.load("measure", family, "measure").measure
        table = measure(opened, start, stop, settings, spec["band"], sigma, seed, **more)
        table.attrs = {
            "origin": opened.header.origin,
            "noise_sigma": sigma,
            "side": side_of(opened),
            "bands": list(opened.header.bands),
            "engine": getattr(settings, "engine", ""),
        }
    return table


@cache
def _stretch(family: str, source: str, band: int) -> dict[str, Any]:
    """The stretch of the source's stamps, which variants share."""
    return families.load("measure", family, "preparation").stretch_from(source, band)
