"""The report as a browser shows it: self-contained, readable at phone and desktop width, no errors."""

import itertools
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from galforge.report import layout, page, tables
from galforge.report.figures import distributions, history, spectra, stamps
from galforge.report.style import MORPHOLOGY, PHOTOMETRY
from galforge.report.summary import figures
from galforge.seeds import generator
from galforge.stamps import Header, StampsWriter

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = shutil.which("chromium")
SIDE = 32
ENGINES = {"corrected": "numba", "published": "statmorph"}


def write_stamps(path: Path, origin: str, count: int, width: float) -> None:
    """Round Gaussian galaxies with noise; ``width`` [px] tells source and model apart."""
    header = Header(("F814W",), 0.06, "arcsec", "electron/s", (25.94,), 2000.0, origin)
    y, x = np.mgrid[:SIDE, :SIDE] - SIDE / 2
    with StampsWriter(path, (1, SIDE, SIDE), header, count) as writer:
        for index in range(count):
            rng = generator(1, origin, index)
            size, ratio = width * rng.uniform(0.7, 1.6), rng.uniform(0.4, 1.0)
            image = np.exp(-0.5 * (x**2 + (y / ratio) ** 2) / size**2) + rng.normal(0, 0.02, x.shape)
            writer.append(image[None].astype(np.float32), name=f"{origin}{index}", split="test")


def measured(side: str, count: int, shift: float) -> pd.DataFrame:
    rng = generator(2, side)
    frame = pd.DataFrame({p.column: rng.normal(0.4 + shift, 0.2, count) for p in MORPHOLOGY.values()})
    frame["flag"], frame["segmented"] = rng.integers(0, 3, count), True
    for index in range(23):
        frame[f"bin_{index:03d}"] = rng.normal(-0.1 * index + shift * index / 20, 0.3, count)
    return frame


def distances(dataset: str, origin: str, model: str, seed: int) -> pd.DataFrame:
    """All that the comparisons of one run give, with made-up numbers of a sensible size."""
    rng = generator(3, dataset, model, seed)
    modes = [f"mode_{index:02d}" for index in range(15)]
    rows = []
    for measure, properties in {
        "morphology": [*MORPHOLOGY, "average"],
        "power_spectrum": [*modes, "average", "large_scales", "small_scales"],
        "photometry": [*PHOTOMETRY],
    }.items():
        for protocol in ("corrected", "published"):
            if measure == "photometry" and protocol == "published":
                continue
            name = measure if protocol == "corrected" else f"{measure}-published"
            common = {"dataset": dataset, "origin": origin, "model": model, "seed": seed, "measure": name}
            common |= {"protocol": protocol, "engine": ENGINES[protocol] if measure == "morphology" else ""}
            for prop in properties:
                sizes = {"n_source": 300 - len(prop), "n_generated": 290}
                value = {"value": rng.uniform(0.08, 0.9), "standard_error": rng.uniform(0.01, 0.06)}
                rows.append({**common, "metric": "wasserstein", "property": prop, **value, "floor": 0.105, **sizes})
            if measure == "morphology":
                for stage, source, made in (
                    ("entered", 300, 300),
                    ("segmented", 300, 298),
                    ("flag_ok", 291, 280),
                ):
                    count = {"value": made / 300, "n_source": source, "n_generated": made}
                    rows.append({**common, "metric": "count", "property": stage, **count})
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("page"))


