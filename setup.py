"""Maps the top-level folders to subpackages of argus_wfm; everything else is in pyproject.toml.

Installed under their own names, `features`, `mocks` and `openapi` would overwrite a user's packages of those names.
"""

import shutil
from pathlib import Path

from setuptools import find_namespace_packages, setup

FOLDERS = ("openapi", "features", "gateway", "mocks", "conformance")

shutil.rmtree(Path(__file__).parent / "build" / "lib", ignore_errors=True)  # or modules of an older layout come along

packages = ["argus_wfm"]
for folder in FOLDERS:
    packages += [f"argus_wfm.{package}" for package in find_namespace_packages(include=[folder, f"{folder}.*"])]

setup(
    packages=packages,
    package_dir={"argus_wfm": "src/argus_wfm", **{f"argus_wfm.{folder}": folder for folder in FOLDERS}},
)
