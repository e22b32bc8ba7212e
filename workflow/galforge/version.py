"""The version of galforge (pyproject.toml and CHANGELOG.md say the same; a test compares them)."""

VERSION = "0.1.0"
