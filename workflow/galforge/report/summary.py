"""What the page says of the run itself: its data sets, its models, its provenance and how to repeat it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from galforge.report.captions import measured_by
from galforge.report.page import DataSet, Figure, Run, Summary
from galforge.stamps.file import Stamps
from galforge.version import VERSION


def summarise(spec: dict[str, Any], stamps: Sequence[str], commit: str, dirty: bool | None) -> Summary:
    """The page's summary, from its spec and the source stamps of its data sets in the same order."""
    datasets = [_dataset(name, path) for name, path in zip(spec["datasets"], stamps, strict=True)]
    runs: list[Run] = [
        {"dataset": dataset, "model": model, "seeds": seeds, "generated": spec["generated"][dataset], "origin": origin}
        for dataset, model, seeds, origin in spec["runs"]
    ]
    name = spec["name"]
    overlay = {"paper": "", "demo": " --configfile config/demo.yaml"}.get(name, " --configfile <your file>")
    return {
        "name": name,
        "scale": spec["scale"],
        "version": VERSION,
        "commit": commit[:12] + (" with uncommitted changes" if dirty else ""),
        "datasets": datasets,
        "runs": runs,
        "command": f".venv/bin/snakemake --profile profiles/local{overlay}",
        "full_command": ".venv/bin/snakemake --profile profiles/slurm",
        "statmorph": spec["statmorph"],
        "provenance": [
            (f"stamps of {name}", f"sha256 {_digest(path)}")
            for name, path in zip(spec["datasets"], stamps, strict=True)
        ],
    }


def figures(
    paths: Sequence[str], about: Mapping[str, Mapping[str, str]], tables: Mapping[str, pd.DataFrame], statmorph: str
) -> list[Figure]:
    """The figures of the page.

    Args:
        paths: their files, ``<paper>/<kind>-<subject>.png``.
        about: title, caption, alternative text and ``engine_of`` of each, by ``<paper>/<kind>``. Captions of figures
            that show morphology, which is the corrected one, say what measured it, as the table ``engine_of`` knows.
        tables: assembled tables by name.
        statmorph: version of statmorph in the lock.
    """
    out = []
    for path in map(Path, paths):
        paper, (kind, subject) = path.parent.name, path.stem.split("-", 1)
        own = about[f"{paper}/{kind}"]
        caption = own["caption"]
        if own["engine_of"] in tables:
            drawn = tables[own["engine_of"]].query("protocol == 'corrected'")
            caption = f"{caption} {measured_by(drawn, statmorph)}".rstrip()
        alternative = own["alternative"].format(dataset=subject)
        out.append(Figure(path, paper, kind, subject, own["title"], caption, alternative))
    return out


def _dataset(name: str, path: str) -> DataSet:
    with Stamps(path) as stamps:
        header, count, (height, width) = stamps.header, len(stamps), stamps.shape[1:]
    bands = ", ".join(header.bands)
    size = f"{height} x {width} px"
    if header.sides:
        size += ", each measured at its own size"
    details = f"{bands}, {size}, {header.pixel_scale:g} {header.pixel_unit}/px, in {header.unit}"
    return {"name": name, "origin": header.origin, "stamps": count, "details": details}


def _digest(path: str) -> str:
    with Stamps(path) as stamps:
        return stamps.digest[:16]
