"""The engine `numba`: statmorph's measurements (Rodriguez-Gomez et al. 2019, MNRAS 483, 4140), compiled.

Definitions, branches and flags are those of statmorph 0.7.2 with its default settings; the tests compare the numbers
with it. Its multimode, intensity and deviation are not measured.
"""

import math

import numpy as np
from scipy import ndimage

from galforge.errors import GalforgeError
from galforge.measure.morphology.apertures import CIRCLE, Plane, ellipse_weights, inside, plane
from galforge.measure.morphology.asymmetry import OUTSIDE, Turned, asymmetry, minimise, symmetric_sums, turned
from galforge.measure.morphology.compared import FLAGS
from galforge.measure.morphology.filters import gaussian_filter
from galforge.measure.morphology.profile import PARAMETERS, profile
from galforge.measure.morphology.radii import WIDTH, petrosian_radius, radii_at
from galforge.measure.morphology.regions import brightest, has_peak, mid_region, region_above
from galforge.measure.morphology.shape import ellipse_of, gini, m20, moments, reach
from galforge.measure.morphology.sky import BOX, one_sigma_level
from galforge.measure.morphology.stamp import BAD, CATASTROPHIC, GOOD, SUSPECT, Stamp, cut

QUANTITIES = (
    "xc_centroid", "yc_centroid", "ellipticity_centroid", "elongation_centroid", "orientation_centroid",
    "xc_asymmetry", "yc_asymmetry", "ellipticity_asymmetry", "elongation_asymmetry", "orientation_asymmetry",
    "flux_circ", "flux_ellip", "rpetro_circ", "rpetro_ellip", "rmax_circ", "rmax_ellip", "rhalf_circ", "rhalf_ellip",
    "r20", "r50", "r80", "gini", "m20", "gini_m20_bulge", "gini_m20_merger", "sn_per_pixel", "concentration",
    "asymmetry", "smoothness", "rms_asymmetry2", "outer_asymmetry", "shape_asymmetry",
    *PARAMETERS,
    "sersic_chi2_dof", "sersic_aic", "sersic_bic", "sky_mean", "sky_median", "sky_sigma",
    "xmin_stamp", "ymin_stamp", "xmax_stamp", "ymax_stamp", "nx_stamp", "ny_stamp",
    *FLAGS,
)  # fmt: skip
"""statmorph's names; lengths in px, angles in radians, fluxes in image units."""
CAS_EXTENT, CAS_FRACTION = 1.5, 0.25  # of the circular Petrosian radius
FLUX_EXTENT, GINI_FRACTION = 2.0, 0.2  # of the elliptical one
SHAPE_BOX = 3  # px
OVERLAP = 0.25  # of the Gini and MID regions; with less overlap the measurement is suspect
NO_SKY_SIGMA = -99.0  # in statmorph's pixel errors where no sky was found


def quantities(image: np.ndarray, segmap: np.ndarray, gain: float, psf: np.ndarray | None) -> dict[str, float]:
    """QUANTITIES of the galaxy under `segmap` (bool, H, W) of `image` (float64, H, W); NaN where not measurable.

    Args:
        gain: electrons per image unit.
        psf: (h, w) that the Sersic fit convolves its model with; None for none.

    Raises:
        GalforgeError: a quantity is not defined for this galaxy; statmorph raises as well.
        FloatingPointError: the Sersic fit met a value that is not finite.
    """
    values = dict.fromkeys(QUANTITIES, math.nan)
    stamp = cut(image, segmap)
    if stamp.galaxy.sum() <= 0:
        return values | dict.fromkeys(FLAGS, float(CATASTROPHIC))
    return values | Galaxy(stamp, gain, psf).measure()


