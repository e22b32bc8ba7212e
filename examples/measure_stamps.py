"""Measure galaxies: shape, light and power spectrum of every cutout in a file, to a CSV table with a row per galaxy.

    PYTHONPATH=workflow .venv/bin/python examples/measure_stamps.py cutouts.npy measured.csv --gain 500

Cutouts are sky-subtracted images (N, H, W) of one band, in npy, npz, FITS or a stamps file; docs/measuring-alone.md has
the rest: several bands, segmentation maps, masks and PSFs of your own.
"""

import argparse

from galforge.measure import morphology, photometry, power_spectrum

MEASURES = (photometry, power_spectrum)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", help="file of cutouts")
    parser.add_argument("table", help="CSV file to write")
    parser.add_argument("--gain", type=float, help="electrons per unit of the image (exposure time, for electrons/s)")
    given = parser.parse_args()
    table = morphology.of(given.images, gain=given.gain)
    for measure in MEASURES:
        # Galaxies are in the same order in every table; columns that all have, such as the index, come once.
        more = measure.of(given.images)
        table = table.join(more[more.columns.difference(table.columns, sort=False)])
    table.to_csv(given.table, index=False)
    print(f"{len(table)} galaxies, {len(table.columns)} columns: {given.table}")
    print(table[["gini", "concentration", "asymmetry", "rhalf_circ", "flag"]].describe().round(3))


# Galaxies are measured on all cores, by processes that read this file again.
if __name__ == "__main__":
    main()
