"""`python -m tests.warehouse.hostile URL`: ask a server of yours the hostile lists."""

from __future__ import annotations

import argparse
import sys
import tempfile
from base64 import b64encode
from http.client import HTTPException
from pathlib import Path

from tests.warehouse import hostile
from tests.warehouse.hostile.world import canaries, has_secret


def main() -> int:
    """Ask everything; 1 when a secret came back, a file changed or somebody called."""
    parser = argparse.ArgumentParser(prog="python -m tests.warehouse.hostile", description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--user", default="default")
    parser.add_argument("--password", default="")
    given = parser.parse_args()
    token = b64encode(f"{given.user}:{given.password}".encode()).decode()
    credentials = {"Authorization": f"Basic {token}"}
    leaks = 0
    with tempfile.TemporaryDirectory() as home, canaries(Path(home) / "canaries") as laid:
        before = laid.state()
        for attempt in (*hostile.statements(laid.places), *hostile.requests(laid.places)):
            try:
                answer = hostile.ask(given.url, attempt, credentials)
            except (OSError, HTTPException) as error:  # a server may reach out for longer than 20 s
                answer = hostile.Answer(0, 0, repr(error).encode())
            leaked = has_secret(answer.content)
            leaks += leaked
            shown = attempt.name.encode("unicode_escape").decode()
            print(f"{'LEAK' if leaked else 'ok':4} {answer.status} {answer.code:>5}  {shown}")
        changed = laid.state() != before
        print(f"{leaks} secrets, {len(laid.callers)} calls, files changed: {changed}")
        return int(bool(leaks or laid.callers or changed))


if __name__ == "__main__":
    sys.exit(main())
