"""Score generated galaxies against real ones (``make score REAL=cutouts.fits GENERATED=mine.npz``).

Looks into both, writes the configuration that says how they are compared, runs it, and prints the numbers. Whatever it
assumes is said in that file and on the screen.
"""

import argparse
import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import yaml

from galforge.atomic import write_text
from galforge.errors import GalforgeError
from galforge.raw.images import Layout, Said, opened
from galforge.raw.rejections import Rejected

CHANNELS = (1, 3, 2, 4, 5)
"""Numbers of channels, in the order in which they are tried."""
TRIED = 20
"""Images of which one must be readable."""
NEAR = 0.02
"""Relative difference of pixel scales and factors that does not count."""
PICTURE = ["red", "green", "blue"]


@dataclass(frozen=True)
class Look:
    """What the first readable image of a file or folder tells.

    Attributes:
        count: images.
        channels: of each.
        side: the smaller side of the first [px].
        levels: whether it is a picture of 8-bit levels.
        said: what its file says of it.
    """

    count: int
    channels: int
    side: int
    levels: bool
    said: Said


def look(path: Path) -> Look:
    """What images are like: the first that can be read, because one damaged file says nothing of the others.

    Raises:
        GalforgeError: none can be read.
    """
    why: Exception | None = None
    for channels in CHANNELS:
        bands = tuple(f"band{index + 1}" for index in range(channels))
        try:
            with opened(path, Layout(bands)) as entries:
                for entry in entries[:TRIED]:
                    try:
                        image = entry.read()
                    except Rejected as error:
                        why = why or GalforgeError(f"{entry.name}: {error}")
                        continue
                    shape, levels = image.pixels.shape, image.pixels.dtype.name == "uint8"
                    return Look(len(entries), channels, min(shape[1:]), levels, image.said)
        except GalforgeError as error:
            why = why or error
    raise GalforgeError(f"{path}: no image can be read ({why}); docs/your-own-galaxies.md says what can")


