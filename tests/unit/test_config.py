"""The configuration: what is refused and how it is said, and that the generated files say what the settings say."""

import copy
import json
from itertools import pairwise

import jsonschema
import pytest
import yaml

from galforge.config import files
from galforge.config.parse import ConfigError, parse
from galforge.config.problems import merged
from galforge.plan.stages import Stages
from galforge.settings import canonical

ROOT = files.ROOT
OVERLAYS = sorted(
    [
        *(ROOT / "config").glob("*.yaml"),
        *(ROOT / "config/experiments").glob("*.yaml"),
        *(ROOT / "config/tracks").glob("*-v*.yaml"),
        ROOT / "tests/config/smallest.yaml",
    ]
)


def paper():
    return yaml.safe_load(files.CONFIG.read_text(encoding="utf-8"))


def changed(path, value):
    """The paper configuration with one key set (None as path segment appends to a list)."""
    tree = paper()
    node = tree
    *parents, last = path
    for part in parents:
        node = node[part]
    node[last] = value
    return tree


@pytest.mark.parametrize("overlay", OVERLAYS, ids=lambda path: path.stem)
def test_every_configuration_that_is_shipped_is_accepted(overlay):
    tree = paper() if overlay == files.CONFIG else merged(paper(), yaml.safe_load(overlay.read_text()))
    config = parse(tree)
    assert config.overall.name == overlay.stem.replace("config", "paper")
    jsonschema.validate(tree, json.loads(files.SCHEMA.read_text()))


def test_generated_files_have_not_drifted():
    assert files.CONFIG.read_text(encoding="utf-8") == files.default_yaml(), "run `make config`"
    assert files.SCHEMA.read_text(encoding="utf-8") == files.json_schema(), "run `make config`"


def test_every_key_of_the_default_file_is_explained():
    lines = files.CONFIG.read_text(encoding="utf-8").splitlines()
    sections = {"datasets", "models", "measures", "sampling", "compare", "report", "run", "family", "network"}
    for before, line in pairwise(lines):
        key = line.strip().split(":")[0]
        if line.strip().startswith(("#", "-")) or not line.strip() or line.rstrip().endswith(":") or key in sections:
            continue
        assert before.strip().startswith("#"), f"no comment above {line!r}"


