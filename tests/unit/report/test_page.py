"""The report as a browser shows it: self-contained, readable at phone and desktop width, no errors."""

import itertools
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

from galforge.drawing import style
from galforge.drawing.names import COLOUR_BULGE, MORPHOLOGY, PHOTOMETRY
from galforge.errors import GalforgeError
from galforge.papers import assembly, registry
from galforge.papers.holzschuh2022 import denoising_table
from galforge.papers.overall import taken_of
from galforge.report import cost, layout, overall, page
from galforge.report.summary import figures
from galforge.seeds import generator
from galforge.studies.denoising.summary import summarise
from toys import denoising as toy
from toys import gantastic2020 as sparse
from toys import li2024 as of_redshift
from toys.chromium import CHROMIUM, Tab, browser

TABLES = registry.tables()
ROOT = Path(__file__).resolve().parents[3]
FIGURES = [(paper, name) for paper in registry.names() for name in registry.figure_names(paper)]
ENGINES = {"corrected": "numba", "published": "statmorph"}
MODES = [f"mode_{index:02d}" for index in range(15)]
NETWORK = "efficientnet-lite0"
COLOURS = ["g_i_early", "g_i_late", "bulge_statistic", "average"]
# Comparison: metric: properties.
MADE = {
    "morphology": {"wasserstein": [*MORPHOLOGY, "average"], "count": ["entered", "segmented", "flag_ok", "kept"]},
    "power_spectrum": {"wasserstein": [*MODES, "average", "large_scales", "small_scales"]},
    "colour_bulge": {
        "wasserstein": COLOURS,
        "wasserstein_standardised": COLOURS,
        "share_difference": [name for name in COLOUR_BULGE if name.endswith("_share")],
        "count": ["entered", "kept", "early", "red"],
    },
    "photometry": {"wasserstein": [*PHOTOMETRY]},
    "colour_grain": {"wasserstein": ["colour_grain"], "median_ratio": ["colour_grain"]},
    "joint": {"sliced_wasserstein": ["all"], "classifier": ["all"]},
    "features": {
        metric: [NETWORK] for name in ("fid", "kid", "coverage") for metric in TABLES[f"holzschuh2022/{name}"].metrics
    },
}
RUNS = {
    "cosmos": ("mock", [("vae", 0), ("vae", 1), ("stylegan", 0)]),
    "sersic": ("analytic", [("vae", 0)]),
    "skirt": ("mock", [("vae", 0), ("stylegan", 0), ("alae", 0), ("roundtrip", 0)]),
}


def distances(dataset: str, origin: str, model: str, seed: int) -> pd.DataFrame:
    """All that the comparisons of one run give, with made-up numbers of a sensible size."""
    rng = generator(3, dataset, model, seed)
    rows = []
    for comparison, metrics in MADE.items():
        if comparison in ("colour_bulge", "colour_grain") and dataset != "skirt":
            continue
        of_one = ("photometry", "colour_grain", "joint")
        protocols = ("corrected",) if comparison in of_one else ("corrected", "published")
        for protocol in protocols:
            common = {"dataset": dataset, "origin": origin, "model": model, "seed": seed, "comparison": comparison}
            common |= {"protocol": protocol, "engine": ENGINES[protocol] if comparison == "morphology" else ""}
            for metric, names in metrics.items():
                size = 60 if metric.startswith("fid") else 1
                for name in names:
                    sizes = {"n_source": 300 - len(name), "n_generated": 290}
                    value = {"value": size * rng.uniform(0.08, 0.9), "standard_error": size * rng.uniform(0.01, 0.06)}
                    rows.append({**common, "metric": metric, "property": name, **value, "floor": 0.105 * size, **sizes})
                    rows[-1]["limit"] = 2 * rows[-1]["floor"]
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("page"))


