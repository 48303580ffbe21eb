"""The rules of triggers: from a definition, facts and one instant to decisions.

Nothing here reads a clock, a table or a topic, so the same history gives the same letters at any
hour and at any cadence. Truth is judged at the instant a letter is due; a run that comes later
decides what one at that instant would have. Who reads the facts, keeps the ledger and publishes is
`orchestration.detection`.
"""
