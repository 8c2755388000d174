"""Benchmarks of Gantry beside its peers: an engine a file, a scenario a file; ../peers.py puts them together."""
