"""Dataflow: when a node fires, and the run of a plan."""
