"""Write the schema of mappings beside this file: `python -m streams.importers.mapped`."""

import json

from streams.importers.mapped.schema import FILE, schema

FILE.write_text(json.dumps(schema(), indent=2) + "\n")