def test_a_spec_does_not_depend_on_the_order_of_keys():
    def reordered(tree):
        return {k: reordered(tree[k]) for k in reversed(list(tree))} if isinstance(tree, dict) else tree

    wildcards = {"dataset": "sersic", "model": "vae", "seed": "0", "segment": "0"}
    one = Stages(parse(paper())).stage("train_segment", wildcards).spec_param
    two = Stages(parse(reordered(paper()))).stage("train_segment", wildcards).spec_param
    assert one == two == canonical(json.loads(one))


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (["naem"], "x", "naem: unknown key"),
        (["name"], "Has Spaces", "name: 'Has Spaces' cannot name a folder"),
        (["datasets", "sersic", "sice"], 64, "datasets.sersic.sice: unknown key"),
        (["datasets", "sersic", "size"], "large", "datasets.sersic.size: 'large'"),
        (["datasets", "sersic", "size"], 64.5, "datasets.sersic.size: 64.5"),
        (["datasets", "sersic", "pixel_scale"], "0.04 kpc", "datasets.sersic.pixel_scale: unit 'kpc' is not one of"),
        (["datasets", "sersic", "axis_ratio"], [1.0, 0.4], "datasets.sersic: axis_ratio"),
        (["datasets", "sersic", "family"], "serscic", "datasets.sersic.family: family 'serscic'"),
        (["datasets", "sersic", "measuring", "noise_sigma"], "some", "datasets.sersic.measuring.noise_sigma"),
        (["datasets", "cosmos", "source"], "wget", "datasets.cosmos.source: 'wget'"),
        (["datasets", "cosmos", "url"], "", "datasets.cosmos: source: download lacks `url`"),
        (["datasets", "cosmos", "splits", "train"], 0.9, "datasets.cosmos.splits: train + validation + test is 1.1"),
        (["models", "vae", "network", "latent"], -1, "models.vae.network.latent: -1"),
        (["models", "vae", "net"], {}, "models.vae.net: unknown key"),
        (["models", "vae", "training", "segment_images"], 1001, "models.vae.training: segment_images"),
        (["measures", "morphology", "protocol"], "best", "measures.morphology.protocol: 'best'"),
        (["measures", "morphology", "chunk"], 0, "measures.morphology.chunk: 0"),
        (["sampling", "count"], True, "sampling.count: True"),
        (["run"], [], "run: is empty"),
        (["datasets", "sersic", "measuring", "band"], 5, "datasets.sersic.measuring.band: 5: there are 1 bands"),
        (["datasets", "sersic", "measuring", "noise_sigma"], -1.0, "datasets.sersic.measuring.noise_sigma"),
        (["datasets", "sersic", "magnitude"], float("nan"), "datasets.sersic.magnitude: nan"),
        (["datasets", "sersic", "splits", "train"], 0.0, "datasets.sersic.splits.train: 0.0"),
        (
            ["models", "vae", "training", "history_images"],
            5_000_000,
            "history_images is 5000000, more than images_total",
        ),
        (
            ["measures", "shape"],
            {"family": "morphology"},
            "measures.shape: this variant of morphology is called morphology",
        ),
        (
            ["datasets", "other"],
            {"family": "cosmos", "source": "download", "url": "https://example.org/cosmos_galaxy_postage_stamps.tar"},
            "datasets.other.url: its file cosmos_galaxy_postage_stamps.tar has the name",
        ),
        (["run", 0, "dataset"], "hubble", "run[0].dataset: 'hubble' is not described; there are cosmos, galaxiesml, "),
        (["run", 0, "dataset"], "sparse", "stylegan cannot be trained on sparse"),
        (
            ["run", 5, "model"],
            "two_stage_conditional",
            "is trained on parts of sparse images, which cosmos does not",
        ),
        (["models", "baseline1", "network", "size"], 500, "baseline1 composes images of 500 px (its network.size), "),
        (["models", "baseline1", "training", "augmentation"], True, "say training: {augmentation: false}"),
        (["models", "end_to_end_gan", "normalisation"], {}, "model full_image_gan takes levels as they are"),
        (["models", "two_stage_conditional", "network", "galaxy"], "began", "began draws no size classes"),
        (["measures", "realism", "size"], 500, "measures.realism.size: 500 px, but the images of sparse have 1000 px"),
        (
            ["datasets", "sparse", "measuring", "measures"],
            ["realism"],
            "scorers of realism need the measure realism-",
        ),
        (["realism", "scorers"], ["xgboost"], "realism: scorers: 'xgboost' is not one of median-none, xgboost-basic_3"),
        (["realism", "scorer"], "cnn-image", "realism: scorer: 'cnn-image' must be one of scorers and of xgboost-"),
        (["run", 0, "seeds"], [1, 1], "run[0].seeds"),
        (["run", 0, "overrides"], {"network": {"latent": "x"}}, "run[0].overrides.network.latent"),
        (
            ["models", "end_to_end_gan", "conditions"],
            {"source": "test"},
            "models.end_to_end_gan.conditions: family full_image_gan takes no conditions",
        ),
        (["models", "ddpm", "conditions", "source"], "train", "models.ddpm.conditions.source: 'train'"),
        (["models", "ddpm-published", "conditions", "low"], 5.0, "models.ddpm-published.conditions: low (5.0) must be"),
        (
            ["models", "cvae-published", "network", "conditions"],
            ["redshift", "ra"],
            "models.cvae-published.conditions.source: uniform is for one condition, not redshift, ra",
        ),
        (
            ["models", "ddpm-published", "normalisation"],
            {},
            "models.ddpm-published.normalisation: model ddpm: variant: published takes raw pixels",
        ),
        (["models", "cvae-published", "normalisation", "scale"], 2.0, "normalisation: model cvae: variant: published"),
        (
            ["run", 4, "model"],
            "ddpm",
            "run[4].model: ddpm is conditioned on redshift (its network.conditions), which cosmos does not have",
        ),
        (["datasets"], {}, "datasets: is empty"),
        (["datasets", "source"], {"family": "sersic"}, "datasets.source: not a usable name"),
    ],
)
def test_what_is_wrong_is_refused_with_its_key(path, value, says):
    with pytest.raises(ConfigError) as refused:
        parse(changed(path, value))
    assert says in str(refused.value)


