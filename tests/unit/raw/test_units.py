"""Units: what is a flux, and the magnitude of one."""

import numpy as np
import pytest

from galforge.errors import GalforgeError
from galforge.raw.units import factor_of, same, unit_of

SPELT = {
    "electron/s": ("ELECTRONS/S", "e-/s", "electrons s-1", "electron s**-1", "electron/sec", "Electrons / S"),
    "electron": ("e-", "ELECTRONS", "electron"),
    "adu": ("DN", "COUNTS", "count", "ADU"),
    "adu/s": ("counts/s", "DN/S", "cps", "counts s^-1"),
}


@pytest.mark.parametrize(("unit", "spelt"), [(unit, each) for unit, all_ in SPELT.items() for each in all_])
def test_counts_in_every_spelling(unit, spelt):
    found = unit_of(spelt, 0.1)
    assert (found.name, found.factor) == (unit, 1.0)
    assert same(spelt, unit)


@pytest.mark.parametrize(
    ("unit", "nanojansky"),
    [
        ("nJy", 1.0),
        ("Jy", 1e9),
        ("uJy", 1e3),
        ("MJY/SR", 1e15 * (0.1 / 206264.806) ** 2),
        ("erg/s/cm2/Hz", 1e32),
        ("W/m2/Hz", 1e35),
        ("nanomaggy", 3630.78),
        ("10**-20 erg s-1 cm-2 Hz-1", 1e12),
    ],
)
def test_flux_densities_become_nanojansky(unit, nanojansky):
    found = unit_of(unit, 0.1)
    assert found.name == "nJy"
    assert found.factor == pytest.approx(nanojansky, rel=1e-4)


def test_flux_per_wavelength_needs_a_zero_point():
    for unit in ("erg/s/cm2/Angstrom", "ERG/S/CM2/ANGSTROM", "erg/s/cm2/A", "1e-19 erg / (s cm2 Angstrom)"):
        assert unit_of(unit, 0.1) == unit_of("erg/s/cm2/AA", 0.1)
        assert unit_of(unit, 0.1).factor is None
    # AB: 48.6 + 2.5 log10 of erg/s/cm2/Hz; in nJy 31.4.
    assert factor_of(-48.6) == pytest.approx(1e32, rel=1e-4)
    assert np.isclose(factor_of(31.4), 1)


@pytest.mark.parametrize("unit", ["mag/arcsec2", "mag", "K", "furlongs", "", "dex", "arcsec", "1e400 Jy"])
def test_others_are_refused_by_name(unit):
    with pytest.raises(GalforgeError, match="is no linear unit of flux that is known"):
        unit_of(unit, 0.1)


def test_the_case_of_a_prefix_counts():
    """A millijansky is no megajansky; other differences in case are spelling."""
    assert not same("mJy", "MJy")
    assert not same("mJy/sr", "MJy/sr")
    assert same("MJY/SR", "MJy/sr")
    assert same("Furlongs", "FURLONGS")
    assert not same("", "Jy")
