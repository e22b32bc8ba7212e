"""The recipe of the image: what it copies exists, and what it runs makes the environment of the lock."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from snakemake.settings.types import DeploymentMethod

from galforge.errors import GalforgeError
from galforge.operate.image import IMAGE, use_image

ROOT = Path(__file__).resolve().parents[2]
RECIPE = ROOT / "envs" / "galforge.def"
HOME = "/opt/galforge"
# The Python of the image, as far as the set-up asks it.
PYTHON = """\
#!/bin/sh
case "$*" in
    *version_info*) echo 3.11 ;;
    *ensurepip* | "-c ") ;;
    "-m venv --clear .venv") mkdir -p .venv/bin; cp "$0" .venv/bin/python ;;
    *"pip install"*) echo "$*" >>pip-calls; cat .venv/tmp/hashed >installed ;;
    *) echo "unexpected: $*" >&2; exit 3 ;;
esac
"""


def sections() -> dict[str, str]:
    """Text of the recipe by section; its head under the empty name."""
    text = re.sub(r"(?m)^#.*\n", "", RECIPE.read_text())
    head, *rest = re.split(r"(?m)^%(\w+)\n", text)
    return {"": head, **dict(zip(rest[::2], rest[1::2], strict=True))}


def copied() -> dict[str, str]:
    """Files that the recipe copies into the image, by where they come from."""
    return dict(line.split() for line in sections()["files"].strip().splitlines())


def test_sections_are_those_that_apptainer_knows() -> None:
    found = sections()
    assert set(found) == {"", "arguments", "files", "post", "environment", "test", "labels", "help"}
    assert dict(line.split(": ") for line in found[""].strip().splitlines()) == {
        "Bootstrap": "docker",
        "From": "debian:bookworm-slim",
    }


def test_every_argument_is_declared_and_used() -> None:
    declared = re.findall(r"(?m)^ +(\w+)=", sections()["arguments"])
    assert set(re.findall(r"{{ (\w+) }}", sections()["post"])) == set(declared) == {"TORCH_INDEX"}
    assert "${TORCH_INDEX:+--extra-index-url" in (ROOT / "envs/setup.sh").read_text()


def test_scripts_of_the_recipe_are_scripts() -> None:
    for name in ("post", "environment", "test"):
        subprocess.run(["sh", "-n"], input=sections()[name], text=True, check=True)


def test_its_python_is_first_on_the_path_and_takes_no_packages_of_the_user() -> None:
    shown = sections()["environment"] + '\necho "$PATH,$PYTHONPATH,${PYTHONHOME-},$PYTHONNOUSERSITE"'
    outside = {"PATH": "/usr/bin", "PYTHONPATH": "/checkout/workflow", "PYTHONHOME": "/elsewhere"}
    said = subprocess.run(["/bin/sh", "-c", shown], env=outside, capture_output=True, text=True, check=True)
    assert said.stdout.strip() == f"{HOME}/.venv/bin:/usr/bin,/checkout/workflow,,1"


def test_the_build_runs_the_set_up_of_this_checkout(tmp_path: Path) -> None:
    """The post script runs with everything it needs from outside replaced: apt, Python, and the root of the image."""
    tools, home = tmp_path / "bin", tmp_path / "opt"
    tools.mkdir()
    for name, text in (("apt-get", f'#!/bin/sh\necho "$*" >>{tmp_path}/apt-calls\n'), ("python3", PYTHON)):
        (tools / name).write_text(text)
        (tools / name).chmod(0o755)
    free = "#!/bin/sh\necho header\necho 'disk 999999999 1 99999999 1% /'\n"
    (tools / "df").write_text(free)
    (tools / "df").chmod(0o755)
    for source, there in copied().items():
        assert there.startswith(f"{HOME}/envs/"), "the set-up works in the folder above its own"
        (home / there.removeprefix(f"{HOME}/")).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / source, home / there.removeprefix(f"{HOME}/"))
    post = sections()["post"].replace(HOME, str(home)).replace("/var/lib/apt", f"{tmp_path}/apt")
    assert "/opt/" not in post.replace(str(home), "")
    assert "/var/" not in post.replace(str(tmp_path), "")
    post = post.replace("{{ TORCH_INDEX }}", "file:///cuda126")
    environment = {"PATH": f"{tools}{os.pathsep}{os.environ['PATH']}", "HOME": str(tmp_path)}
    done = subprocess.run(
        ["/bin/sh", "-c", post], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    update, install = (tmp_path / "apt-calls").read_text().splitlines()
    assert update.startswith("update")
    assert {"python3-venv", "git", "gcc"} <= set(install.split())
    hashed, builds = (home / "pip-calls").read_text().splitlines()
    assert "--require-hashes" in hashed
    assert "--extra-index-url file:///cuda126" in builds
    assert (home / "installed").read_text().count("==") == (home / "envs/requirements.lock").read_text().count("==") - 1
    assert (home / ".venv" / "stamp").exists()


def asked_for(*methods: DeploymentMethod) -> SimpleNamespace:
    return SimpleNamespace(deployment_settings=SimpleNamespace(deployment_method=set(methods)), basedir="/checkout/w")


def test_a_missing_image_is_said_before_jobs_wait_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    use_image(asked_for())
    use_image(SimpleNamespace(deployment_settings=None))
    with pytest.raises(GalforgeError, match=r"envs/galforge\.sif does not exist.*`apptainer build"):
        use_image(asked_for(DeploymentMethod.APPTAINER))


@pytest.mark.parametrize(("program", "prefix"), [("apptainer", "APPTAINERENV"), ("singularity", "SINGULARITYENV")])
def test_jobs_in_the_image_import_galforge_from_the_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, prefix: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    # So that it is taken out again.
    monkeypatch.setenv(f"{prefix}_PYTHONPATH", "")
    (tmp_path / program).touch(mode=0o755)
    (tmp_path / "envs").mkdir()
    (tmp_path / IMAGE).touch()
    use_image(asked_for(DeploymentMethod.APPTAINER))
    assert os.environ[f"{prefix}_PYTHONPATH"] == "/checkout/w"


def test_the_image_has_one_name() -> None:
    assert f'container: "{IMAGE}"' in (ROOT / "workflow/Snakefile").read_text()
    assert f"apptainer build {IMAGE} envs/galforge.def" in RECIPE.read_text()
    assert f"apptainer build {IMAGE} envs/galforge.def" in (ROOT / "docs/cluster.md").read_text()
    ignored = subprocess.run(["git", "-C", ROOT, "check-ignore", "-q", IMAGE], check=False)
    assert ignored.returncode == 0, "an image of gigabytes must not be committed"


def test_rules_name_no_other_software() -> None:
    rules = [path.read_text() for path in (ROOT / "workflow/rules").glob("*.smk")]
    assert not [text for text in rules if re.search(r"(?m)^ +(conda|container|envmodules):", text)]
    catalogue = yaml.safe_load((ROOT / ".snakemake-workflow-catalog.yml").read_text())
    assert catalogue["usage"]["software-stack-deployment"] == {"conda": False, "apptainer": True}
