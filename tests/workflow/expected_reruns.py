"""What tests of reruns expect of the smallest run: libraries, rules and keys that need a word of explanation."""

import re

from galforge.studies.realism.settings import XGBoostSettings

NUMERICAL = {
    "numpy": "numpy",
    "scipy": "scipy",
    "torch": "torch",
    "astropy": "astropy",
    "photutils": "photutils",
    "statmorph": "statmorph",
    "skimage": "scikit-image",
    "galsim": "galsim",
    "numba": "numba",
    "pandas": "pandas",
    "matplotlib": "matplotlib",
    "safetensors": "safetensors",
    "sklearn": "scikit-learn",
    "xgboost": "xgboost-cpu",
}
"""Import name and name in the lock of the libraries that define numbers."""
PARTS = {"sample_chunk": "merge_samples"}
"""Rules of parts, and the rule that puts them together where its name does not say it."""
MEASURING = {
    *("measure_morphology", "measure_morphology_source", "measure_morphology_source_chunk", "measure_photometry"),
    *("measure_photometry_source", "measure_power_spectrum", "measure_power_spectrum_source"),
    *("measure_power_spectrum_alone", "measure_power_spectrum_alone_source", "measure_features"),
    *("measure_features_source", "measure_features_chunk", "measure_morphology_chunk"),
    *("measure_band_features", "measure_band_features_source", "measure_sources", "measure_sources_source"),
    *("measure_redshift", "measure_redshift_source", "measure_realism_source", "measure_realism_alone"),
    *(f"measure_{name}_source_and_native" for name in ("morphology", "photometry", "power_spectrum", "features")),
    *("measure_features_source_and_native_chunk", "measure_colour_grain", "measure_colour_grain_source_and_native"),
}
"""Rules that measure, each named after the first variant that it takes."""
STAMPS = {"stamps", "stamps_mock", "stamps_native_mock", "stamps_scored_mock"}
"""Rules of stamps, each named after what it makes besides."""
LATENTS = {f"latents_{name}" for name in ("sersic", "cosmos", "skirt")}
"""Rules of latent walks."""
PASSIVE: dict[str, tuple[str, ...]] = {
    "calibrate_noise": ("pandas",),
    "cross_validate": ("scipy",),
    "cross_validate_network": ("scipy",),
    **dict.fromkeys(("score",), ("scipy",)),
    "denoise_galaxies": ("scipy",),
    "export_fits": ("scipy",),
    "export_realgalaxy": ("pandas",),
    "gpu_check": ("numpy",),
    "stamps": ("scipy",),
    "stamps_native_mock": ("pandas",),
    "train_segment": ("safetensors",),
    "page": ("safetensors", "scipy"),
    "figures_gantastic2020_sparse_sparse_galaxies": ("scipy",),
    "figures_li2024_galaxiesml_losses": ("scipy",),
}
"""Libraries that a job loads for others, or to read a file: none of its numbers comes from them."""
FROM_WILDCARDS = {
    "seed",
    "stop",
    "family",
    "comparison",
    "measures",
    "sides",
    "protocol",
    "tables",
    "taken",
    "dataset",
    "dataset_family",
    "generator",
    "datasets",
    "models",
    "runs",
    "trainings",
    "source",
    "who",
    "alpha",
    "replicate",
    "denoiser",
    "model",
    "tests",
    "scorer",
    "experiment",
    "file",
    "files",
    "by",
    "metric",
    "property",
    "out",
    *("paper", "title", "caption", "alternative", "engine_of"),
    *("median-none", "random_forest-fourier", "xgboost-histogram_power_spectrum"),
}
"""Parts of a spec that come from the names of data sets, models, measures, scorers and tests, from papers and their
figures, and from `run`."""
MOCKED = ("extension", "bands", "pixel_scale", "zero_point")
OF_RELEASE = ("image_side", "size", "bands", "pixel_scale", "zero_point")
OF_VARIANT = ("variant", "conditions", "prediction", "sampler")
SCORABLE, UNSCORED = ("stylegan", "two_stage_conditional"), ("ddpm", "redshift_cnn")
"""Models whose snapshots are not scored here, and those that cannot be: no measure of their data set, or no images."""
ONE_VALUE = [
    *(f"datasets.cosmos.{key}" for key in (*MOCKED, "trust")),
    "datasets.cosmos.folds.fold",
    *(f"datasets.skirt.{key}" for key in ("bands", "pixel_scale", "zero_points")),
    *(f"datasets.{name}.measuring.band" for name in ("sersic", "cosmos")),
    *(f"datasets.{name}.measuring.psf_fwhm" for name in ("sersic", "skirt", "sparse")),
    *(
        f"measures.{name}{suffix}.protocol"
        for name in ("morphology", "power_spectrum")
        for suffix in ("", "-published")
    ),
    *(
        f"measures.{name}.{key}"
        for name in ("features", "band_features")
        for key in ("protocol", "network", "weights", "path", "sha256")
    ),
    "measures.redshift.model",
    *(f"datasets.{name}.measuring.measures" for name in ("sersic", "cosmos", "skirt", "galaxiesml")),
    *(f"datasets.galaxiesml.{key}" for key in ("sha256", "md5", *OF_RELEASE, "mock.image_side")),
    *(f"models.ddpm.network.{key}" for key in OF_VARIANT),
    *(f"denoising.cases.in_domain.{key}" for key in ("pixel_size", "noise")),
    *("denoising.oracle", "denoising.other_seeds"),
    "models.stylegan.training.splits",
    *(f"datasets.sparse.{key}" for key in ("size", "mock.size", "measuring.band", "measuring.measures")),
    *(f"measures.{name}.size" for name in ("realism", "realism-texture")),
    *(f"models.two_stage_conditional.network.{key}" for key in ("size", "galaxy")),
    *(f"models.two_stage_conditional.normalisation.{key}" for key in ("kind", "scale")),
    *("models.two_stage_conditional.training.augmentation", "realism.scorer"),
    *(f"models.{name}.network.conditions" for name in ("stylegan", "vae")),
    *(f"models.{name}.snapshot.choose" for name in (*SCORABLE, *UNSCORED)),
    *(f"models.{name}.snapshot.by" for name in UNSCORED),
    "models.vae.training.splits",
    "models.ddpm.network.guidance",
]
"""Keys with one possible value here: no guidance without dropout, what a mock imitates, which fold of none, the only
band, no PSF to say, the protocol that a measure is named by, the network whose weights come with the environment, the
test that is as training, the split that denoisers are not tested by, an oracle that is not run; what follows from a
release or from a variant; what decides which jobs there are."""
FIXED = {
    *("band", "measuring.band", "measure.band", "settings.network", "settings.sha256", "settings.trust", "track"),
    "training.splits",
    *(f"cases.in_domain.{key}" for key in ("pixel_size", "noise")),
    *(f"settings.{key}" for key in (*MOCKED, "zero_points", *OF_RELEASE)),
    *(f"network.{key}" for key in OF_VARIANT),
    *("conditions.columns", "conditions.told", "settings.model", "mock.image_side"),
    "redshifts",
    *("origin", "side", "experiments", "measure.size", "mock.size", "training.augmentation"),
    *(f"network.{key}" for key in ("size", "galaxy", "guidance")),
    "training.compile",
    *(f"normalisation.{key}" for key in ("kind", "scale")),
}
"""Where the values of these keys stand in specs."""
PRINTED = {f"printed.{paper}" for paper in ("holzschuh2022", "li2024", "gantastic2020")}
"""Digests of files of printed values, which no key of the configuration changes."""
NOT_REACHED = (
    "datasets.skirt.splits.train",
    *(f"compare.{key}" for key in ("neighbour_halvings", "permutations", "fid_halvings")),
    *(f"measures.sources.{key}" for key in ("central", "analysis_threshold")),
    *(f"measures.realism.{key}" for key in ("hog_cell", "hog_block", "lbp_points", "lbp_radius")),
    "measures.realism-texture.threshold",
    "datasets.sersic.measuring.noise_sigma",
    *(f"models.{name}.snapshot.by" for name in SCORABLE),
    "sampling.precision",
    "track",
)
"""Keys that only larger runs look at: halves of a few stamps have no neighbours, so few are not classified, what hardly
learned draws no galaxies, the first share of three splits follows from the others, one of two measures of a family
takes what the other does not, noise that is calibrated is read from a file, scores of more models add a figure, the
usual precision of sampling is in no spec, and nothing here is measured on a track."""
NOT_RUN = (
    *(
        "models.alae.",
        "models.edm.",
        "models.gaussian.",
        "models.stylegan-train.",
        "models.cvae.",
        "models.cvae-published.",
        "models.ddpm-published.",
    ),
    *("models.baseline1.", "models.baseline2", "models.end_to_end_gan.", "models.two_stage_unconditional"),
)
FROM_LOCK = {"statmorph"}
"""Versions that captions name."""
UNUSED_HERE = [
    *(f"datasets.{name}.{key}" for name in ("cosmos", "skirt") for key in ("path", "url", "sha256", "md5", "origin")),
    *("datasets.skirt.api_key_variable", "denoising.tested"),
    *("datasets.cosmos.measuring.expected_count", "datasets.cosmos.measuring.expected_scored"),
    "datasets.galaxiesml.measuring.expected_scored",
    *(
        f"datasets.{name}.measuring.{key}"
        for name in ("cosmos", "skirt")
        for key in ("calibration_stamps", "calibration_target")
    ),
    *(f"measures.morphology.{key}" for key in ("gain", "noise")),
    *(f"measures.power_spectrum{suffix}.band" for suffix in ("", "-published")),
    *(f"measures.{name}.band" for name in ("sources", "redshift", "band_features")),
    *(f"measures.{name}.url" for name in ("features", "band_features")),
    *(f"datasets.{name}.measuring.psf_beta" for name in ("sersic", "skirt", "galaxiesml", "sparse")),
    *("datasets.galaxiesml.measuring.psf_fwhm", "compare.kid_subsets"),
    *(f"datasets.galaxiesml.{key}" for key in ("path", "url", "seed")),
    *(f"datasets.galaxiesml.splits.{name}" for name in ("train", "validation", "test")),
    *(
        f"datasets.galaxiesml.measuring.{key}"
        for key in (
            "noise_sigma",
            "calibration_stamps",
            "calibration_target",
            "expected_count",
            "published_cuts",
            "seed",
        )
    ),
    *(f"models.ddpm.conditions.{key}" for key in ("low", "high")),
    *(f"datasets.sparse.{key}" for key in ("origin", "path")),
    *(
        f"datasets.sparse.measuring.{key}"
        for key in (
            "noise_sigma",
            "calibration_stamps",
            "calibration_target",
            "expected_count",
            "expected_scored",
            "published_cuts",
            "seed",
        )
    ),
    *(f"measures.{name}.band" for name in ("realism", "realism-texture")),
    *(f"models.two_stage_conditional.network.{key}" for key in ("error", "gamma", "lambda_k", "normalised")),
    *(f"realism.resnet.{key}" for key in ("side", "epochs", "batch", "learning_rate", "width", "weights")),
    *(f"realism.xgboost_properties.{key}" for key in XGBoostSettings.model_fields),
    *(f"models.{name}.snapshot.count" for name in (*SCORABLE, *UNSCORED)),
]
"""Keys that mean nothing in this configuration: of a download where the source is a mock, of a calibration where the
noise is given, of the published protocol in the corrected one, of a catalogue for GalSim that nobody asks for."""
TABLES = {
    **{f"tables_holzschuh2022_{name}": 1 for name in ("headline", "morphology", "colour_bulge", "denoising", "cost")},
    **{f"tables_gantastic2020_{name}": 1 for name in ("table1", "table2", "experiments")},
    **dict.fromkeys(("tables_li2024_table1", "tables_li2024_successors", "tables_all"), 1),
}
"""Jobs of tables, each named by the first one that it makes."""
FIGURES = {
    "figures_gantastic2020_sparse",
    "figures_gantastic2020_sparse_sparse_galaxies",
    *(f"figures_holzschuh2022_{name}" for name in ("cosmos", "galaxiesml", "sersic", "skirt", "sparse")),
    *("figures_li2024_galaxiesml", "figures_li2024_galaxiesml_losses"),
    "figures_holzschuh2022_skirt_stylegan_seed0_denoiser",
}
"""Jobs of figures: of a paper and a data set or sweep, and apart where one shows other trainings."""
DOWNSTREAM_OF_TRAINING = {
    "sample_chunk", "merge_samples", "sample", "score_snapshot", "choose_snapshot",
    *LATENTS,
    *(rule for rule in MEASURING if not re.search(r"_source(_|$)", rule.removeprefix("measure_sources"))),
    "measure_redshift_source",
    "distances", "page", "card", "denoise_galaxies", "train_denoiser", "evaluate_denoiser", "summarise_denoising",
    "sample_galaxies", "experiment", "score_generator", *(FIGURES - {"figures_gantastic2020_sparse"}),
    *(name for name in TABLES if name != "tables_gantastic2020_table1"),
}  # fmt: skip
"""Rules that run again with new weights."""
SHOWN = {"figures_holzschuh2022_skirt_stylegan_seed0_denoiser": 1}
"""Figures of the denoising study."""
TOLD = {"summarise_denoising": 1, "tables_holzschuh2022_denoising": 1, **SHOWN, "page": 1, "card": 1}
"""What says how a sweep came out, whatever was added to it."""
