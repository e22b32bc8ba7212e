"""Releases of one file and of several: what is fetched, under which names, and that names do not clash."""

import pytest
import yaml
from pydantic import Field

from galforge.config import files
from galforge.config.parse import ConfigError, parse
from galforge.download.wanted import downloads_of
from galforge.plan.stages import Stages
from galforge.settings import Settings

SITE = "https://example.org/files"
PARTS = ("training", "validation", "testing")
URLS = [f"{SITE}/5x64x64_{part}.hdf5?download=1" for part in PARTS]
MD5 = ["a" * 32, "b" * 32, "c" * 32]


class One(Settings):
    source: str = "download"
    url: str = f"{SITE}/all.tar?token=1"
    sha256: str = "f" * 64
    api_key_variable: str = "KEY"


class Several(Settings):
    source: str = "download"
    url: list[str] = Field(URLS)
    sha256: list[str] = Field([])
    md5: list[str] = Field(MD5)
    api_key_variable: str = "KEY"


def with_release(**given):
    tree = yaml.safe_load(files.CONFIG.read_text(encoding="utf-8"))
    tree["datasets"]["galaxies"] = {"family": "galaxiesml", "source": "download", "url": URLS, **given}
    return tree


def test_a_release_of_one_file():
    fetched = {"url": f"{SITE}/all.tar?token=1", "sha256": "f" * 64, "api_key_variable": "KEY"}
    assert downloads_of(One()) == {"all.tar": fetched}
    assert downloads_of(One(source="path")) == {}
    assert list(downloads_of(One(url=f"{SITE}/all.tar?token=1#mine.tar"))) == ["mine.tar"]


def test_each_file_of_several_has_its_own_checksum():
    found = downloads_of(Several())
    assert list(found) == [f"5x64x64_{part}.hdf5" for part in PARTS]
    assert found["5x64x64_testing.hdf5"] == {"url": URLS[2], "sha256": "", "md5": MD5[2], "api_key_variable": "KEY"}


def test_a_job_fetches_one_file_and_reads_nothing_of_the_others():
    wildcards = {"file": "5x64x64_validation.hdf5"}
    stage = Stages(parse(with_release(md5=MD5))).stage("download", wildcards)
    assert stage.spec == {"url": URLS[1], "sha256": "", "md5": MD5[1]}
    other = Stages(parse(with_release(md5=[MD5[1], MD5[1], MD5[0]]))).stage("download", wildcards)
    assert other.spec_param == stage.spec_param


def test_two_files_of_one_name_are_refused():
    tree = with_release()
    tree["datasets"]["more"] = {
        "family": "galaxiesml",
        "source": "download",
        "url": [URLS[0], URLS[1].replace("example.org", "example.com"), URLS[2]],
    }
    with pytest.raises(
        ConfigError, match=r"its file 5x64x64_validation\.hdf5 has the name of that of datasets\.galaxies"
    ):
        parse(tree)
    tree["datasets"]["more"]["url"] = URLS
    parse(tree)