def build(folder: Path) -> Path:
    """A report with two data sets, two models, every table and every kind of figure."""
    published = tables.read_published([ROOT / "config/published/holzschuh2022.csv"])
    runs = [
        ("cosmos", "mock", "vae", 0),
        ("cosmos", "mock", "vae", 1),
        ("cosmos", "mock", "roundtrip", 0),
        ("sersic", "analytic", "vae", 0),
    ]
    frames = [distances(*run) for run in runs]
    write_stamps(folder / "source.h5", "mock", 40, 3.0)
    write_stamps(folder / "vae.h5", "generated", 40, 4.5)
    files = {kind: (folder / f"{kind}.png", folder / f"{kind}.pdf") for kind in page.FIGURES}
    stamps.draw(
        ("cosmos", folder / "source.h5"),
        [("VAE, seed 0", folder / "vae.h5")],
        *files["stamps"],
        count=8,
        seed=0,
    )
    source, vae = ("cosmos (mock)", measured("source", 300, 0)), ("VAE", measured("vae", 300, 0.1))
    distributions.draw(source, [vae], *files["distributions"], protocol="corrected")
    spectra.draw(source, [vae], *files["spectra"], side=SIDE, protocol="corrected")
    images = np.arange(1, 60) * 1000
    loss = pd.DataFrame({"images_seen": images, "total": 50 / images**0.3, "kl": 2 - 1 / images**0.1})
    history.draw([("VAE, seed 0", loss), ("VAE, seed 1", loss * [1, 1.1, 0.9])], *files["history"])
    summary: page.Summary = {
        "name": "demo",
        "scale": "demo",
        "version": "0.1.0",
        "commit": "0123abc (with uncommitted changes)",
        "datasets": [
            {
                "name": "cosmos",
                "origin": "mock",
                "stamps": 300,
                "details": "64 × 64 px, F814W, 0.06″ per pixel",
            },
            {
                "name": "sersic",
                "origin": "analytic",
                "stamps": 1000,
                "details": "64 × 64 px, 0.16″ per pixel",
            },
        ],
        "runs": [
            {"dataset": "cosmos", "model": "vae", "seeds": [0, 1], "generated": 300},
            {"dataset": "sersic", "model": "vae", "seeds": [0], "generated": 300},
        ],
        "command": "make demo",
        "full_command": "snakemake --profile profiles/slurm --configfile config/experiments/everything.yaml",
        "statmorph": "7.8",
        "provenance": [("torch", "2.13.0"), ("stamps/cosmos.h5", "9f" * 32)],
    }
    shown = [
        page.Figure(files[kind][0], kind, "cosmos (mock)", f"A caption for {kind} <&>.", f"What the {kind} show")
        for kind in page.FIGURES
    ]
    made = {name: tables.assemble(name, frames, published) for name in tables.TABLES}
    page.build(summary, made, shown, folder / "index.html")
    return folder / "index.html"


class Elements(HTMLParser):
    """All start tags of a page with their attributes."""

    def __init__(self, text: str):
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attributes)))


def test_needs_nothing_from_elsewhere(built: Path) -> None:
    text = built.read_text(encoding="utf-8")
    for tag, attributes in Elements(text).found:
        for name in ("src", "href", "srcset", "action", "data"):
            value = attributes.get(name) or "#"
            assert value.startswith(("#", "data:")), f"<{tag} {name}={value[:60]}>"
    assert not re.search(r"@import|url\(|https?://", text)


def test_images_are_embedded_with_text_and_size(built: Path) -> None:
    images = [attributes for tag, attributes in Elements(built.read_text(encoding="utf-8")).found if tag == "img"]
    assert len(images) == len(page.FIGURES)
    for image in images:
        assert image["src"].startswith("data:image/png;base64,")
        assert len(image["alt"]) > 5
        assert int(image["width"]) > 300
        assert int(image["height"]) > 100


def test_says_origin_scale_and_protocol(built: Path) -> None:
    text = built.read_text(encoding="utf-8")
    assert "300 mock cosmos stamps and are not the survey&#39;s" in text
    assert 'class="tag mock"' in text
    assert "demo scale" in text
    assert 'class="kind">published' in text
    assert "at floor" in text
    assert "63.97" in text, "the printed COSMOS average of the VAE belongs on the page"
    assert "A caption for stamps &lt;&amp;&gt;." in text


def test_says_which_engine_measured(built: Path) -> None:
    text = built.read_text(encoding="utf-8")
    said = (
        "Morphology was measured by galforge&#39;s numba engine (statmorph 0.7.2&#39;s definitions) under the "
        "corrected protocol and by statmorph 7.8 under the published protocol."
    )
    assert text.count(said) == 2, "at the headline and at the morphology"
    table = tables.assemble("morphology", [distances("cosmos", "mock", "vae", 0)], tables.read_published([]))
    captions = {
        figure.kind: figure.caption
        for figure in figures(["distributions-cosmos.png", "spectra-cosmos.png"], {"morphology": table}, "7.8")
    }
    assert captions["distributions"].endswith(
        "Morphology was measured by galforge's numba engine (statmorph 0.7.2's definitions)."
    )
    assert "measured by" not in captions["spectra"]