def overlay(given: argparse.Namespace, real: Look, made: Look) -> tuple[dict[str, Any], list[str]]:
    """The configuration of a score, and what it assumes, in words.

    Raises:
        GalforgeError: the two cannot be compared, or the pixel scale is not known.
    """
    if real.channels != made.channels:
        raise GalforgeError(
            f"{given.real} has {real.channels} channels, {given.generated} has {made.channels}: give images of the "
            "same bands, or write a configuration with both lists of bands (docs/your-own-galaxies.md)"
        )
    _check_said(given, real.said, made.said)
    scale = given.pixel_scale or real.said.pixel_scale or made.said.pixel_scale
    if not scale:
        raise GalforgeError(f"{given.real}: does not say the side of a pixel; give PIXEL_SCALE= [arcsec]")
    if real.levels != made.levels:
        which, other = (given.real, given.generated) if real.levels else (given.generated, given.real)
        raise GalforgeError(f"{which} holds pictures of 8-bit levels, {other} does not: give both as one of them")
    assumed = []
    display = real.levels
    said = real.said.bands or made.said.bands or ()
    # A single image may name several filters, one for each wheel.
    bands = given.bands or list(said[:1] if real.channels == 1 else said)
    if len(bands) != real.channels:
        bands = PICTURE if display and real.channels == 3 else [f"band{i + 1}" for i in range(real.channels)]
        assumed.append(f"bands are called {', '.join(bands)} (BANDS=)")
    source: dict[str, Any] = {"family": "cutouts", "path": str(given.real), "size": made.side, "bands": bands}
    source |= {"pixel_scale": float(scale), "measuring": {"expected_count": real.count}}
    images: dict[str, Any] = {"family": "given", "path": str(given.generated), "pixel_scale": float(scale)}
    images |= {"bands": bands, "unit": "display" if display else "relative", "title": given.name}
    if display:
        source["unit"] = "display"
        assumed.append("both are pictures that were rendered alike; nothing is said of fluxes, colours or the sky")
    else:
        images["factor"] = given.factor
        if given.zero_points:
            source["zero_points"] = given.zero_points * (real.channels if len(given.zero_points) == 1 else 1)
        if given.gain:
            source["gains"] = [given.gain]
        if given.unit or not real.said.unit:
            source["unit"] = given.unit or "relative"
        if given.factor == 1:
            assumed.append("pixels of both are in one unit (FACTOR= times the generated ones)")
    if given.catalogue:
        images["catalogue"] = str(given.catalogue)
    slug = re.sub(r"[^a-z0-9]+", "_", given.name.lower()).strip("_") or "generated"
    slug = slug if slug[0].isalpha() else f"by_{slug}"
    chunk = max(1, -(-max(real.count, made.count) // 2))
    unused = ("morphology-published", "features-published", "features-inception", "features-inception-published")
    return {
        "name": f"score_{slug}",
        "scale": "score",
        "datasets": {"real": source},
        "models": {slug: images},
        "measures": {
            # The network takes most of the time, so both cores share it; the others take less than a job's start.
            "features": {"chunk": chunk},
            **{name: {"chunk": 2 * chunk} for name in ("morphology", "power_spectrum", "photometry")},
            **dict.fromkeys(unused),
        },
        "sampling": {"count": made.count},
        "run": [{"dataset": "real", "model": slug}],
    }, assumed


def _check_said(given: argparse.Namespace, real: Said, made: Said) -> None:
    """Make sure that both files say the same of their pixels, or what the command says of them.

    Raises:
        GalforgeError: their pixel scales or zero points are others.
    """
    scales = real.pixel_scale, made.pixel_scale
    if all(scales) and abs(scales[1] / scales[0] - 1) > NEAR:
        raise GalforgeError(
            f"{given.real} has pixels of {scales[0]:g} arcsec ({real.where.get('pixel_scale', 'file')}), "
            f"{given.generated} of {scales[1]:g} ({made.where.get('pixel_scale', 'file')}): nothing is resampled; give "
            "images of one scale, or mend what the files say"
        )
    if real.zero_points and made.zero_points and len(real.zero_points) == len(made.zero_points):
        pairs = zip(given.zero_points or real.zero_points, made.zero_points, strict=False)
        factors = [10 ** (0.4 * (one - other)) for one, other in pairs]
        if any(abs(factor / given.factor - 1) > NEAR for factor in factors):
            raise GalforgeError(
                f"by their zero points {given.generated} ({made.where.get('zero_points', 'file')}) times "
                f"{', '.join(f'{factor:.6g}' for factor in factors)} is in the unit of {given.real}: give FACTOR=, or "
                "mend what the files say"
            )


def lines(card: dict[str, Any]) -> list[str]:
    """One line per headline number: what it is, value, error, floor, and whether it is at the floor."""
    out = []
    for each in card["numbers"]:
        error = "" if each["standard_error"] is None else f" ± {each['standard_error']:.3g}"
        floor = "" if each["floor"] is None else f"floor {each['floor']:.3g}"
        value = f"{each['value']:.3g}{error}"
        out.append(f"{each['label']:60} {value:20} {floor:14} {'at floor' if each['at_floor'] else ''}".rstrip())
    return out


def main(words: list[str]) -> None:
    """Write the overlay, run it, print the numbers."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("snakemake", help="the command to run")
    parser.add_argument("--real", type=Path, required=True, help="cutouts of real galaxies: file or folder")
    parser.add_argument("--generated", type=Path, required=True, help="generated galaxies: file or folder")
    parser.add_argument("--name", default="", help="what the model is called; otherwise the name of its file")
    parser.add_argument("--catalogue", type=Path, help="table of what each image was generated for")
    parser.add_argument("--bands", type=lambda text: text.split(","), help="names of the channels: g,r,i")
    parser.add_argument("--pixel-scale", type=float, help="side of a pixel [arcsec]")
    parser.add_argument("--unit", default="", help="unit of the real pixels, such as electron/s")
    parser.add_argument("--zero-points", type=lambda text: [float(each) for each in text.split(",")], default=[])
    parser.add_argument("--gain", type=float, help="electrons per unit of the real pixels")
    parser.add_argument(
        "--factor", type=float, default=1.0, help="generated pixels times it are in the real ones' unit"
    )
    given = parser.parse_args(words)
    given.name = given.name or given.generated.name.partition(".")[0]
    try:
        for path in filter(None, (given.real, given.generated, given.catalogue)):
            if not path.exists():
                raise GalforgeError(f"{path} does not exist")
        tree, assumed = overlay(given, look(given.real), look(given.generated))
    except GalforgeError as error:
        sys.exit(f"score: {error}")
    results = Path("results") / tree["name"]
    file = results / "score.yaml"
    said = "".join(f"# assumed: {line}\n" for line in assumed)
    write_text(
        file, f"# Written by `make score`; edit it and run it as any other configuration.\n{said}" + dumped(tree)
    )
    for line in assumed:
        print(f"score: assumed: {line}")
    print(f"score: the configuration is {file}", flush=True)
    command = [*given.snakemake.split(), "--configfile", str(file), "--quiet", "rules", "host"]
    if code := subprocess.run(command, check=False).returncode:
        sys.exit(code)
    card = json.loads((results / "card.json").read_text(encoding="utf-8"))
    print("\n".join(["", *lines(card), "", f"page: {results}/report/index.html", f"card: {results}/card.json"]))


def dumped(tree: dict[str, Any]) -> str:
    """A configuration as YAML, in the order of its keys."""
    return yaml.safe_dump(tree, sort_keys=False, allow_unicode=True)


if __name__ == "__main__":
    main(sys.argv[1:])
