"""ClickHouse on one machine: the real engine (chdb) behind ClickHouse's own HTTP protocol.

One process owns a directory of tables and answers over HTTP; everything else talks to it as it
would to a ClickHouse server, so that a real one is a setting away. Nothing outside this package
knows chdb.
"""
