"""Whether galforge's engine of morphology has statmorph's numbers: both on the same stamps and segmentation maps.

    python benchmarks/morphology_agreement.py [--sets noisy mocks] [--count 500] [--real CATALOGUE]
                                              [--cache FOLDER] [--outliers FILE.csv] [--rounding]

The sets are described in morphology_stamps.py beside this file. The real galaxies are those of a GalSim RealGalaxy
catalogue; without --real it is looked for in the folder that GALFORGE_TEST_DATA names, and the set is left out where
there is none. statmorph takes about half an hour for everything; with --cache its results are kept, by the contents of
images, maps, gains and PSFs and by the versions of the libraries, and taken from there the next time.

Aims: the same flags for 99 % of the stamps; per property, 95 % of the unflagged stamps (statmorph's flag <= 1, for
Sersic parameters its flag_sersic 0, too) within 1e-6; W1 between the two distributions, each of the stamps that its
own engine left unflagged, at most 1e-3 of the sd of statmorph's. Differences are relative to statmorph's value. Angles
are compared modulo pi, relative to 1 rad. Properties that pass through zero are relative to the median absolute value
of the set where that is larger. A value that one engine alone has is an infinite difference.

With --rounding statmorph is compared with itself, on images of which each pixel is changed by some 1e-15 of its value:
what rounding alone does to its numbers, which no other engine can come closer to.
"""

import argparse
import hashlib
import importlib.metadata
import os
import sys
import warnings
from pathlib import Path
from types import ModuleType

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow"))

import numpy as np
import pandas as pd
from morphology_stamps import SETS, Stamp, stamp_set

from galforge.compare.spreads import spread
from galforge.compare.wasserstein import circular_wasserstein, wasserstein
from galforge.logs import progress
from galforge.measure.morphology import by_numba, by_statmorph
from galforge.measure.morphology.segmentation import segment
from galforge.measure.morphology.settings import MeasureSettings
from galforge.seeds import generator

CATALOGUE = "hst_cosmos_f814w/real_galaxy_catalog_26_extension_example.fits"
LIBRARIES = ("numpy", "scipy", "astropy", "photutils", "scikit-image", "statmorph")
FLAGS = ("flag", "flag_sersic")
ANGLES = ("orientation_centroid", "orientation_asymmetry", "sersic_theta")
THROUGH_ZERO = (
    "asymmetry", "rms_asymmetry2", "outer_asymmetry", "smoothness", "sky_mean", "sky_median",
    "gini_m20_bulge", "gini_m20_merger", "ellipticity_centroid", "ellipticity_asymmetry",
    "sersic_ellip", "sersic_aic", "sersic_bic", "xmin_stamp", "ymin_stamp",
)  # fmt: skip
CLOSE, OUTLIER = 1e-6, 1e-3
LEAST_CLOSE, LEAST_SAME_FLAGS, MOST_W1 = 0.95, 0.99, 1e-3
CHUNK = 25


def measured(engine: ModuleType, stamp: Stamp, galaxy: np.ndarray) -> dict:
    """A row of an engine's table: its quantities, or NaN and the `error` that it raised."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            return {**engine.quantities(stamp.image, galaxy, stamp.gain, stamp.psf), "error": ""}
        except Exception as error:
            return {**dict.fromkeys(engine.QUANTITIES, np.nan), "error": f"{type(error).__name__}: {error}"}


def oracle(stamps: list[Stamp], galaxies: list[np.ndarray], cache: Path | None, what: str) -> pd.DataFrame:
    """statmorph's table; chunks of it are kept in `cache`."""
    tables = []
    pairs = list(zip(stamps, galaxies, strict=True))
    chunks = [pairs[start : start + CHUNK] for start in range(0, len(pairs), CHUNK)]
    for chunk in progress(chunks, len(chunks), f"chunks of {what} by statmorph"):
        kept = None if cache is None else cache / f"{digest(chunk)}.parquet"
        if kept is not None and kept.exists():
            tables.append(pd.read_parquet(kept))
            continue
        tables.append(pd.DataFrame([measured(by_statmorph, stamp, galaxy) for stamp, galaxy in chunk]))
        if kept is not None:
            kept.parent.mkdir(parents=True, exist_ok=True)
            tables[-1].to_parquet(kept.with_suffix(".part"))
            kept.with_suffix(".part").replace(kept)
    return pd.concat(tables, ignore_index=True)


def digest(chunk: list[tuple[Stamp, np.ndarray]]) -> str:
    """Of everything that statmorph's answer depends on."""
    content = hashlib.sha256(repr([importlib.metadata.version(name) for name in LIBRARIES]).encode())
    for stamp, galaxy in chunk:
        content.update(repr((stamp.image.shape, stamp.gain)).encode())
        for pixels in (stamp.image, galaxy) if stamp.psf is None else (stamp.image, galaxy, stamp.psf):
            content.update(np.ascontiguousarray(pixels).tobytes())
    return content.hexdigest()[:32]


