"""Measure images from a shell: ``python -m galforge.measure --measure morphology stamps.fits -o table.parquet``."""

import argparse
import importlib
import inspect
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from galforge import logs
from galforge.errors import GalforgeError
from galforge.measure.reading import Read, array, read
from galforge.measure.writing import check_output, write

MEASURES = ("morphology", "photometry", "power_spectrum", "sources")
ENDINGS = (".parquet", ".csv")
READS = {
    "gain": ("morphology",),
    "noise": ("morphology",),
    "seed": ("morphology",),
    "psf": ("morphology",),
    "segmentation": ("morphology",),
    "mask": ("morphology",),
    "weightmap": ("morphology",),
    "zero_points": ("photometry",),
    "pixel_scale": ("photometry", "sources"),
}
"""Which measures look at an option; the others refuse it."""
MAPS = ("segmentation", "mask", "weightmap")


def main(arguments: list[str] | None = None) -> int:
    """Measure as told, and return the exit status."""
    logs.to_file(None)
    try:
        _run(_parser().parse_args(arguments))
    except GalforgeError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m galforge.measure", description="Measure images; docs/measuring-alone.md says more."
    )
    add = parser.add_argument
    add("stamps", nargs="+", type=Path, help="FITS, npy, npz or stamps file; or a folder or files, a galaxy each")
    add("--measure", required=True, choices=MEASURES)
    add("-o", "--output", required=True, type=Path, help="table to write: .parquet or .csv")
    add("--gain", type=float, help="electrons per image unit")
    add("--pixel-scale", type=float, help="side of a pixel [arcsec]")
    add("--zero-point", dest="zero_points", type=_numbers, help="AB magnitude of one image unit; one per band: 27,27")
    add("--bands", type=_words, default=(), help="names of the channels: g,r,i")
    add("--band", default="0", help="index or name of the channel that is measured [first]")
    add("--psf", type=Path, help="PSF of the Sersic fit")
    add("--segmentation", type=Path, help="labels, one map per stamp; a row per label")
    add("--mask", type=Path, help="pixels that are left out, not 0")
    add("--weightmap", type=Path, help="sd of each pixel [image units], in place of the gain")
    add("--noise", type=float, help="sd of Gaussian noise that is added first [image units]")
    add("--seed", type=int, help="seed of that noise [0]")
    add("--set", dest="settings", action="append", default=[], metavar="KEY=VALUE", help="a setting of the measure")
    add("--extension", default="", help="extension of FITS files, or array of a npz file")
    add("--processes", type=int, help="how many work [one per core]")
    return parser


def _run(told: argparse.Namespace) -> None:
    """Measure as the parsed options say, and write the table.

    Raises:
        GalforgeError: something cannot be read or measured, or an option is not for this measure.
    """
    check_output(told.output, ENDINGS)
    given = {name: getattr(told, name) for name in READS if getattr(told, name) is not None}
    for name in given:
        if told.measure not in READS[name]:
            option = "--" + name.replace("_", "-").removesuffix("s" if name == "zero_points" else "")
            raise GalforgeError(f"{option} is not for {told.measure}, but for {', '.join(READS[name])}: leave it out")
    stamps = read(told.stamps, told.extension)
    for name in MAPS:
        if name in given:
            given[name] = _map(name, given[name], stamps)
    if "psf" in given:
        given["psf"] = array(given["psf"])
    if isinstance(stamps.images, Path) and told.bands:
        raise GalforgeError(f"{stamps.images}: a stamps file says its bands itself: leave out --bands")
    band = int(told.band) if told.band.isdecimal() else told.band
    given |= {"band": band, "bands": told.bands, "processes": told.processes}
    of = importlib.import_module(f"galforge.measure.{told.measure}").of
    settings = _settings(told.settings)
    if twice := sorted(set(settings) & (set(inspect.signature(of).parameters) | set(READS))):
        raise GalforgeError(f"--set {twice[0]}=...: this is no setting of the measure but an option: --help lists them")
    table = of(stamps.images, **given, **settings)
    if stamps.names:
        table.insert(1, "name", np.array(stamps.names)[table["index"]])
    write(table, told.output)


def _map(name: str, path: Path, stamps: Read) -> Any:
    """Maps from a file, or from a folder with a file of the same name for each galaxy."""
    found = read([path])
    if isinstance(found.images, Path):
        raise GalforgeError(f"{path}: a stamps file is no {name}: give FITS or npy")
    if path.is_dir() and found.names != stamps.names:
        other = sorted(set(found.names) ^ set(stamps.names))
        raise GalforgeError(
            f"{path}: its files must have the names of the stamps' files; {len(other)} differ, the first: "
            f"{other[0] if other else 'the order'}"
        )
    if name != "mask":
        return found.images
    return [each != 0 for each in found.images] if isinstance(found.images, list) else found.images != 0


def _settings(given: list[str]) -> dict[str, Any]:
    """Settings from KEY=VALUE, where a value is JSON or text.

    Raises:
        GalforgeError: there is no equals sign.
    """
    settings = {}
    for each in given:
        key, equals, value = each.partition("=")
        if not equals:
            raise GalforgeError(f"--set {each}: KEY=VALUE is needed, such as protocol=published or psf_fwhm=[0.7]")
        try:
            settings[key] = json.loads(value)
        except json.JSONDecodeError:
            settings[key] = value
    return settings


def _numbers(text: str) -> tuple[float, ...]:
    return tuple(float(each) for each in text.split(","))


def _words(text: str) -> tuple[str, ...]:
    return tuple(each.strip() for each in text.split(","))


if __name__ == "__main__":
    sys.exit(main())
