"""The card of a model's weights, as Hugging Face has it: a README.md whose head is YAML.

It says what the model draws, what it was trained on and at what cost, how near its galaxies come to the source, and how
to draw more. All of it is taken from files of the run.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from galforge.compare.kind import readings
from galforge.drawing.names import GROUPS, METRICS, model_label, network_label
from galforge.models.about import read_about
from galforge.papers.cells import number
from galforge.papers.ranks import RANKED
from galforge.papers.readings import at_floor
from galforge.report.cost import costs, shown
from galforge.stamps.file import Header, Stamps
from galforge.version import VERSION

SUMS = ("average", "all")
"""Properties that stand for all of a comparison."""
NETWORKS = ("fid", "kid")
"""Metrics of a network, of which there is one property."""
DRAWN = 16
"""Images that the example draws."""
WHAT = {
    "observed": "observed galaxies",
    "simulated": "galaxies of a simulation, not observed",
    "analytic": "analytic profiles, not observed",
    "mock": "a mock of a survey's release, not observed",
    "generated": "generated galaxies, not observed",
}
"""What stamps of an origin are, in words."""
TEXT = """\
---
license: {licence}
library_name: galforge
pipeline_tag: unconditional-image-generation
tags: {tags}
---

# {title}

{draws}

## Training

| | |
|:--|:--|
| Model | family `{family}` of galforge {version}, {parameters} |
| Data | `{dataset}`, family `{dataset_family}`: {what}; {images:,} images of its split {splits}; stamps {stamps} |
| Training | {seen:,} images seen, seed {seed}, {scale} scale |
| Cost | {gpu:.3g} GPU-hours, {cpu:.3g} CPU-hours; 1,000 images are drawn in {drawing:.3g} s ({where}) |
| Code | {code} |

## How near its galaxies come to the source

{headline}

## Draw galaxies

In galforge's environment, with its folder `workflow` on the Python path:

```python
{example}
```

{unit}

## Licence