def perturbed(stamps: list[Stamp]) -> list[Stamp]:
    """The same stamps with each pixel changed by a few units in its last place."""
    random = generator("morphology agreement", "rounding")
    return [s._replace(image=s.image * (1 + 1e-15 * random.standard_normal(s.image.shape))) for s in stamps]


def differences(expected: np.ndarray, found: np.ndarray, name: str) -> np.ndarray:
    """(n,) relative differences of a property, by the rules at the top of this file; NaN where neither has a value."""
    expected, found = np.asarray(expected, dtype=float), np.asarray(found, dtype=float)
    difference = np.abs(found - expected)
    scale = np.abs(expected)
    if name in ANGLES:
        difference = np.abs((difference + np.pi / 2) % np.pi - np.pi / 2)
        scale = np.ones_like(expected)
    elif name in THROUGH_ZERO and np.isfinite(scale).any():
        scale = np.maximum(scale, np.nanmedian(scale))
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = np.where(difference == 0, 0.0, difference / scale)
    relative[np.isnan(expected) != np.isnan(found)] = np.inf
    return relative


def unflagged(table: pd.DataFrame, name: str) -> np.ndarray:
    """(n,) bool: the stamps on which a property counts."""
    good = (table["flag"] <= 1).to_numpy()
    return good & (table["flag_sersic"] == 0).to_numpy() if name.startswith("sersic_") else good


def distance(expected: np.ndarray, found: np.ndarray, name: str) -> float:
    """W1 between two samples of a property, in sd of the first; NaN where one is empty."""
    period = np.pi if name in ANGLES else 0.0
    expected, found = (values[np.isfinite(values)] for values in (expected, found))
    if not len(expected) or not len(found):
        return np.nan
    between = circular_wasserstein(expected, found, period) if period else wasserstein(expected, found)
    return 0.0 if between == 0 else float(np.divide(between, spread(expected, period)))


