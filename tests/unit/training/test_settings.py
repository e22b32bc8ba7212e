"""Settings of training."""

import subprocess
import sys

import pytest
from pydantic import ValidationError

from galforge.training.settings import StepSettings, TrainingSettings


@pytest.mark.parametrize("name", ["images_total", "segment_images"])
def test_lengths_that_are_no_whole_number_of_steps_are_refused_with_a_right_one(name):
    with pytest.raises(ValidationError, match=f"{name} is 1001, no multiple of batch .10.; 1000 would be right"):
        TrainingSettings(
            **{"batch": 10, "history_images": 500, "images_total": 1000, "segment_images": 500} | {name: 1001}
        )


def test_length_of_a_run_is_no_part_of_what_a_step_depends_on():
    assert set(TrainingSettings.model_fields) - set(StepSettings.model_fields) == {
        "images_total",
        "segment_images",
    }


def test_settings_import_no_torch():
    code = (
        "import sys; import galforge.training.settings, galforge.models.vae.settings;"
        "sys.exit(any(name in sys.modules for name in ('torch', 'h5py', 'scipy')))"
    )
    assert (
        subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": ":".join(sys.path)}, check=False).returncode
        == 0
    )
