"""What an event does not say but its parts do: where it came from, on what page, with what tags.

Pure functions of one value and compiled tables, without clock, network or settings. Answers
are kept per distinct value; page URLs, which rarely repeat, are read by the parts that do.
"""