def build(folder: Path) -> Path:
    """A report with three data sets, three models, every table and every kind of figure."""
    published = assembly.read_published([ROOT / "config/published/holzschuh2022.csv"])
    frames = [distances(name, origin, *run) for name, (origin, runs) in RUNS.items() for run in runs]
    with style.figure(9.0, 3.0) as drawn:
        drawn.text(0.1, 0.5, "a figure")
        style.save(drawn, folder / "figure.png", folder / "figure.pdf")
    summary: page.Summary = {
        "name": "demo",
        "scale": "demo",
        "version": "0.1.0",
        "commit": "0123abc (with uncommitted changes)",
        "datasets": [
            {"name": name, "origin": origin, "stamps": 300, "details": "F814W, 64 x 64 px, 0.06 arcsec/px"}
            for name, (origin, _) in RUNS.items()
        ],
        "runs": [
            {"dataset": "cosmos", "model": "vae", "seeds": [0, 1], "generated": 300, "origin": ""},
            {"dataset": "sersic", "model": "vae", "seeds": [0], "generated": 300, "origin": ""},
            {"dataset": "sersic", "model": "mine", "seeds": [0], "generated": 200, "origin": "taken from mine"},
        ],
        "command": "make demo",
        "full_command": "snakemake --profile profiles/slurm --configfile config/experiments/everything.yaml",
        "statmorph": "7.8",
        "provenance": [("torch", "2.13.0"), ("stamps/cosmos.h5", "9f" * 32)],
    }
    shown = [
        page.Figure(
            *(folder / "figure.png", paper, kind, "cosmos (mock)", f"The {kind}", f"A caption for {kind} <&>."),
            alt=f"What the {kind} show",
        )
        for paper, kind in FIGURES
    ]
    of = {paper: [table for table in TABLES.values() if table.paper == paper] for paper in registry.names()}
    own = [table for table in of["holzschuh2022"] if not table.make]
    made = {table.name: assembly.assemble(table, frames, published) for table in own}
    asked = [of_redshift.distances(model) for model in ("real", "cvae", "cvae-published", "ddpm")]
    printed = assembly.read_published([ROOT / "config/published/li2024.csv"])
    made |= {table.name: assembly.assemble(table, asked, printed) for table in of["li2024"]}
    printed = assembly.read_published([ROOT / "config/published/gantastic2020.csv"])
    made |= {table.name: assembly.assemble(table, sparse.distances(), printed) for table in of["gantastic2020"]}
    made["all"] = overall.assemble(taken_of(TABLES), [*frames, *sparse.distances()], pd.concat([published, printed]))
    spent = {"parameters": 2.3e6, "images_seen": 16_000.0, "gpu_hours": 0.0, "cpu_hours": 0.08}
    made["holzschuh2022/cost"] = cost.assemble(
        TABLES["holzschuh2022/cost"],
        pd.DataFrame(
            [
                {"dataset": data, "origin": origin, "model": model, "seed": seed, "property": name, "value": value}
                for data, (origin, runs) in RUNS.items()
                for model, seed in runs
                if model != "roundtrip"
                for name, value in spent.items()
            ]
        ),
    )
    cases = {name: toy.CASES[name] for name in ("in_domain", "noise_shift")}
    sweep = toy.sweep(
        tuple(share / 10 for share in range(11)), 2, galaxies=12, cases=cases, curves=False, origin="mock"
    )
    denoising = TABLES["holzschuh2022/denoising"]
    made[denoising.name] = denoising_table.assemble(
        denoising, [summarise(sweep, toy.references(12, cases, False), 5)], published
    )
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


def plain(path: Path) -> str:
    """The page without the links to its glossary."""
    return re.sub(r'<a class="term" href="#[\w-]+">(.*?)</a>', r"\1", path.read_text(encoding="utf-8"))


def section_of(text: str, name: str) -> str:
    return text.split(f'<section id="{name}"')[1].split("</section>")[0]


def test_needs_nothing_from_elsewhere(built: Path) -> None:
    text = built.read_text(encoding="utf-8")
    for tag, attributes in Elements(text).found:
        assert not [name for name in attributes if name.startswith("on")]
        for name in ("src", "href", "srcset", "action", "data"):
            value = attributes.get(name) or "#"
            assert value.startswith(("#", "data:")), f"<{tag} {name}={value[:60]}>"
    assert not re.search(r"@import|url\(|https?://|<script", text), "it works without JavaScript"


def test_images_are_embedded_with_text_and_size(built: Path) -> None:
    images = [attributes for tag, attributes in Elements(built.read_text(encoding="utf-8")).found if tag == "img"]
    assert len(images) == len(FIGURES)
    for image in images:
        assert re.match("data:image/(webp|png);base64,", image["src"])
        assert len(image["alt"]) > 5
        assert int(image["width"]) > 300
        assert int(image["height"]) > 100