def test_impossible_combinations_are_refused_before_anything_runs():
    tree = changed(["datasets", "sersic", "size"], 48)
    tree["datasets"]["sersic"]["pixel_scale"] = 0.2
    with pytest.raises(ConfigError, match=r"run\[2\]: vae cannot be trained on sersic: .*48"):
        parse(tree)


def test_one_message_says_everything():
    tree = changed(["naem"], "x")
    tree["sampling"]["count"] = "many"
    tree["run"] = []
    with pytest.raises(ConfigError) as refused:
        parse(tree)
    text = str(refused.value)
    assert all(key in text for key in ("3 problems", "naem", "sampling.count", "run"))


def test_text_that_yaml_reads_where_a_number_is_meant():
    tree = paper()
    tree["models"]["vae"]["network"]["learning_rate"] = yaml.safe_load("rate: 1e-3")["rate"]
    assert tree["models"]["vae"]["network"]["learning_rate"] == "1e-3"
    assert parse(tree).models["sersic", "vae"].network.learning_rate == 1e-3


def test_what_a_data_set_says_of_a_measure_that_was_taken_away_is_no_problem():
    overrides = paper()["datasets"]["skirt"]["measuring"]["overrides"]
    assert "power_spectrum" in overrides
    kept = parse(changed(["measures", "power_spectrum"], None))
    assert ("skirt", "power_spectrum") not in kept.measured
    with pytest.raises(ConfigError, match=r"overrides\.power_spektrum: no such measure"):
        parse(changed(["datasets", "skirt", "measuring", "overrides"], overrides | {"power_spektrum": {"band": 1}}))


def test_overrides_change_one_run_only():
    config = parse(paper())
    assert config.models["sersic", "vae"].network.latent == 32
    assert config.models["cosmos", "vae"].network.latent == 128


def test_only_models_with_conditions_and_data_sets_with_redshifts_are_asked_for_any():
    tree = paper()
    tree["run"] = [
        {"dataset": "sersic", "model": "vae"},
        {"dataset": "galaxiesml", "model": "ddpm"},
        {"dataset": "galaxiesml", "model": "ddpm-published"},
        {"dataset": "sersic", "model": "ddpm", "overrides": {"network": {"conditions": []}}},
        {"dataset": "sersic", "model": "alae", "overrides": {"network": {"conditions": ["n", "radius"]}}},
        {"dataset": "galaxiesml", "model": "vae", "overrides": {"network": {"conditions": ["g_cmodel_mag"]}}},
        {"dataset": "galaxiesml", "model": "alae"},
    ]
    stages = Stages(parse(tree))

    def asked(dataset, model):
        spec = json.loads(stages.stage("sample", {"dataset": dataset, "model": model, "seed": "0"}).spec_param)
        return spec.get("conditions")

    assert asked("sersic", "vae") is None
    assert asked("sersic", "ddpm") is None
    assert asked("sersic", "alae") == {"columns": ["n", "radius"], "told": True, "source": "test", "seed": 0}
    assert asked("galaxiesml", "ddpm") == {"columns": ["redshift"], "told": True, "source": "test", "seed": 0}
    uniform = {"columns": ["redshift"], "told": True, "source": "uniform", "low": 0.001, "high": 4.0, "seed": 0}
    assert asked("galaxiesml", "ddpm-published") == uniform
    test = {"source": "test", "seed": 0}
    columns = ["g_cmodel_mag", "redshift"]
    assert asked("galaxiesml", "vae") == {"columns": columns, "told": True, "beside": ["redshift"], **test}
    assert asked("galaxiesml", "alae") == {"columns": ["redshift"], "told": False, **test}
    assert stages.facts.takes_conditions("galaxiesml", "ddpm")
    assert not stages.facts.takes_conditions("galaxiesml", "ddpm-published")
    assert not stages.facts.takes_conditions("sersic", "ddpm")


