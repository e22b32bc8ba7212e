"""Words of the glossary in texts, sentences of captions, and pictures small enough to load at once."""

import base64
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from galforge.papers import registry
from galforge.papers.figure import words
from galforge.report.glossary import TERMS, linked, sentences
from galforge.report.pictures import PictureError, embedded
from galforge.seeds import generator


def test_the_first_mention_of_a_word_links_to_it() -> None:
    assert linked("VAE (4 floors) & the floor") == (
        'VAE (4 <a class="term" href="#word-floor">floors</a>) &amp; the floor'
    )
    assert 'href="#word-held-out">held-out source</a>' in linked("the held-out source"), "the longest form"
    assert 'href="#word-at-floor">at the floor</a>' in linked("It is at the floor.")
    assert linked("all at one stretch; resources <b>") == "all at one stretch; resources &lt;b&gt;"


def test_every_word_finds_itself_and_has_one_anchor() -> None:
    names = [term.name for term in TERMS]
    assert len(set(names)) == len(names)
    first = {"distance": "W1", "networks": "FID", "kl": "KL loss", "alpha": "share α", "missing": "measured share"}
    for term in TERMS:
        text = first.get(term.name, term.title)
        assert f'href="#word-{term.name}"' in linked(text), text


def test_sentences_end_where_they_do() -> None:
    assert sentences("Lines of Lotz et al. (2008): mergers. “Real” ones? Yes, e.g. here.") == [
        "Lines of Lotz et al. (2008): mergers.",
        "“Real” ones?",
        "Yes, e.g. here.",
    ]


@pytest.mark.parametrize("paper", registry.names())
def test_captions_of_figures_are_short_before_what_is_folded_away(paper: str) -> None:
    for name in registry.figure_names(paper):
        shown = " ".join(sentences(words(paper, name).caption)[:3])
        assert len(shown.split()) <= 75, f"{paper}/{name}: {len(shown.split())} words"


def test_a_picture_is_smaller_than_its_file_and_looks_like_it(tmp_path: Path) -> None:
    rng = generator(1, "picture")
    stamp = np.clip(rng.normal(128, 20, (200, 300)), 0, 255).astype(np.uint8)
    Image.fromarray(stamp).convert("RGBA").save(tmp_path / "a.png")
    found = embedded(tmp_path / "a.png")
    kind, _, text = found.data.partition(";base64,")
    assert kind == "data:image/webp"
    packed = base64.b64decode(text)
    assert len(packed) < 0.6 * (tmp_path / "a.png").stat().st_size
    assert (found.width, found.height) == (300, 200)
    (tmp_path / "a.webp").write_bytes(packed)
    seen = np.asarray(Image.open(tmp_path / "a.webp").convert("L"), dtype=float)
    assert np.std(seen - stamp) < 6, "well below the noise of 20"
    Image.new("RGBA", (64, 48), (0, 0, 0, 0)).save(tmp_path / "b.png")
    packed = base64.b64decode(embedded(tmp_path / "b.png").data.partition(",")[2])
    (tmp_path / "b").write_bytes(packed)
    assert np.asarray(Image.open(tmp_path / "b").convert("RGBA"))[..., :3].min() == 255 or packed.startswith(b"\x89PNG")


def test_a_broken_picture_is_refused(tmp_path: Path) -> None:
    whole = tmp_path / "a.png"
    Image.fromarray(generator(1, "noise").integers(0, 255, (50, 50), dtype=np.uint8)).save(whole)
    (tmp_path / "cut.png").write_bytes(whole.read_bytes()[:200])
    with pytest.raises(PictureError, match=r"cut.png: is no whole PNG"):
        embedded(tmp_path / "cut.png")