def test_says_origin_scale_and_protocol(built: Path) -> None:
    text = plain(built)
    assert "mock stamps (300 of cosmos and 300 of skirt) and are not the survey&#39;s" in text
    assert 'class="tag mock"' in text
    assert "demo scale" in text
    assert "<p>seeds 0, 1; 300 stamps generated per seed</p>" in text
    assert "<p>Not trained here: taken from mine</p>" in text
    assert ">published protocol</label>" in text
    assert "at floor" in text
    assert "printed 63.97" in text, "the printed COSMOS average of the VAE belongs on the page"
    assert "A caption for stamps &lt;&amp;&gt;." in text


def test_says_which_engine_measured(built: Path) -> None:
    text = plain(built)
    said = (
        "Morphology was measured by galforge&#39;s numba engine (statmorph 0.7.2&#39;s definitions) under the "
        "corrected protocol and by statmorph 7.8 under the published protocol."
    )
    assert text.count(said) == 2, "in the notes of the headline and of the morphology"
    assert "Here EfficientNet-Lite0 saw the stamps. Inception-v3 was not run: its cells are empty" in text
    table = assembly.assemble(
        TABLES["holzschuh2022/morphology"], [distances("cosmos", "mock", "vae", 0)], assembly.read_published([])
    )
    tables, paper = {"holzschuh2022/morphology": table}, "holzschuh2022"
    about = {
        f"{paper}/{kind}": {"title": kind, "caption": f"Of {kind}.", "alternative": "{dataset}", "engine_of": engine}
        for kind, engine in (("distributions", "holzschuh2022/morphology"), ("spectra", ""))
    }
    paths = [f"figures/{paper}/{kind}-cosmos.png" for kind in ("distributions", "spectra")]
    captions = {figure.kind: figure.caption for figure in figures(paths, about, tables, "7.8")}
    assert figures(paths, about, {}, "7.8")[0].caption == "Of distributions."
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


def test_galaxies_made_for_a_redshift_have_a_section_of_their_own(built: Path) -> None:
    text = plain(built)
    section = section_of(text, "li2024")
    assert section.count('<details class="table"') == 2
    assert section.count("<h3>galaxiesml") == 2, "its data set in each"
    assert re.search(r'class="answer">On galaxiesml, sizes and shapes: DDPM \([\d.]+ floors\) is best, before', section)
    assert "of 8 bins of redshift" in section
    for said in (
        "Held-out source",
        "CVAE (published)",
        "at the source&#39;s",
        "4.92",
        "property by property and band by",
        "nats for the KL losses",
    ):
        assert said in section
    assert section.index("Redshift loss") < section.index("property by property")
    assert section.count("<figure>") == 7
    assert "0.25-0.5" not in section, "single bins are for machines"
    assert "Holzschuh et al. 2022, MNRAS 515, 652; Li et al. 2024, arXiv:2407.07229" in text


def test_sparse_images_have_a_section_of_their_own(built: Path) -> None:
    text = plain(built)
    found = [section_of(text, name) for name in ("gantastic2020", "scorers", "experiments")]
    for section in found:
        assert section.count('<details class="table"') == 1
        assert section.count("<h3>sparse") == 1, "its data set"
        assert 'class="answer">On sparse' in section
    section = "".join(found)
    for said in (
        "Two-stage GAN, conditional",
        "Median of the scores",
        "0.09396",
        "for fakes, real and query images as well",
        "at the source&#39;s",
        "at zero",
        "it may be fooled",
    ):
        assert said in section
    assert section.count("<figure>") == 3
    assert section.count('<details class="gallery">') == 1
    assert "Gantastic 4, Two-Stage GAN for Sparse Galaxy Image Generation (ETH Zurich)" in text