class Galaxy:
    """One galaxy while it is measured: results that later measurements need, and the worst flag so far."""

    def __init__(self, stamp: Stamp, gain: float, psf: np.ndarray | None):
        self.stamp, self.psf = stamp, psf
        self.flag = GOOD
        self.values: dict[str, float] = {}
        self.plane: Plane = plane(stamp.image, stamp.mask)
        sky = stamp.sky
        # Sd of each pixel from sky and photons; zero where masked.
        sigma = float(np.std(sky)) if sky.size else NO_SKY_SIGMA
        self.errors = np.where(stamp.mask, 0.0, np.sqrt(np.abs(stamp.raw) / gain + sigma**2))
        self.turned: Turned = turned(stamp.image, stamp.mask, np.abs(sky[::-1, ::-1] - sky).mean() if sky.size else 0.0)

    def warn(self, condition: bool, flag: int) -> None:
        """Raise the flag to `flag` if `condition`."""
        if condition:
            self.flag = max(self.flag, flag)

    def measure(self) -> dict[str, float]:
        """All values; the order may differ from statmorph's, because flags only rise."""
        stamp, values = self.stamp, self.values
        ny, nx = stamp.image.shape
        values |= {"xmin_stamp": stamp.x, "ymin_stamp": stamp.y, "nx_stamp": nx, "ny_stamp": ny}
        values |= {"xmax_stamp": stamp.x + nx - 1, "ymax_stamp": stamp.y + ny - 1}
        self.sky()
        self.centroid()
        self.centre()
        self.petrosian()
        self.concentration()
        self.smoothness()
        region = self.gini_m20()
        self.outline()
        self.compare_regions(region)
        fit = profile(stamp, self.plane, self.errors, (self.x, self.y), values, self.psf)
        return values | fit | {"flag": float(self.flag)}

    def sky(self) -> None:
        sky = self.stamp.sky
        self.warn(not sky.size, BAD)
        if sky.size:
            mean, sigma = float(sky.mean()), float(sky.std())
            self.warn(abs(mean) > sigma, BAD)
            self.values |= {"sky_mean": mean, "sky_median": float(np.median(sky)), "sky_sigma": sigma}

    def centroid(self) -> None:
        galaxy = self.stamp.galaxy
        ny, nx = galaxy.shape
        found = moments(galaxy, 0.0, 0.0, 1)
        self.xc, self.yc = float(found[0, 1] / found[0, 0]), float(found[1, 0] / found[0, 0])
        if not (0 <= self.xc < nx and 0 <= self.yc < ny):
            self.xc, self.yc = nx / 2, ny / 2
            self.warn(True, BAD)
        self.warn(self.stamp.image[int(self.yc), int(self.xc)] == 0, BAD)
        self.ellipse("centroid", self.xc, self.yc)

    def ellipse(self, name: str, xc: float, yc: float) -> None:
        x, y = self.stamp.x, self.stamp.y
        self.values |= {f"xc_{name}": x + xc, f"yc_{name}": y + yc}
        # Adding x and subtracting it again as statmorph does: for one pixel the last digit decides the angle.
        ellipticity, elongation, orientation, bad = ellipse_of(self.stamp.galaxy, (x + xc) - x, (y + yc) - y)
        self.warn(bad, BAD)
        self.values |= {f"ellipticity_{name}": ellipticity, f"elongation_{name}": elongation}
        self.values[f"orientation_{name}"] = orientation

    def centre(self) -> None:
        """The centre of least asymmetry, and the asymmetries about it that do not need the outline."""
        radius, bad = petrosian_radius(self.plane, self.xc, self.yc)
        self.warn(bad, BAD)
        r, furthest = CAS_EXTENT * radius, CAS_FRACTION * radius
        x, y, lost = minimise(self.turned, self.xc, self.yc, r)
        self.warn(lost, SUSPECT)
        if math.hypot(x - self.xc, y - self.yc) > furthest:
            # The search drifted away: start again at the brightest pixel, and finally take the centroid.
            self.warn(True, SUSPECT)
            start_y, start_x = brightest(self.stamp.galaxy)
            x, y, _ = minimise(self.turned, float(start_x), float(start_y), r)
            if math.hypot(x - start_x, y - start_y) > furthest:
                self.warn(True, BAD)
                x, y = self.xc, self.yc
        self.warn(self.stamp.image[int(y), int(x)] == 0, BAD)
        self.x, self.y = x, y
        self.ellipse("asymmetry", x, y)
        self.elongation, self.theta = self.values["elongation_asymmetry"], self.values["orientation_asymmetry"]
        self.values["asymmetry"] = self.known(asymmetry(self.turned, x, y, r))
        ny, nx = self.stamp.image.shape
        area, flux, _, flux2, difference2 = symmetric_sums(self.turned, x, y, ellipse_weights(ny, nx, x, y, r, r, 0.0))
        sky2 = area * float(np.var(self.stamp.sky)) if self.stamp.sky.size else 0.0
        above = flux2 - sky2
        rms = (difference2 - 2 * sky2) / above if above else math.nan
        self.values["rms_asymmetry2"] = self.known(rms if flux else OUTSIDE)

    def known(self, asymmetry: float) -> float:
        """The given asymmetry; the flag becomes suspect where there is no flux."""
        self.warn(asymmetry == OUTSIDE, SUSPECT)
        return asymmetry

    def petrosian(self) -> None:
        for shape, elongation, theta in (("circ", 1.0, CIRCLE), ("ellip", self.elongation, self.theta)):
            radius, bad = petrosian_radius(self.plane, self.x, self.y, elongation, theta)
            self.warn(bad, BAD)
            flux, _ = inside(self.plane, self.x, self.y, FLUX_EXTENT * radius, elongation, theta)
            self.values |= {f"rpetro_{shape}": radius, f"flux_{shape}": abs(flux)}

    def concentration(self) -> None:
        largest = CAS_EXTENT * self.values["rpetro_circ"]
        radii, bad = radii_at(self.plane, self.x, self.y, largest, (0.2, 0.5, 0.8))
        self.warn(bad, BAD)
        self.values |= dict(zip(("r20", "r50", "r80"), radii, strict=True))
        if not 0 < radii[0] <= radii[2]:
            raise GalforgeError(f"no concentration from r20 = {radii[0]:g} px and r80 = {radii[2]:g} px")
        self.values["concentration"] = 5 * math.log10(radii[2] / radii[0])

    def smoothness(self) -> None:
        """Smoothness (Lotz et al. 2004, eq. 11)."""
        image, sky, radius = self.stamp.image, self.stamp.sky, self.values["rpetro_circ"]
        size = int(CAS_FRACTION * radius)
        inner, outer = CAS_FRACTION * radius, CAS_EXTENT * radius
        clumps = _unmasked(np.maximum(image - ndimage.uniform_filter(image, size), 0.0))
        flux, clumpy = (
            inside(each, self.x, self.y, outer, 1.0, CIRCLE)[0] - inside(each, self.x, self.y, inner, 1.0, CIRCLE)[0]
            for each in (self.plane, clumps)
        )
        self.warn(flux <= 0, BAD)
        if flux > 0:
            if sky.size:
                rough = np.maximum(sky - ndimage.uniform_filter(sky, size), 0.0).mean()
                clumpy -= math.pi * (outer**2 - inner**2) * rough
            self.values["smoothness"] = clumpy / flux

    def gini_m20(self) -> np.ndarray:
        """Gini and M20; returns their region, where the smoothed image is as bright as at the Petrosian ellipse."""
        stamp, values = self.stamp, self.values
        radius = values["rpetro_ellip"]
        smooth = gaussian_filter(stamp.image, GINI_FRACTION * radius, False)
        inner, outer = radius - 0.5 * WIDTH, radius + 0.5 * WIDTH
        light = _unmasked(smooth)
        flux, flux_in = (inside(light, self.xc, self.yc, r, self.elongation, self.theta)[0] for r in (outer, inner))
        # Over the area of the whole annulus, also where it runs off the stamp, as in statmorph.
        level = (flux - flux_in) / (math.pi * (outer**2 - inner**2) / self.elongation)
        above = smooth >= level
        region = region_above(smooth, level, *brightest(smooth)) if above.any() else above
        self.warn(not above.any() or bool(above.all()), BAD)
        self.warn(int(region.sum()) != int(above.sum()), SUSPECT)
        values["gini"] = gini(stamp.image[region])
        values["m20"] = m20(stamp.image, region)
        self.warn(math.isnan(values["gini"]) or math.isnan(values["m20"]), BAD)
        values["gini_m20_bulge"] = -0.693 * values["m20"] + 4.95 * values["gini"] - 3.96
        values["gini_m20_merger"] = 0.139 * values["m20"] + 0.990 * values["gini"] - 0.327
        pixels = region & (stamp.image >= 0) & (self.errors > 0)
        self.warn(not pixels.any(), BAD)
        if pixels.any():
            values["sn_per_pixel"] = float(np.mean(stamp.image[pixels] / self.errors[pixels]))
        return region

    def outline(self) -> None:
        """Radii and asymmetries of the galaxy down to one sigma above the sky (Pawlik et al. 2016, section 3.1)."""
        stamp, values = self.stamp, self.values
        region = self.outline_region()
        ny, nx = region.shape
        for shape, elongation, theta in (("circ", 1.0, CIRCLE), ("ellip", self.elongation, self.theta)):
            largest = reach(region, self.x, self.y, elongation, 0.0 if shape == "circ" else theta)
            self.warn(largest == 0, BAD)
            half = 0.0
            if largest > 0:
                (half,), bad = radii_at(self.plane, self.x, self.y, largest, (0.5,), elongation, theta)
                self.warn(bad, BAD)
            values |= {f"rmax_{shape}": largest, f"rhalf_{shape}": half}
        inner, outer = values["rhalf_ellip"], values["rmax_ellip"]
        if not 0 < inner < outer:
            raise GalforgeError(
                f"no annulus from the half-light ellipse of {inner:g} px to the outline's of {outer:g} px"
            )
        weights = [ellipse_weights(ny, nx, self.x, self.y, a, a / self.elongation, self.theta) for a in (outer, inner)]
        area, flux, difference, _, _ = symmetric_sums(self.turned, self.x, self.y, weights[0] - weights[1])
        values["outer_asymmetry"] = self.known((difference - area * self.turned.sky) / flux if flux else OUTSIDE)
        shape = turned(region.astype(float), stamp.mask, 0.0)
        circle = ellipse_weights(ny, nx, self.x, self.y, values["rmax_circ"], values["rmax_circ"], 0.0)
        _, flux, difference, _, _ = symmetric_sums(shape, self.x, self.y, circle)
        values["shape_asymmetry"] = self.known(difference / flux if flux else OUTSIDE)

    def outline_region(self) -> np.ndarray:
        stamp = self.stamp
        ny, nx = stamp.image.shape
        square = (np.arange(ny)[:, None] - self.y) ** 2 + (np.arange(nx)[None, :] - self.x) ** 2
        inner = FLUX_EXTENT * self.values["rpetro_ellip"]
        sky = stamp.image[(square >= inner**2) & (square < (2 * inner) ** 2) & ~stamp.mask]
        if sky.size < BOX**2:
            sky = stamp.sky.ravel()
            if not sky.size:
                return stamp.segment & ~stamp.mask
        smooth = ndimage.uniform_filter(stamp.image, SHAPE_BOX)
        level = one_sigma_level(np.sort(sky))
        y, x = brightest(smooth)
        self.warn(not smooth[y, x] >= level, BAD)
        return region_above(smooth, level, y, x)

    def compare_regions(self, gini: np.ndarray) -> None:
        """Raise the flag where the Gini and MID regions differ, or the MID region has no peak."""
        stamp = self.stamp
        positive = np.maximum(stamp.galaxy, 0.0)
        pixels = np.sort(positive[stamp.segment & ~stamp.mask])
        region, found, lost = mid_region(positive, pixels, *brightest(stamp.galaxy))
        self.warn(lost, BAD)
        if not found:
            region = gini
        self.warn(not has_peak(positive, region), BAD)
        larger = max(gini.sum(), region.sum())
        self.warn(larger == 0, BAD)
        self.warn(larger > 0 and (gini & region).sum() / larger < OVERLAP, SUSPECT)


def _unmasked(image: np.ndarray) -> Plane:
    return plane(image, np.zeros(image.shape, dtype=np.bool_))
