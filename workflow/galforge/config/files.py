"""Writes config/config.yaml and its JSON schema from the typed settings and paper_scale.yaml.

``python workflow/galforge/config/files.py`` (``make config``) writes both; a test fails when they are out of date.
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
from galforge.config.declared import optional
from galforge.config.tree import SECTIONS, Overall, Run, is_trained
from galforge.datasets.settings import Subset
from galforge.measure.settings import MeasureEntry, Measuring
from galforge.models.settings import ConditionSettings, NormalisationSettings
from galforge.settings import Settings
from galforge.snapshots.settings import SnapshotSettings
from galforge.studies.denoising.settings import BroughtDenoiser, DenoiserSettings, DenoisingSection
from galforge.training.settings import TrainingSettings

ROOT = Path(__file__).resolve().parents[3]
CONFIG = ROOT / "config" / "config.yaml"
SCHEMA = ROOT / "workflow" / "schemas" / "config.schema.json"
PAPER: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("paper_scale.yaml").read_text(encoding="utf-8"))
HEAD = """\
# galforge at the scale of the three papers. Generated from the typed settings by `make config`: every key with
# its meaning, its unit and its default. To change something, write only the keys that differ into a file of your own
# and run `.venv/bin/snakemake --profile profiles/local --configfile my.yaml`; sections merge, lists are replaced whole.
# config/README.md is the manual.
"""
WIDTH = 116
# What fields say of themselves to galforge, and not to editors.
_EXTRA = ("as_before", "when", "stage")


def default_yaml() -> str:
    """The commented configuration at paper scale."""
    lines = [HEAD, *_fields(Overall, {}, 0)]
    lines += ["", "# Data sets, by name. `family` is a folder of workflow/galforge/datasets/.", "datasets:"]
    for name, entry in PAPER["datasets"].items():
        rest = {key: value for key, value in entry.items() if key not in ("family", "measuring")}
        lines += [f"  {name}:", f"    family: {entry['family']}", *_fields(_settings("datasets", entry), rest, 4)]
        lines += ["    # How the stamps are measured.", "    measuring:", *_fields(Measuring, entry["measuring"], 6)]
    lines += ["", "# Models, by name. `family` is a folder of workflow/galforge/models/, or an import path.", "models:"]
    for name, entry in PAPER["models"].items():
        network = _settings("models", entry)
        lines += [f"  {name}:", f"    family: {entry['family']}"]
        lines += ["    network:", *_fields(network, entry["network"], 6)]
        lines += ["    normalisation:", *_fields(NormalisationSettings, entry.get("normalisation", {}), 6)]
        if optional(network.model_validate(entry["network"]), "conditions"):
            lines += ["    # What generated images are asked for."]
            lines += ["    conditions:", *_fields(ConditionSettings, entry.get("conditions", {}), 6)]
        lines += ["    training:", *_fields(TrainingSettings, entry["training"], 6)]
        lines += ["    # " + _title(SnapshotSettings), "    snapshot:"]
        lines += _fields(SnapshotSettings, entry.get("snapshot", {}), 6)
    lines += ["", "# Measures, by name. A measure whose published method has a defect is there twice.", "measures:"]
    for name, entry in PAPER["measures"].items():
        common = {key: entry[key] for key in ("family", "chunk")}
        rest = {key: value for key, value in entry.items() if key not in common}
        lines += [f"  {name}:", *_fields(MeasureEntry, common, 4), *_fields(_settings("measure", entry), rest, 4)]
    for key in ("sampling", "compare", "report"):
        lines += _section(key, SECTIONS[key])
    lines += [
        "",
        "# Kinds of networks of the denoising study, by name. One with `weights` is brought: see config/README.md.",
    ]
    lines += ["denoisers:"]
    for name, entry in PAPER["denoisers"].items():
        lines += [f"  {name}:", *_fields(DenoiserSettings, entry, 4)]
    lines += [*_section("denoising", DenoisingSection), *_section("realism", SECTIONS["realism"])]
    lines += ["", "# What is run: models trained on data sets. An overlay replaces this list whole.", "run:"]
    return "\n".join([*lines, *(f"  - {_scalar(entry)}" for entry in PAPER["run"])]) + "\n"


def json_schema() -> str:
    """JSON schema (draft 2020-12) of the configuration, for editors; galforge itself checks with the typed settings."""
    definitions: dict[str, Any] = {}

    def schema(settings: type[Settings]) -> dict[str, Any]:
        # Families have sections of their own under the same names.
        prefix = settings.__module__.removeprefix("galforge.").removesuffix(".settings").replace(".", "-")
        out = settings.model_json_schema(ref_template=f"#/$defs/{prefix}-{{model}}")
        definitions.update({f"{prefix}-{name}": definition for name, definition in out.pop("$defs", {}).items()})
        _drop_extra(out)
        return out

    def entries(kind: str, build: Any, *more: dict[str, Any]) -> dict[str, Any]:
        choices = [*(build(family) for family in _families(kind)), *more, {"type": "null"}]
        return {"type": "object", "minProperties": 1, "additionalProperties": {"oneOf": choices}}

    def with_family(out: dict[str, Any], family: str, more: dict[str, Any]) -> dict[str, Any]:
        out["properties"] = {"family": {"const": family}, **more, **out.get("properties", {})}
        out["required"] = ["family", *(name for name in out.get("required", []) if name != "family")]
        return out

    def dataset(family: str) -> dict[str, Any]:
        settings = _settings("datasets", {"family": family})
        return with_family(schema(settings), family, {"measuring": schema(Measuring)})

    def subset() -> dict[str, Any]:
        out = schema(Subset)
        out["properties"]["measuring"] = schema(Measuring)
        return out

    def model(family: str) -> dict[str, Any]:
        network = _settings("models", {"family": family})
        if not is_trained(family):
            # Nothing is trained: its settings stand in the entry itself.
            return with_family(schema(network), family, {})
        parts = {"network": network, "normalisation": NormalisationSettings}
        parts |= {"training": TrainingSettings, "snapshot": SnapshotSettings}
        if "conditions" in parts["network"].model_fields:
            parts["conditions"] = ConditionSettings
        more = {name: schema(settings) for name, settings in parts.items()}
        return with_family({"type": "object", "additionalProperties": False}, family, more)

    def measure(family: str) -> dict[str, Any]:
        common = schema(MeasureEntry)["properties"]
        more = {name: common[name] for name in common if name != "family"}
        return with_family(schema(_settings("measure", {"family": family})), family, more)

    def or_null(*choices: dict[str, Any]) -> dict[str, Any]:
        return {"oneOf": [*choices, {"type": "null"}]}

    denoising = schema(DenoisingSection)
    # An overlay removes a test by setting it to null.
    cases = denoising["properties"]["cases"]
    cases["additionalProperties"] = or_null(cases["additionalProperties"])
    kinds = (DenoiserSettings, BroughtDenoiser)
    overall = schema(Overall)
    overall["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    overall["title"] = "galforge configuration"
    overall["properties"] |= {
        "datasets": entries("datasets", dataset, subset()),
        "models": entries("models", model),
        "measures": entries("measure", measure),
        **{key: schema(settings) for key, settings in SECTIONS.items()},
        "denoisers": {"type": "object", "additionalProperties": or_null(*map(schema, kinds))},
        "denoising": denoising,
        "run": {"type": "array", "minItems": 1, "items": schema(Run)},
    }
    _drop_extra(definitions)
    overall["$defs"] = definitions
    return json.dumps(overall, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _families(kind: str) -> list[str]:
    folder = Path(__file__).parents[1] / kind
    return sorted(path.parent.name for path in folder.glob("*/settings.py"))


def _settings(kind: str, entry: dict[str, Any]) -> type[Settings]:
    """The class of settings of an entry's family."""
    name = {"datasets": "DatasetSettings", "models": "ModelSettings", "measure": "MeasureSettings"}[kind]
    return getattr(families.load(kind, entry["family"], "settings"), name)


