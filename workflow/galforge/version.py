"""The version of galforge; pyproject.toml has it too, and a test compares the two."""

VERSION = "0.2.0"
