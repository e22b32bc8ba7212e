"""Sentences made from numbers: who is best, tied with whom, at how many floors, and what the studies found."""

import numpy as np
import pandas as pd
import pytest

from galforge.papers import registry
from galforge.papers.answers import Filled, by_count, by_rank
from galforge.papers.gantastic2020 import answers as sparse
from galforge.papers.holzschuh2022.answers import denoising
from galforge.papers.li2024.answers import redshifts
from galforge.report.standings import standings


def filled(
    name: str, rows: list[tuple], metric: str = "wasserstein", dataset: str = "cosmos", **more: object
) -> Filled:
    """A table with rows of (model, property, value, rank), whose floor is 0.1 unless ``more`` says otherwise."""
    frame = pd.DataFrame(rows, columns=["model", "property", "value", "rank"])
    common = {"dataset": dataset, "origin": "mock", "metric": metric, "protocol": "corrected", "seeds": 1, "floor": 0.1}
    frame = frame.assign(**{"at_floor": frame["value"] < 0.15, "standard_error": 0.01, **common, **more})
    return Filled(registry.table(name), frame)


def joined(*parts: Filled) -> Filled:
    return Filled(parts[0].table, pd.concat([part.frame for part in parts], ignore_index=True))


MORPHOLOGY = "holzschuh2022/morphology"


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (
            [("vae", "average", 0.42, 2), ("stylegan", "average", 0.19, 1)],
            "On cosmos StyleGAN (1.9 floors) is best, before VAE (4.2 floors).",
        ),
        (
            [("vae", "average", 0.21, 1), ("stylegan", "average", 0.12, 1), ("alae", "average", 1.23, 3)],
            "On cosmos StyleGAN (at the floor) and VAE (2.1 floors) share rank 1, before ALAE (12 floors).",
        ),
        (
            [(model, "average", 0.2 * n, n) for n, model in enumerate(("vae", "edm", "alae", "gaussian"), 1)],
            "On cosmos VAE (2 floors) is best, before EDM (4 floors) and 2 more.",
        ),
        (
            [("vae", "average", 0.12, 1), ("stylegan", "average", 0.11, 1)],
            "On cosmos StyleGAN and VAE cannot be told from a perfect model.",
        ),
        ([("vae", "average", 0.42, np.nan)], "On cosmos VAE, the only model, lies at 4.2 floors."),
        ([("vae", "average", 0.1, np.nan)], "On cosmos VAE, the only model, cannot be told from a perfect one."),
    ],
)
def test_ranks_have_ties_and_floors(rows: list[tuple], said: str) -> None:
    assert by_rank([filled(MORPHOLOGY, rows)]) == said
    # Neither galaxies without a model, nor single properties, nor the other protocol change it.
    detour = filled(MORPHOLOGY, [("roundtrip", "average", 0.01, np.nan)])
    single = filled(MORPHOLOGY, [("alae", "gini", 0.01, 1)])
    published = filled(MORPHOLOGY, [("alae", "average", 0.01, 1)], protocol="published")
    assert by_rank([joined(filled(MORPHOLOGY, rows), detour, single, published)]) == said


def test_each_data_set_has_its_answer() -> None:
    both = joined(
        filled(MORPHOLOGY, [("vae", "average", 0.42, np.nan)]),
        filled(MORPHOLOGY, [("alae", "average", 0.3, np.nan)], dataset="skirt"),
    )
    assert by_rank([both]) == (
        "On cosmos VAE, the only model, lies at 4.2 floors; on skirt ALAE, the only model, lies at 3 floors."
    )
    published = filled(MORPHOLOGY, [("vae", "average", 0.42, np.nan)], protocol="published")
    assert by_rank([published]).startswith("On cosmos VAE"), "where there is no corrected protocol"
    assert by_rank([]) == ""


def test_rows_without_an_average_are_counted() -> None:
    rows = [
        *(("vae", name, 0.4, 1) for name in ("log_flux", "sky_rms")),
        *(("edm", name, 0.5, 1 + (name == "sky_rms")) for name in ("log_flux", "sky_rms")),
    ]
    assert by_rank([filled("holzschuh2022/photometry", rows)]) == (
        "On cosmos VAE has rank 1 in 2 of 2 numbers (at 4 floors), EDM in 1; ties count for all."
    )


def test_networks_are_named_and_shares_are_near_their_ideal() -> None:
    rows = [("vae", "efficientnet-lite0", 30.0, 1), ("edm", "efficientnet-lite0", 60.0, 2)]
    fid = filled("holzschuh2022/fid", rows, metric="fid", floor=10.0, at_floor=False)
    said = "On cosmos as EfficientNet-Lite0 sees them, VAE (3 floors) is best, before EDM (6 floors)."
    assert by_rank([fid]) == said
    rows = [("vae", "efficientnet-lite0", 0.9, np.nan), ("edm", "efficientnet-lite0", 0.4, np.nan)]
    coverage = filled("holzschuh2022/coverage", rows, metric="recall", at_floor=[True, False])
    assert by_rank([coverage]) == (
        "On cosmos as good as can be told, at the ideal: VAE (1 of 1 numbers), 1 other model in none."
    )


