"""`python -m tests.licences` writes THIRD_PARTY_LICENSES.md: every pinned package and its licence.

Licences are read from the installed packages' metadata: the SPDX expression where there is one
(PEP 639), else the trove classifiers, else the free text.
"""

from __future__ import annotations

import re
from importlib.metadata import PackageMetadata, metadata
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
FILE = ROOT / "THIRD_PARTY_LICENSES.md"

ALLOWED = {  # SPDX identifiers; all of them let us be used and changed, none reaches our own code
    *("0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "CNRI-Python", "ISC", "MIT"),
    *("MIT-0", "MPL-2.0", "PSF-2.0", "Zlib", "ZPL-2.1", "BSD"),
}
SPDX = {  # names in older metadata
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD",  # which of them, the package's own file says
    "3-Clause BSD License": "BSD-3-Clause",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "GNU Lesser General Public License v2 or later (LGPLv2+)": "LGPL-2.0-or-later",
}
LOOKED_UP = {  # where metadata says nothing, or too little; looked up in the package's own files
    "crawler-user-agents": "MIT",
    "text-unidecode": "Artistic-1.0 OR GPL-2.0-or-later",
}
EXCEPTIONS = {  # not on the list, and why they may be used
    "crc32c": "LGPL: a library that is installed beside us, unchanged, and could be exchanged",
    "text-unidecode": "imported by dbt as it is; we take it by the Artistic License",
    "venusian": "a BSD licence with a clause about names and changed files; Faust imports it",
}

HEAD = """\
# Third-party licences

The packages that `constraints.txt` pins, those for development included, and the licences that
their metadata name. Each installed package carries its licence's text. Written by `make licences`;
a test compares it with what is installed and with the licences that we allow (`tests/licences.py`).

Not in this list: Apache Kafka and the jars that Maven fetches with it, by
`streams/local_kafka/pom.xml`; they are not distributed with this project either.

| package | version | licence |
|---|---|---|
"""


class Package(NamedTuple):
    """A pinned package and its licence as an SPDX expression, or as near as its metadata come."""

    name: str
    version: str
    licence: str


def packages() -> list[Package]:
    """Every package of constraints.txt.

    Raises:
        PackageNotFoundError: one of them is not installed.
    """
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = [line.split("#")[0].strip() for line in lines]
    named = [pin.split("==") for pin in pins if pin]
    return [Package(name, version, licence_of(name, metadata(name))) for name, version in named]


def licence_of(name: str, told: PackageMetadata) -> str:
    """The licence of a package, by its metadata."""
    if name in LOOKED_UP:
        return LOOKED_UP[name]
    if expression := told.get("License-Expression"):
        return str(expression)
    classified = [
        one.rpartition(" :: ")[2]
        for one in told.get_all("Classifier") or []
        if one.startswith("License :: ") and not one.endswith(("OSI Approved", "DFSG approved"))
    ]
    names = classified or [str(told.get("License") or "")]
    return " OR ".join(SPDX.get(one, one) for one in names)


def is_allowed(package: Package) -> bool:
    """Whether each part of the licence, or one of each choice, is on the list."""
    if package.name in EXCEPTIONS:
        return True
    parts = re.split(r"\s+AND\s+", re.sub(r"[()]", "", package.licence))
    return all(ALLOWED.intersection(re.split(r"\s+OR\s+", part)) for part in parts)


def text() -> str:
    """The whole file."""
    return HEAD + "".join(f"| {one.name} | {one.version} | {one.licence} |\n" for one in packages())


if __name__ == "__main__":
    FILE.write_text(text())
