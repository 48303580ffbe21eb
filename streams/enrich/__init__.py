"""What an event knows beside what it says: with what, where from, who sent it there, which page.

Pure functions of a value of the event and of reference tables: no event is looked at twice, no
clock is read, nothing is written. A caller remembers answers for repeated values. Same value, same
tables: same answer, so that the whole past can be enriched anew. Each outside library has one
module here that imports it.
"""
