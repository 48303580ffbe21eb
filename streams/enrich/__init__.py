"""What an event does not say but its parts do: where it came from, on what page, with what tags.

Pure functions of one value and compiled tables, without clock, network or settings. Callers keep
answers per distinct value; only page URLs, which rarely repeat, are read anew each time.
"""
