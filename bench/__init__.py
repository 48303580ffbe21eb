"""One command per figure that README states: `python -m bench.NAME --json`. Machines are shared:
read ratios.
"""
