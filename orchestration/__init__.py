"""What runs when: the command line, Dagster's code locations, triggers and their detection.

The only package that sees both the stream and the marts. Rules (`orchestration.triggers`) import no
I/O.
"""
