"""Files as rows, one after the other, each with the number that a person finds it by.

A `RowFile` knows its columns, how to reach one within a row, and what a row's content is, whatever
the order of columns. Memory does not grow with the file.
"""
