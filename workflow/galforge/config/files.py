"""The files that are generated from the typed configuration: config/config.yaml and its JSON schema.

``python workflow/galforge/config/files.py`` (``make config``) writes both; a test fails when they drift.
"""

import json
import sys
import textwrap
from pathlib import Path
from typing import Any

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from galforge import families
from galforge.atomic import write_text
from galforge.compare.settings import CompareSettings
from galforge.config.paper_scale import PAPER
from galforge.config.tree import Overall, Run
from galforge.measure.settings import MeasureEntry, Measuring
from galforge.models.settings import ConditionSettings, NormalisationSettings
from galforge.report.settings import ReportSettings
from galforge.sampling.settings import SamplingSettings
from galforge.settings import Settings
from galforge.studies.denoising.settings import DenoiserSettings, DenoisingSection
from galforge.studies.realism.settings import RealismSettings
from galforge.training.settings import TrainingSettings

ROOT = Path(__file__).resolve().parents[3]
CONFIG = ROOT / "config" / "config.yaml"
SCHEMA = ROOT / "workflow" / "schemas" / "config.schema.json"
HEAD = """\
# galforge at the scale of the three papers. Generated from the typed settings by `make config`: every key with
# its meaning, its unit and its default. To change something, write only the keys that differ into a file of your own
# and run `.venv/bin/snakemake --profile profiles/local --configfile my.yaml`; sections merge, lists are replaced whole.
# config/README.md is the manual.
"""
WIDTH = 116


def default_yaml() -> str:
    """The commented configuration at paper scale."""
    lines = [HEAD, *_fields(Overall, {}, 0)]
    lines += ["", "# Data sets, by name. `family` is a folder of workflow/galforge/datasets/.", "datasets:"]
    for name, entry in PAPER["datasets"].items():
        rest = dict(entry)
        family, measuring = rest.pop("family"), rest.pop("measuring", {})
        settings = families.load("datasets", family, "settings").DatasetSettings
        lines += [f"  {name}:", f"    family: {family}", *_fields(settings, rest, 4)]
        lines += ["    # How the stamps are measured.", "    measuring:", *_fields(Measuring, measuring, 6)]
    lines += ["", "# Models, by name. `family` is a folder of workflow/galforge/models/, or an import path.", "models:"]
    for name, entry in PAPER["models"].items():
        network = families.load("models", entry["family"], "settings").ModelSettings
        lines += [
            f"  {name}:",
            f"    family: {entry['family']}",
            "    network:",
            *_fields(network, entry["network"], 6),
        ]
        lines += ["    normalisation:", *_fields(NormalisationSettings, entry.get("normalisation", {}), 6)]
        if network.model_validate(entry["network"]).model_dump().get("conditions"):
            lines += ["    # What generated images are asked for."]
            lines += ["    conditions:", *_fields(ConditionSettings, entry.get("conditions", {}), 6)]
        lines += ["    training:", *_fields(TrainingSettings, entry.get("training", {}), 6)]
    lines += ["", "# Measures, by name. A measure whose published method has a defect is there twice.", "measures:"]
    for name, entry in PAPER["measures"].items():
        rest = {key: value for key, value in entry.items() if key not in ("family", "chunk")}
        common = {key: value for key, value in entry.items() if key in ("family", "chunk")}
        settings = families.load("measure", entry["family"], "settings").MeasureSettings
        lines += [f"  {name}:", *_fields(MeasureEntry, common, 4), *_fields(settings, rest, 4)]
    for name, settings in (("sampling", SamplingSettings), ("compare", CompareSettings), ("report", ReportSettings)):
        lines += ["", f"# {_first_line(settings)}", f"{name}:", *_fields(settings, PAPER.get(name, {}), 2)]
    lines += ["", "# Kinds of networks of the denoising study, by name.", "denoisers:"]
    for name, entry in PAPER["denoisers"].items():
        lines += [f"  {name}:", *_fields(DenoiserSettings, entry, 4)]
    lines += ["", f"# {_first_line(DenoisingSection)}", "denoising:", *_fields(DenoisingSection, {}, 2)]
    lines += ["", f"# {_first_line(RealismSettings)}", "realism:", *_fields(RealismSettings, PAPER["realism"], 2)]
    lines += ["", "# What is run: models trained on data sets. An overlay replaces this list whole.", "run:"]
    for entry in PAPER["run"]:
        lines.append(f"  - {_scalar(entry)}")
    return "\n".join(lines) + "\n"


