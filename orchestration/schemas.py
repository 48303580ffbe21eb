"""Write the JSON Schema of the feed's messages anew: `python -m orchestration.schemas`."""

import json
from pathlib import Path

import orchestration.triggers
from orchestration.triggers.message import schema

FILE = Path(orchestration.triggers.__path__[0]) / "trigger.fired.schema.json"

if __name__ == "__main__":
    FILE.write_text(json.dumps(schema(), indent=2) + "\n")
