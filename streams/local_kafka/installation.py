"""Java and the broker's jars: found, or told what to install."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

OLDEST_JAVA = 17
POM = Path(__file__).with_name("pom.xml")


class LocalKafkaError(Exception):
    """The local broker cannot be started or stopped; the message says what to do about it."""


def find_java(environ: Mapping[str, str] = os.environ) -> Path:
    """The `java` of JAVA_HOME, else of PATH.

    Raises:
        LocalKafkaError: there is none, or it is older than Kafka takes.
    """
    home = environ.get("JAVA_HOME")
    found = str(Path(home, "bin", "java")) if home else _which("java", environ)
    if found is None or not Path(found).is_file():
        raise LocalKafkaError(
            f"Kafka needs Java {OLDEST_JAVA} or newer and there is no {found or 'java on PATH'}:"
            " install a JRE (Debian: openjdk-17-jre-headless) or set JAVA_HOME"
        )
    told = subprocess.run([found, "-version"], capture_output=True, text=True, check=False).stderr
    version = java_version(told)
    if version < OLDEST_JAVA:
        raise LocalKafkaError(
            f"Kafka needs Java {OLDEST_JAVA} or newer and {found} is {version or 'unreadable'}:"
            " install a newer JRE or set JAVA_HOME"
        )
    return Path(found)


def java_version(told: str) -> int:
    """The major version in what `java -version` prints; 0 when it holds none. 1.8 counts as 8."""
    found = re.search(r'version "(?:1\.)?(\d+)', told)
    return int(found.group(1)) if found else 0


def ensure_jars(jars: Path, environ: Mapping[str, str] = os.environ) -> None:
    """Have Kafka's jars in a folder, fetched by Maven unless they are there already.

    The folder appears whole or not at all and remembers the pom it was made from, so neither a
    killed download nor a new version of Kafka leaves a mixture.

    Raises:
        LocalKafkaError: Maven is missing, or could not fetch them.
    """
    if _are_current(jars):
        return
    maven = _which("mvn", environ)
    if maven is None:
        raise LocalKafkaError(
            "Kafka's jars are fetched by Maven and there is no mvn on PATH:"
            " install Maven (Debian: apt-get install maven)"
        )
    jars.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=jars.parent, prefix="jars-") as workshop:
        fetched = Path(workshop, "jars")
        fetched.mkdir()
        shutil.copy(POM, fetched)
        _fetch(maven, fetched, environ)
        if _are_current(jars):
            return  # somebody else fetched them meanwhile
        shutil.rmtree(jars, ignore_errors=True)
        fetched.rename(jars)


def _fetch(maven: str, folder: Path, environ: Mapping[str, str]) -> None:
    command = [maven, "-B", "-q", "-f", str(folder / POM.name), "dependency:copy-dependencies"]
    command.append(f"-DoutputDirectory={folder.resolve()}")
    run = subprocess.run(
        command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, env=environ
    )
    if run.returncode != 0:
        told = (run.stdout + run.stderr).strip()[-2000:]
        raise LocalKafkaError(f"Maven could not fetch Kafka's jars:\n{told}")


def _are_current(jars: Path) -> bool:
    made_from = jars / POM.name
    return made_from.is_file() and made_from.read_bytes() == POM.read_bytes()


def _which(program: str, environ: Mapping[str, str]) -> str | None:
    return shutil.which(program, path=environ.get("PATH", os.defpath))
