"""What browsers are given that others wrote: each file is in the manifest, and unchanged."""

import hashlib
import tomllib
from pathlib import Path

import notifier.console

VENDOR = Path(notifier.console.__file__).parent / "static" / "console" / "vendor"
MANIFEST = tomllib.loads((VENDOR / "manifest.toml").read_text(encoding="utf-8"))


def test_each_file_is_the_one_of_the_manifest() -> None:
    for folder, about in MANIFEST.items():
        for name, digest in about["sha256"].items():
            found = hashlib.sha256((VENDOR / folder / name).read_bytes()).hexdigest()
            assert found == digest, f"{folder}/{name} is not the file that the manifest names"


def test_there_is_no_other_file_and_each_library_has_its_licence() -> None:
    present = {str(p.relative_to(VENDOR)) for p in VENDOR.rglob("*") if p.is_file()}
    named = {f"{folder}/{name}" for folder, about in MANIFEST.items() for name in about["sha256"]}
    assert present - {"manifest.toml"} == named
    for folder, about in MANIFEST.items():
        assert any(name.startswith("LICENSE") for name in about["sha256"]), folder
        assert about["name"] and about["version"] and about["licence"]