def compared(expected: pd.DataFrame, found: pd.DataFrame, names: list[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Two tables of one set, compared: a row per property, and a row per outlier.

    The first has `property`, `stamps` (how many count), `close` (share of them within 1e-6), `largest` difference,
    `outliers` (how many beyond 1e-3), `w1`, and the first four of all stamps whatever their flags in `all_*`. The
    second has `row`, `property`, `counts` (unflagged), `statmorph`, `galforge`, `difference` and the flags of both.
    """
    rows, outliers = [], []
    both = {"statmorph": expected, "galforge": found}
    for name in names:
        theirs, ours = (table[name].to_numpy(float) for table in both.values())
        difference = differences(theirs, ours, name)
        counts = unflagged(expected, name)
        row: dict = {"property": name}
        for prefix, chosen in (("", counts), ("all_", np.ones(len(expected), dtype=bool))):
            values = difference[chosen & ~np.isnan(difference)]
            row[f"{prefix}stamps"] = len(values)
            row[f"{prefix}close"] = np.mean(values <= CLOSE) if len(values) else np.nan
            row[f"{prefix}largest"] = values.max() if len(values) else np.nan
            row[f"{prefix}outliers"] = int((values > OUTLIER).sum())
        row["w1"] = distance(theirs[counts], ours[unflagged(found, name)], name)
        rows.append(row)
        for place in np.flatnonzero(difference > OUTLIER):
            outlier = {"row": place, "property": name, "counts": counts[place]}
            outlier |= {engine: table[name].iloc[place] for engine, table in both.items()}
            outlier["difference"] = difference[place]
            outlier |= {f"{flag}_{engine}": table[flag].iloc[place] for flag in FLAGS for engine, table in both.items()}
            outliers.append(outlier)
    return pd.DataFrame(rows), pd.DataFrame(outliers)


def same_flags(expected: pd.DataFrame, found: pd.DataFrame) -> float:
    """Share of stamps with the same flags; where an engine raised, of those where the other raised, too."""
    raised = [(table["error"] != "").to_numpy() for table in (expected, found)]
    same = (expected[list(FLAGS)].to_numpy() == found[list(FLAGS)].to_numpy()).all(axis=1)
    return float(np.mean(np.where(raised[0] | raised[1], raised[0] & raised[1], same)))


def print_sets(sets: list[dict]) -> bool:
    """The table of sets; true if the flags agree as often as they should."""
    print("| set | stamps | segmented | flag <= 1 | same flags | raised: both, statmorph only, galforge only | aim |")
    print("|---|---|---|---|---|---|---|")
    good = True
    for entry in sets:
        met = entry["same_flags"] >= LEAST_SAME_FLAGS
        good &= met
        raised = ", ".join(str(number) for number in entry["raised"])
        print(
            f"| {entry['set']} | {entry['stamps']} | {entry['segmented']} | {entry['unflagged']} "
            f"| {100 * entry['same_flags']:.1f} % | {raised} | {'met' if met else 'NOT met'} |"
        )
    return good


def print_properties(found: dict[str, pd.DataFrame]) -> bool:
    """The table of properties and the verdicts; true if both aims are met."""
    print("\nShare within 1e-6, largest difference, number beyond 1e-3; worst W1 in sd and its set\n")
    print(f"| property | {' | '.join(found)} | W1 |")
    print(f"|---|{'---|' * len(found)}---|")
    rows = {name: table.set_index("property") for name, table in found.items()}
    for name in next(iter(rows.values())).index:
        cells = [_cell(table.loc[name]) for table in rows.values()]
        worst = max(rows, key=lambda entry: np.nan_to_num(rows[entry].loc[name, "w1"], nan=-1.0))
        print(f"| {name} | {' | '.join(cells)} | {rows[worst].loc[name, 'w1']:.0e} {worst} |")
    print("\nWhatever the flags: values that at least one engine has, over all properties\n")
    print("| set | values | within 1e-6 | beyond 1e-3 |\n|---|---|---|---|")
    for name, table in found.items():
        values = table["all_stamps"].sum()
        share = (table["all_close"] * table["all_stamps"]).sum() / values
        print(f"| {name} | {values} | {100 * share:.2f} % | {table['all_outliers'].sum()} |")
    print()
    pairs = pd.concat([table.assign(set=name) for name, table in found.items()])
    pairs = pairs[pairs["stamps"] > 0]
    close = _verdict(pairs, pairs["close"] >= LEAST_CLOSE, f"within {CLOSE:g} in >= 95 % of unflagged stamps", "close")
    near = _verdict(pairs, pairs["w1"] <= MOST_W1, f"W1 <= {MOST_W1:g} sd", "w1")
    return close and near


def _cell(row: pd.Series) -> str:
    if not row["stamps"]:
        return "-"
    return f"{100 * row['close']:.1f} %, {row['largest']:.0e}, {row['outliers']:.0f}"


def _verdict(pairs: pd.DataFrame, met: pd.Series, aim: str, column: str) -> bool:
    missed = [f"{row.set} {row.property} {getattr(row, column):.3g}" for row in pairs[~met].itertuples()]
    print(f"{aim}: {'met' if met.all() else 'NOT met'} for {met.sum()} of {len(met)} properties x sets")
    if missed:
        print(f"  missed: {', '.join(missed)}")
    return bool(met.all())


def catalogue(given: Path | None) -> Path | None:
    """The catalogue of real galaxies, or None and a line that says where it was looked for."""
    folder = os.environ.get("GALFORGE_TEST_DATA")
    path = given or (Path(folder) / CATALOGUE if folder else None)
    if path is not None and path.is_file():
        return path
    print(f"no real galaxies ({path or 'GALFORGE_TEST_DATA is not set'}): give their catalogue with --real\n")
    return None


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--count", type=int, default=500, help="stamps per set; of the real ones there are fewer")
    parser.add_argument("--real", type=Path, help="RealGalaxy catalogue of the real set")
    parser.add_argument("--cache", type=Path, help="folder where statmorph's results are kept")
    parser.add_argument("--outliers", type=Path, help="CSV for the differences beyond 1e-3")
    parser.add_argument("--rounding", action="store_true", help="statmorph with itself on images changed by 1e-15")
    options = parser.parse_args(arguments)
    real = catalogue(options.real) if "real" in options.sets else None
    names = [name for name in by_numba.QUANTITIES if name not in FLAGS]
    sets, properties, outliers = [], {}, []
    for name in options.sets:
        stamps = stamp_set(name, options.count, real)
        if not stamps:
            continue
        maps = [segment(stamp.image, MeasureSettings()) for stamp in stamps]
        kept = [index for index, galaxy in enumerate(maps) if galaxy.any()]
        total, stamps, maps = len(stamps), [stamps[index] for index in kept], [maps[index] for index in kept]
        expected = oracle(stamps, maps, options.cache, name)
        if options.rounding:
            ours = oracle(perturbed(stamps), maps, options.cache, f"{name}, perturbed,")
        else:
            pairs = zip(stamps, maps, strict=True)
            ours = pd.DataFrame([measured(by_numba, stamp, galaxy) for stamp, galaxy in pairs])
        raised, ours_raised = ((table["error"] != "").to_numpy() for table in (expected, ours))
        sets.append({
            "set": name,
            "stamps": total,
            "segmented": len(stamps),
            "unflagged": int((expected["flag"] <= 1).sum()),
            "same_flags": same_flags(expected, ours),
            "raised": [int(x.sum()) for x in (raised & ours_raised, raised & ~ours_raised, ours_raised & ~raised)],
        })  # fmt: skip
        properties[name], beyond = compared(expected, ours, names)
        if len(beyond):
            beyond.insert(0, "set", name)
            beyond.insert(1, "stamp", [stamps[row].name for row in beyond["row"]])
            outliers.append(beyond.drop(columns="row"))
    good = print_sets(sets)
    good &= print_properties(properties)
    if options.outliers is not None:
        table = pd.concat(outliers, ignore_index=True) if outliers else pd.DataFrame()
        table.to_csv(options.outliers, index=False)
        print(f"\n{len(table)} differences beyond {OUTLIER:g}, flagged stamps included: {options.outliers}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