def test_every_generator_stands_near_the_top(built: Path) -> None:
    text = plain(built)
    ids = re.findall(r'<section id="(\w+)"', text)
    assert ids[:3] == ["galaxies", "best", "morphology"]
    assert "<img " in section_of(text, "galaxies")
    section = section_of(text, "best")
    first = section.partition("<details")[0]
    assert first.count("<h3>") == first.count('class="answer">') == len(RUNS) + 1
    assert "VAE has rank 1 in 4 of 4 numbers" in first
    assert section.index("Table: Every generator") < section.index("Table: Headline")
    assert "In units of the floor" in section


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
    models = (("vae", "corrected"), ("roundtrip", "corrected"), ("stylegan", "printed"))
    columns = [layout.Column(*model) for model in models]
    cells = [layout.Cell("40", "10", "10", limit="20"), layout.Cell("90", "1"), layout.Cell("5.98")]
    block = layout.Block("cosmos", origin, columns, [layout.Row("Overall", cells)], [])
    bars = page.strips([block], scale)["cosmos"]
    assert [bar.kind for bar in bars] == kinds
    assert float(bars[0].at) == pytest.approx(100 * 40 / (1.04 * 50), abs=0.1)
    assert float(bars[0].left) + float(bars[0].width) == pytest.approx(100 / 1.04, abs=0.1)
    assert float(bars[0].limit) == pytest.approx(100 * 20 / (1.04 * 50), abs=0.1)


def test_says_what_a_training_cost(built: Path) -> None:
    text = built.read_text(encoding="utf-8")
    assert text.count("2.3 M parameters, 16,000 images seen, 0.08 CPU-hours</p>") == 2, "one for each run"


def test_nothing_but_what_was_run_is_needed(tmp_path: Path) -> None:
    summary: page.Summary = {
        "name": "demo",
        "scale": "paper",
        "version": "0.1.0",
        "commit": "0123abc",
        "datasets": [{"name": "cosmos", "origin": "observed", "stamps": 300, "details": ""}],
        "runs": [{"dataset": "cosmos", "model": "vae", "seeds": [0], "generated": 300, "origin": ""}],
        "command": "make demo",
        "full_command": "snakemake",
        "statmorph": "7.8",
    }
    page.build(summary, {}, [], tmp_path / "bare.html")
    found = Elements((tmp_path / "bare.html").read_text(encoding="utf-8")).found
    assert [attributes["id"] for tag, attributes in found if tag == "section"] == [
        "run",
        "words",
        "provenance",
    ]
    with style.figure(2.0, 1.0) as drawn:
        style.save(drawn, tmp_path / "f.png", tmp_path / "f.pdf")
    colours = page.Figure(tmp_path / "f.png", "holzschuh2022", "colours", "skirt", "title", "caption", "what it shows")
    page.build(summary, {}, [colours], tmp_path / "one.html")
    assert 'id="colour_bulge"' in (tmp_path / "one.html").read_text(encoding="utf-8"), "a figure without its table"


def test_refuses_figures_it_cannot_show(tmp_path: Path) -> None:
    text, drawn = tmp_path / "figure.png", tmp_path / "drawn.png"
    text.write_text("no picture")
    with style.figure(2.0, 1.0) as made:
        style.save(made, drawn, tmp_path / "drawn.pdf")
    summary = {"scale": "paper", "datasets": [], "statmorph": "7.8"}
    for figure, message in (
        (
            page.Figure(tmp_path / "absent.png", "holzschuh2022", "stamps", "cosmos", "title", "caption", "alt"),
            "cannot be read",
        ),
        (page.Figure(text, "holzschuh2022", "stamps", "cosmos", "title", "caption", "alt"), "is no PNG"),
        (page.Figure(text, "holzschuh2022", "stamps", "cosmos", "title", "caption", " "), "alternative text"),
        (
            page.Figure(drawn, "holzschuh2022", "pie", "cosmos", "title", "caption", "alt"),
            "no section shows figure holzschuh2022/pie",
        ),
    ):
        with pytest.raises(GalforgeError, match=message):
            page.build(summary, {}, [figure], tmp_path / "index.html")
    assert not (tmp_path / "index.html").exists()


BROWSER = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (Debian: apt install chromium)")
OPEN = "document.querySelectorAll('details').forEach(each => each.open = true)"
WIDE = """[...document.querySelectorAll("body *")].filter(e => !e.closest(".scroll, .sr, .skip, pre") &&
  e.getBoundingClientRect().right > innerWidth + 1).map(e => e.tagName + "." + e.className)"""