def test_standings_mark_ties_and_order_models_by_their_mean_rank() -> None:
    rows = [("vae", "morphology", 0.42, 2), ("edm", "morphology", 0.2, 1), ("alae", "morphology", 0.22, 1)]
    rows += [("vae", "power_spectrum", 0.12, 1), ("edm", "power_spectrum", 0.3, 2)]
    own = filled("all", rows)
    in_floors = filled("all", rows, metric="in_floors")
    (found,) = standings(own.table, pd.concat([own.frame, in_floors.frame]))
    assert found.quantities == ["Morphology", "Power spectrum"]
    assert [model.name for model in found.models] == ["ALAE", "VAE", "EDM"]
    places = {model.name: model.places for model in found.models}
    assert [place and (place.rank, place.distance, place.at) for place in places["VAE"]] == [
        ("2", "4.2 floors", ""),
        ("1", "1.2 floors", "at floor"),
    ]
    assert places["EDM"][0].rank == "1="
    assert places["ALAE"][1] is None
    assert found.said == by_count(own)["cosmos"]
    assert found.said == (
        "ALAE has rank 1 in 1 of 2 numbers (at 2.2 floors), VAE in 1, EDM in 1; ties count for all."
    ), "equal counts are in the order of mean ranks"


def verdicts(*tests: tuple[str, float, str], metric: str = "gain") -> Filled:
    """The table of tests: (model, gain, verdict) each, of denoising skirt at four times the noise."""
    frame = pd.DataFrame(tests, columns=["model", "value", "verdict"])
    frame = frame.assign(dataset="skirt", metric=metric, standard_error=0.03, pixel_size=1.0, noise=4.0)
    return Filled(registry.table("holzschuh2022/denoising_tests"), frame)


def test_the_judge_says_whether_generated_galaxies_helped() -> None:
    told = verdicts(("edm", 0.12, "helps"), ("vae", -0.3, "harms"), ("alae", 0.01, "no power"))
    oracle = verdicts(("edm", 0.5, "gains"), metric="oracle")
    assert denoising([joined(told, oracle)]) == (
        "Generated galaxies help in 1 of 3 tests: EDM on skirt, noise × 4 (+12 ± 3 %), and harm in 1 of 3 tests: VAE "
        "on skirt, noise × 4 (-30 ± 3 %); in 1 not even a perfect generator's galaxies would be seen to help."
    )
    assert denoising([verdicts(("edm", 0.01, "not seen to help"))]) == (
        "Generated galaxies are not seen to help or harm in any of 1 tests; in 1 they are not seen to help although a "
        "perfect generator's would."
    )
    assert denoising([]) == ""


def test_without_tests_the_sweeps_answer() -> None:
    frame = pd.DataFrame({"value": [0.2, 0.1], "supported": [True, False], "noise": [4.0, 1.0]})
    frame = frame.assign(dataset="skirt", model="edm", metric="improvement", standard_error=0.02, pixel_size=1.0)
    table = Filled(registry.table("holzschuh2022/denoising"), frame.assign(replicates=3))
    assert denoising([table]) == (
        "A share of generated galaxies gains beyond chance in 1 of 2 tests: EDM on skirt, noise × 4 (+20 ± 2 %)."
    )
    nothing = Filled(table.table, table.frame.assign(supported=False))
    assert denoising([nothing]) == "In none of 2 tests does a share of generated galaxies gain beyond chance."


def test_bins_of_redshift_are_those_of_the_best_model() -> None:
    name, own = "li2024/table1", {"dataset": "galaxiesml"}
    whole = filled(name, [("edm", "all", 0.2, 1), ("cvae", "all", 0.6, 2)], metric="galaxy_kl", **own)
    bins = [("edm", f"{of}@0-1", 0.1, np.nan) for of in ("ellipticity", "isophotal_area")]
    bins += [("edm", "ellipticity@1-2", 0.1, np.nan), ("edm", "isophotal_area@1-2", 0.5, np.nan)]
    bins += [("cvae", "ellipticity@2-3", 0.9, np.nan)]
    loss = [("edm", "all", 0.1, np.nan), ("cvae", "all", 0.4, np.nan)]
    parts = [filled(name, bins, metric="galaxy_kl_bin", **own)]
    parts += [filled(name, loss, metric="redshift_loss_normalised", **own)]
    assert redshifts([joined(whole, *parts)]) == (
        "On galaxiesml, sizes and shapes: EDM (2 floors) is best, before CVAE (6 floors); EDM is at the floor in 1 of "
        "2 bins of redshift and farthest at z = 1-2 (3 floors); a network finds the redshifts asked for as well as in "
        "real galaxies in those of EDM."
    )
    assert redshifts([]) == ""


def test_sparse_images_are_beside_real_ones_and_scorers_beside_the_median() -> None:
    rows = [("real", "xgboost", 4.2, np.nan), ("baseline1", "xgboost", 1.0, np.nan)]
    rows += [("two_stage_conditional", "xgboost", 4.0, np.nan)]
    own = {"dataset": "sparse", "protocol": "published"}
    table = filled("gantastic2020/table2", rows, metric="mean_score", at_floor=[False, False, True], **own)
    assert sparse.scores([table]) == (
        "On sparse real images score 4.2 on average and those of Two-stage GAN, conditional come nearest with 4; "
        "Two-stage GAN, conditional cannot be told from them by the score."
    )
    rows = [("median", "none", 1.1, np.nan), ("xgboost", "histogram", 0.42, np.nan)]
    table = filled("gantastic2020/table1", rows, metric="mae", **own)
    assert sparse.scorers([table]) == (
        "On sparse XGBoost errs least, by 0.42 (seen: histogram), where the median of all scores errs by 1.1."
    )
    rows = [("two_stage_conditional", "random_positions", -0.5, np.nan)]
    table = filled("gantastic2020/experiments", rows, metric="score_difference", at_floor=False, **own)
    assert sparse.experiments([table]) == (
        "On sparse random positions change the score of Two-stage GAN, conditional (-0.5), of 1 model."
    )
