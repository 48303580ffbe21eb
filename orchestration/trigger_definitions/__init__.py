"""The triggers of this shop, one YAML file each: what staff change without touching code."""