def with_galaxies(model, **overrides):
    return {**paper(), "run": [{"dataset": "galaxiesml", "model": model, "overrides": overrides}]}


def test_conditions_without_a_redshift_to_compare_by_are_refused():
    uniform = {"source": "uniform", "low": 17.0, "high": 25.0}
    with pytest.raises(ConfigError, match=r"run\[0\].model: vae is asked for g_cmodel_mag between low and high, with"):
        parse(with_galaxies("vae", network={"conditions": ["g_cmodel_mag"]}, conditions=uniform))
    parse(with_galaxies("vae", network={"conditions": ["g_cmodel_mag"]}))
    parse(with_galaxies("vae", network={"conditions": ["redshift"]}, conditions={"source": "uniform"}))
    sersic = {"dataset": "sersic", "model": "vae", "overrides": {"network": {"conditions": ["n"]}}}
    sersic["overrides"]["conditions"] = {"source": "uniform", "low": 1.0, "high": 4.0}
    parse({**paper(), "run": [sersic]})


def with_sersic(model, columns, **overrides):
    overrides = {"network": {"conditions": columns}, **overrides}
    return {**paper(), "run": [{"dataset": "sersic", "model": model, "overrides": overrides}]}


@pytest.mark.parametrize("column", ["PA", "x", "y"])
def test_conditions_that_turning_an_image_changes_are_refused_with_augmentation(column):
    with pytest.raises(
        ConfigError, match=rf"run\[0\].model: vae is conditioned on {column}, but .*augmentation: false"
    ):
        parse(with_sersic("vae", ["n", column]))
    parse(with_sersic("vae", ["n", column], training={"augmentation": False}))


def test_conditions_of_bands_that_are_not_kept_are_refused():
    tree = with_galaxies("vae", network={"conditions": ["i_cmodel_mag", "y_cmodel_mag"]})
    parse(tree)
    tree["datasets"]["galaxiesml"]["bands"] = ["g", "i"]
    with pytest.raises(
        ConfigError, match=r"vae is conditioned on y_cmodel_mag \(.*galaxiesml does not have: "
    ) as refused:
        parse(tree)
    assert "i_cmodel_mag" in str(refused.value)
    assert "z_cmodel_mag" not in str(refused.value)


@pytest.mark.parametrize("model", ["stylegan", "alae"])
def test_styles_of_conditions_are_not_truncated(model):
    with pytest.raises(ConfigError, match=r"run\[0\].overrides.network: truncation 0.7 draws .* say truncation: 1.0"):
        parse(with_sersic(model, ["n"], network={"conditions": ["n"], "truncation": 0.7}))
    parse(with_sersic(model, ["n"]))
    parse(with_sersic(model, [], network={"truncation": 0.7}))


@pytest.mark.parametrize("given", [{}, {"low": 1.0}, {"high": 5.0}, {"low": 0.001, "high": 4.0}])
def test_limits_of_another_condition_than_redshift_are_said(given):
    says = r"run\[0\].overrides.conditions: with source: uniform say both low and high of radius"
    with pytest.raises(ConfigError, match=says):
        parse(with_sersic("vae", ["radius"], conditions={"source": "uniform", **given}))
    parse(with_sersic("vae", ["radius"], conditions={"source": "uniform", "low": 0.001, "high": 5.0}))
    parse(with_sersic("vae", ["radius"], conditions=given))


def test_merging_is_snakemakes():
    from snakemake.utils import update_config

    base, over = paper(), {"sampling": {"count": 5}, "run": [{"dataset": "sersic", "model": "vae"}], "name": "x"}
    expected = copy.deepcopy(base)
    update_config(expected, over)
    assert merged(base, over) == expected
