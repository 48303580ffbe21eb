"""The door to ClickHouse: connection, tables, migrations, and an embedded server for one machine.

Everything above talks to the warehouse through `warehouse.client`, over HTTP, whichever engine
answers. This package knows nothing of Kafka, events or marts.
"""