TABLES_THAT_SCROLL = """(() => {
  const found = [];
  for (const pick of [null, ...document.querySelectorAll(".pick")]) {
    if (pick) pick.checked = true;
    for (const e of document.querySelectorAll(".scroll:has(table)"))
      if (e.scrollWidth > e.clientWidth) found.push(e.getAttribute("aria-label"));
  }
  return found;
})()"""
SMALL = """[...document.querySelectorAll("p, td, th, dd, li, figcaption, label, i, b")].filter(e =>
  e.innerText && parseFloat(getComputedStyle(e).fontSize) < 12).map(e => e.innerText)"""
# Text against the first background below it that is no part of a picture; 4.5 is what WCAG 2 asks for at AA.
FAINT = """(() => {
  const numbers = colour => colour.match(/[\\d.]+/g).map(Number);
  const light = colour => numbers(colour).slice(0, 3).map(c => c / 255)
    .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const found = [];
  for (const e of document.querySelectorAll("body *")) {
    const own = [...e.childNodes].some(n => n.nodeType == 3 && n.data.trim());
    if (!own || !e.getClientRects().length || e.closest(".sr, .skip")) continue;
    let below = e;
    while (numbers(getComputedStyle(below).backgroundColor)[3] === 0) below = below.parentElement;
    const ink = light(getComputedStyle(e).color), paper = light(getComputedStyle(below).backgroundColor);
    const contrast = (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
    if (contrast < 4.5) found.push(e.tagName + "." + e.className + " " + contrast.toFixed(2));
  }
  return found;
})()"""


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    with browser(tmp_path_factory.mktemp("chromium") / "profile") as found:
        yield found


@BROWSER
@pytest.mark.parametrize("width", [360, 1280])
def test_fits_the_screen_in_chromium(built: Path, tab: Tab, width: int) -> None:
    tab.show(built, width)
    assert tab.say("innerWidth") == width
    assert tab.say("document.scrollingElement.scrollWidth") <= width, tab.say(WIDE)
    tab.say(OPEN)
    assert tab.say(WIDE) == []
    assert tab.say(SMALL) == []
    assert tab.say("[...document.images].filter(each => each.naturalWidth).length") == len(FIGURES)
    if width == 1280:
        assert tab.say(TABLES_THAT_SCROLL) == [], "a table fits a laptop, whatever its protocol"
    assert tab.complaints() == []


@BROWSER
def test_one_protocol_is_seen_at_a_time_and_all_in_print(built: Path, tab: Tab) -> None:
    tab.show(built, 1280)
    tab.say(OPEN)
    shown = "[...document.querySelectorAll('#table-holzschuh2022-morphology fieldset:first-of-type > .view')]"
    shown += ".map(each => getComputedStyle(each).display)"
    first = shown.replace("fieldset:first-of-type", "h3 + fieldset")
    assert tab.say(first)[:2] == ["block", "none"]
    tab.say("document.querySelector('#table-holzschuh2022-morphology label:nth-of-type(2)').click()")
    assert tab.say(first)[:2] == ["none", "block"]
    tab.ask("Emulation.setEmulatedMedia", media="print")
    assert set(tab.say(shown)) == {"block"}
    tab.ask("Emulation.setEmulatedMedia", media="")


@BROWSER
def test_is_told_to_those_who_do_not_see_it(built: Path, tab: Tab) -> None:
    tab.show(built, 1280)
    tab.say(OPEN)
    found = tab.names()
    named = [node for node in found if node["role"] in ("image", "link", "radio", "region", "table", "group", "figure")]
    pictures = [node["name"] for node in named if node["role"] == "image"]
    assert len(pictures) == len(FIGURES)
    assert all(len(name) > 5 for name in pictures)
    radios = [node["name"] for node in named if node["role"] == "radio"]
    assert "corrected protocol" in radios
    assert "published protocol" in radios
    assert [node["role"] for node in named if not node["name"] and node["role"] not in ("group", "figure")] == []
    levels = [node["level"] for node in found if node["role"] == "heading"]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


@BROWSER
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_what_is_below_it(built: Path, tab: Tab, scheme: str) -> None:
    tab.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    tab.show(built, 1280)
    tab.say(OPEN)
    assert tab.say("matchMedia('(prefers-color-scheme: dark)').matches") == (scheme == "dark")
    assert tab.say(FAINT) == []
    tab.ask("Emulation.setEmulatedMedia", features=[])