def _section(key: str, settings: type[Settings]) -> list[str]:
    """A section of one class, below the first line of its docstring."""
    return ["", f"# {_title(settings)}", f"{key}:", *_fields(settings, PAPER.get(key, {}), 2)]


def _title(settings: type[Settings]) -> str:
    return (settings.__doc__ or "").strip().splitlines()[0]


def _fields(settings: type[Settings], values: dict[str, Any], indent: int) -> list[str]:
    """Every field with its comment; fields without a default only where a value is given."""
    space = " " * indent
    checked = settings.model_validate(values)
    lines = []
    for name, field in settings.model_fields.items():
        value = getattr(checked, name)
        if field.default_factory_takes_validated_data:  # empty, so that an overlay changes it with what it follows from
            value = values.get(name, "")
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


def _drop_extra(tree: Any) -> None:
    """Remove what fields say in ``json_schema_extra``, but no field of such a name, and put their texts on one line."""
    if isinstance(tree, dict) and "properties" not in tree:
        for name in _EXTRA:
            tree.pop(name, None)
        if isinstance(said := tree.get("description"), str):
            tree["description"] = " ".join(said.split())
    for value in tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ():
        _drop_extra(value)


if __name__ == "__main__":
    for path, text in ((CONFIG, default_yaml()), (SCHEMA, json_schema())):
        write_text(path, text)
        print(f"wrote {path.relative_to(ROOT)}")