{licensed}
"""
UNLICENSED = (
    "None is stated. Whoever trained these weights states one by `report: {licence: ...}` in galforge's configuration, "
    "within what the licence of the training data allows."
)
UNITS = {"morphology": "sd of the source", "joint": "sd of the source", "power_spectrum": "dex"}
"""Units of Wasserstein distances by the comparison; those of others are mixed or their own."""


def model_card(spec: Mapping[str, Any], files: Mapping[str, Any]) -> str:
    """The text of the card.

    Args:
        spec: names of ``dataset`` and ``model``, ``dataset_family``, ``family`` of the model, ``seed``, ``generator``
            (networks that drawing takes), ``training`` (``splits``), ``scale`` of the configuration and ``licence``.
        files: paths: ``weights``, ``trained_on`` (stamps), ``drawn`` (stamps that the model drew) and ``drawing`` (what
            that cost), ``segments`` (what the training cost), ``record`` of its last segment, and ``distances``.

    Raises:
        GalforgeError: the weights or stamps cannot be read.
    """
    about = read_about(Path(files["weights"]))
    record, drawing = (json.loads(Path(files[name]).read_text(encoding="utf-8")) for name in ("record", "drawing"))
    with Stamps(files["trained_on"]) as stamps:
        rows, digest = stamps.split(*spec["training"]["splits"]), stamps.digest
        asked = {name: stamps.catalog(name)[rows] for name in about["network_settings"].get("conditions", ())}
    with Stamps(files["drawn"]) as stamps:
        drawn, shape = stamps.header, stamps.shape
    spent = costs([Path(path) for path in files["segments"]], Path(files["weights"]), spec["generator"])
    parameters = f"{shown('parameters', spent['parameters'])} parameters"
    if "generator_parameters" in spent:
        parameters += f", {shown('parameters', spent['generator_parameters'])} of them to draw"
    return TEXT.format(
        licence=json.dumps(spec["licence"]),
        tags=json.dumps(["astronomy", "galaxies", spec["family"], spec["dataset_family"]]),
        title=f"{model_label(spec['model'])} of {spec['dataset']}, seed {spec['seed']}",
        draws=_draws(drawn, shape, asked),
        family=spec["family"],
        version=VERSION,
        parameters=parameters,
        dataset=spec["dataset"],
        dataset_family=spec["dataset_family"],
        what=WHAT[Header.from_json(about["header"]).origin],
        images=len(rows),
        splits=", ".join(spec["training"]["splits"]),
        stamps=digest[:16],
        seen=about["images_seen"],
        seed=spec["seed"],
        scale=spec["scale"],
        gpu=spent["gpu_hours"],
        cpu=spent["cpu_hours"],
        drawing=drawing["seconds"],
        where=f"{drawing['device']}, {drawing['threads']} thread{'s' if drawing['threads'] > 1 else ''}",
        code=f"digest {record['code']['digest'][:16]}, commit {record['commit'] or 'unknown'}"
        + (", with changes that are in no commit" if record["dirty"] else ""),
        headline=_headline(files["distances"]),
        example=_example(asked),
        unit=f"`images` is {(DRAWN, *shape)} in {drawn.unit}.",
        licensed=UNLICENSED if spec["licence"] == "unknown" else f"{spec['licence']}.",
    )


def _draws(header: Header, shape: tuple[int, int, int], asked: Mapping[str, np.ndarray]) -> str:
    """What an image is, and what it can be asked for."""
    zero_points = ", ".join(f"{value:g}" for value in header.zero_points)
    zero_points = f"AB zero points {zero_points}" if zero_points else "no zero point"
    said = (
        f"Draws images of galaxies in {', '.join(header.bands)}: {shape[1]} x {shape[2]} px of {header.pixel_scale:g} "
        f"{header.pixel_unit}, in {header.unit} ({zero_points})."
    )
    if header.sides:
        said += " The last channel codes the galaxy's own size, see galforge's `stamps/sizes.py`."
    for name, values in asked.items():
        said += f" It is asked for {name}, which was {values.min():.4g} to {values.max():.4g} in training."
    return said


def _headline(distances: Sequence[str | Path]) -> str:
    """The distances that stand for all of a comparison, as a table; corrected protocol."""
    rows = pd.concat([pd.read_csv(path) for path in distances]) if distances else pd.DataFrame()
    if len(rows):
        reading = rows["metric"].map(readings())
        of_network = (rows["comparison"] == "features") & rows["metric"].isin(NETWORKS)
        summed = rows["property"].isin(SUMS) | of_network
        rows = rows[summed & reading.isin(RANKED) & (rows["protocol"] == "corrected") & rows["floor"].notna()]
    if not len(rows):
        return "Nothing was compared."
    lines = ["| quantity | value | a perfect model | images |", "|:--|--:|--:|--:|"]
    for row in rows.to_dict("records"):
        value, error, floor = number(row["value"], row["standard_error"], row["floor"], 1.0)
        apart = abs(row["share_generated"] - row["share_source"])
        limits = (row["limit"], row["conditional"], row["conditional_limit"], apart, row["share_limit"])
        numbers = (row["value"], row["standard_error"], row["floor"])
        near = " (at floor)" if at_floor(readings()[row["metric"]], *numbers, *limits) else ""
        value = f"{value} ± {error}" if value and error else value or "no value"
        sizes = f"{row['n_source']:.0f} v {row['n_generated']:.0f}"
        lines.append(f"| {_quantity(row)} | {value}{near} | {floor} | {sizes} |")
    lines += ["", "Value ± standard error over images; a perfect model is one at these numbers of images."]
    return "\n".join(lines)


def _quantity(row: Mapping[str, Any]) -> str:
    """What a row of distances is called."""
    metric = METRICS.get(row["metric"], row["metric"].replace("_", " ").capitalize())
    of = GROUPS.get(row["comparison"], row["comparison"].replace("_", " ").capitalize())
    if row["comparison"] == "features":
        of = network_label(row["property"])
    unit = f" [{UNITS[row['comparison']]}]" if row["comparison"] in UNITS and "wasserstein" in row["metric"] else ""
    return metric if metric == of else f"{of}, {metric}{unit}"


def _example(asked: Mapping[str, np.ndarray]) -> str:
    """Python that draws galaxies from the weights beside the card."""
    values = ", ".join(f'"{name}": np.full({DRAWN}, {np.median(found):.4g})' for name, found in asked.items())
    conditions = f", conditions={{{values}}}" if asked else ""
    return "\n".join(
        [
            "from pathlib import Path",
            *(["import numpy as np"] if asked else []),
            "from galforge.sampling.sample import sample",
            "from galforge.stamps.file import Stamps",
            f'sample(Path("model.safetensors"), Path("drawn.h5"), 0, {DRAWN}, seed=1, batch={DRAWN}{conditions})',
            'images = Stamps("drawn.h5").images[:]',
        ]
    )