def test_headings_do_not_skip_levels_and_ids_resolve(built: Path) -> None:
    found = Elements(built.read_text(encoding="utf-8")).found
    levels = [int(tag[1]) for tag, _ in found if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    ids = [attributes["id"] for _, attributes in found if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = [attributes["href"] for tag, attributes in found if tag == "a"]
    assert links
    assert all(link[1:] in ids for link in links)


def test_same_inputs_give_the_same_bytes(built: Path, tmp_path: Path) -> None:
    assert build(tmp_path).read_bytes() == built.read_bytes()


def test_no_warning_for_a_full_size_run_on_real_data() -> None:
    summary = {"scale": "paper", "datasets": [{"name": "cosmos", "origin": "observed", "stamps": 20114}]}
    assert page.warning(summary) == ""
    summary["scale"] = "demo"
    assert "20,114 cosmos stamps" in page.warning(summary)


@pytest.mark.parametrize(
    ("origin", "scale", "kinds"),
    [
        ("observed", "paper", ["corrected", "printed"]),
        ("mock", "paper", ["corrected"]),
        ("observed", "demo", ["corrected"]),
    ],
)
def test_printed_values_share_an_axis_only_where_comparable(origin: str, scale: str, kinds: list[str]) -> None:
    columns = [layout.Column("vae", "corrected"), layout.Column("stylegan", "printed")]
    cells = [layout.Cell("40", "10", "10"), layout.Cell("5.98")]
    bars = page.strip(layout.Block("cosmos", origin, columns, [("Overall", cells)], []), scale)
    assert [bar.kind for bar in bars] == kinds
    assert float(bars[0].at) == pytest.approx(100 * 40 / (1.04 * 50), abs=0.1)
    assert float(bars[0].left) + float(bars[0].width) == pytest.approx(100 / 1.04, abs=0.1)
    assert float(bars[0].floor) == pytest.approx(100 * 20 / (1.04 * 50), abs=0.1)


def test_refuses_figures_it_cannot_show(tmp_path: Path) -> None:
    text = tmp_path / "figure.png"
    text.write_text("no picture")
    summary = {"scale": "paper", "datasets": []}
    for figure, message in (
        (page.Figure(tmp_path / "absent.png", "stamps", "cosmos", "caption", "alt"), "cannot be read"),
        (page.Figure(text, "stamps", "cosmos", "caption", "alt"), "is no PNG"),
        (page.Figure(text, "stamps", "cosmos", "caption", " "), "alternative text"),
        (page.Figure(text, "pie", "cosmos", "caption", "alt"), "not one of stamps"),
    ):
        with pytest.raises(page.PageError, match=message):
            page.build(summary, {}, [figure], tmp_path / "index.html")
    assert not (tmp_path / "index.html").exists()


CHECK = """<script>
addEventListener("load", () => {
  const root = document.scrollingElement;
  const wide = [...document.querySelectorAll("body *")].filter(e => !e.closest(".scroll, .sr, .skip, pre") &&
    e.getBoundingClientRect().right > innerWidth + 1).map(e => e.tagName + "." + e.className);
  parent.postMessage(JSON.stringify({
    inner: innerWidth, scroll: root.scrollWidth, wide: wide,
    images: [...document.images].map(i => i.naturalWidth),
    small: [...document.querySelectorAll("p, td, th, dd, li, figcaption")].filter(e =>
      parseFloat(getComputedStyle(e).fontSize) < 12).length
  }), "*");
});
</script></head>"""

# Headless windows cannot be narrower than 500 px, so the page is shown in a frame of the width wanted.
FRAME = """<!doctype html><html><body style="margin:0"><pre id="findings"></pre>
<iframe src="checked.html" style="width:{width}px;height:900px;border:0"></iframe>
<script>
addEventListener("message", event => {{ document.getElementById("findings").textContent = event.data; }});
</script></body></html>"""


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (Debian: apt install chromium)")
@pytest.mark.parametrize("width", [360, 1280])
def test_fits_the_screen_in_chromium(built: Path, tmp_path: Path, width: int) -> None:
    text = built.read_text(encoding="utf-8")
    (tmp_path / "checked.html").write_text(text.replace("</head>", CHECK, 1), encoding="utf-8")
    (tmp_path / "frame.html").write_text(FRAME.format(width=width), encoding="utf-8")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
    flags += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    flags += [f"--user-data-dir={tmp_path / 'profile'}", "--enable-logging=stderr", "--window-size=1400,1000"]
    flags += ["--virtual-time-budget=5000", "--dump-dom"]
    done = subprocess.run(
        [CHROMIUM, *flags, (tmp_path / "frame.html").as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    match = re.search(r'<pre id="findings">(\{.*?\})</pre>', done.stdout)
    assert match, f"the page said nothing:\n{done.stdout[:500]}\n{done.stderr[-2000:]}"
    findings = json.loads(match[1])
    assert findings["inner"] == width
    assert findings["scroll"] <= findings["inner"], f"scrolls sideways because of {findings['wide'][:5]}"
    assert findings["wide"] == []
    assert len(findings["images"]) == len(page.FIGURES)
    assert all(findings["images"])
    assert findings["small"] == 0
    assert "CONSOLE" not in done.stderr, done.stderr
