"""Write the schemas of the contract beside this file: `python -m streams.schemas`."""

import json

from streams.schemas import FOLDER, schemas

for kind, schema in schemas().items():
    path = FOLDER / f"{kind}.json"
    path.write_text(json.dumps(schema, indent=2) + "\n")