def json_schema() -> str:
    """JSON schema (draft 2020-12) of the configuration, for editors; galforge itself checks with the typed settings."""
    definitions: dict[str, Any] = {}

    def schema(settings: type[Settings]) -> dict[str, Any]:
        # Families have sections of their own under the same names.
        prefix = settings.__module__.removeprefix("galforge.").removesuffix(".settings").replace(".", "-")
        out = settings.model_json_schema(ref_template=f"#/$defs/{prefix}-{{model}}")
        definitions.update({f"{prefix}-{name}": definition for name, definition in out.pop("$defs", {}).items()})
        for name in ("as_before", "when", "stage"):
            _drop(out, name)
        return out

    def entries(kind: str, build: Any) -> dict[str, Any]:
        choices = [*(build(family) for family in _families(kind)), {"type": "null"}]
        return {"type": "object", "minProperties": 1, "additionalProperties": {"oneOf": choices}}

    def with_family(out: dict[str, Any], family: str, more: dict[str, Any]) -> dict[str, Any]:
        out["properties"] = {"family": {"const": family}, **more, **out.get("properties", {})}
        out["required"] = ["family", *(name for name in out.get("required", []) if name != "family")]
        return out

    def dataset(family: str) -> dict[str, Any]:
        settings = families.load("datasets", family, "settings").DatasetSettings
        return with_family(schema(settings), family, {"measuring": schema(Measuring)})

    def model(family: str) -> dict[str, Any]:
        settings = families.load("models", family, "settings").ModelSettings
        network = schema(settings)
        parts = {
            "network": network,
            "normalisation": schema(NormalisationSettings),
            "training": schema(TrainingSettings),
        }
        if "conditions" in settings.model_fields:
            parts["conditions"] = schema(ConditionSettings)
        return with_family({"type": "object", "additionalProperties": False}, family, parts)

    def measure(family: str) -> dict[str, Any]:
        settings = schema(families.load("measure", family, "settings").MeasureSettings)
        common = schema(MeasureEntry)["properties"]
        return with_family(settings, family, {name: common[name] for name in common if name != "family"})

    denoising = schema(DenoisingSection)
    # An overlay takes a test away by null.
    cases = denoising["properties"]["cases"]
    cases["additionalProperties"] = {"oneOf": [cases["additionalProperties"], {"type": "null"}]}
    overall = schema(Overall)
    overall["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    overall["title"] = "galforge configuration"
    overall["properties"] |= {
        "datasets": entries("datasets", dataset),
        "models": entries("models", model),
        "measures": entries("measure", measure),
        "sampling": schema(SamplingSettings),
        "compare": schema(CompareSettings),
        "report": schema(ReportSettings),
        "denoisers": {
            "type": "object",
            "additionalProperties": {"oneOf": [schema(DenoiserSettings), {"type": "null"}]},
        },
        "denoising": denoising,
        "realism": schema(RealismSettings),
        "run": {"type": "array", "minItems": 1, "items": schema(Run)},
    }
    for definition in definitions.values():
        for name in ("as_before", "when", "stage"):
            _drop(definition, name)
    overall["$defs"] = definitions
    return json.dumps(overall, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _families(kind: str) -> list[str]:
    folder = Path(__file__).parents[1] / kind
    return sorted(path.parent.name for path in folder.glob("*/settings.py"))


def _fields(settings: type[Settings], values: dict[str, Any], indent: int) -> list[str]:
    """Every field with its comment; fields without a default only where a value is given."""
    space = " " * indent
    checked = settings.model_validate(values)
    lines = []
    for name, field in settings.model_fields.items():
        value = getattr(checked, name)
        comment = textwrap.wrap(field.description or "", WIDTH - indent)
        lines += [f"{space}# {line}" for line in comment]
        if isinstance(value, Settings):
            given = values.get(name, {}) if isinstance(values.get(name, {}), dict) else {}
            lines += [f"{space}{name}:", *_fields(type(value), {**value.model_dump(), **given}, indent + 2)]
        elif isinstance(value, dict) and any(isinstance(item, Settings) for item in value.values()):
            lines.append(f"{space}{name}:")
            for key, item in value.items():
                lines += [f"{space}  {key}:", *_fields(type(item), item.model_dump(), indent + 4)]
        else:
            lines.append(f"{space}{name}: {_scalar(value)}")
    return lines


def _scalar(value: Any) -> str:
    if isinstance(value, float) and value != 0 and not 1e-4 <= abs(value) < 1e6:
        # YAML 1.1 takes an exponent for a number only after a dot.
        mantissa, exponent = f"{value:.12e}".split("e")
        mantissa = mantissa.rstrip("0")
        return f"{mantissa}0e{int(exponent):+d}" if mantissa.endswith(".") else f"{mantissa}e{int(exponent):+d}"
    return yaml.safe_dump(value, default_flow_style=True, width=10_000, sort_keys=False).removesuffix("...\n").strip()


def _first_line(settings: type[Settings]) -> str:
    return (settings.__doc__ or "").strip().splitlines()[0]


def _drop(tree: Any, name: str) -> None:
    if isinstance(tree, dict):
        if name in tree and "properties" not in tree:
            del tree[name]
        for value in tree.values():
            _drop(value, name)
    elif isinstance(tree, list):
        for value in tree:
            _drop(value, name)


if __name__ == "__main__":
    for path, text in ((CONFIG, default_yaml()), (SCHEMA, json_schema())):
        write_text(path, text)
        print(f"wrote {path.relative_to(ROOT)}")
