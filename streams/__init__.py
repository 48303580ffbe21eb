"""From the shop's Kafka topic to the event store, with nothing lost and nothing doubled.

A worker takes contiguous ranges of a partition, reads every message by the contract, adds what the
first marts need, and stores the range in the warehouse; the ledger written last says how far it
got. This package knows Kafka and Faust, one module for each; it knows nothing of marts, schedules
or triggers.
"""
