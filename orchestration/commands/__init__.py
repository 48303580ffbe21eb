"""The commands of `active-analytics`, a module per part of the system; heavy imports happen inside
the commands.
"""
