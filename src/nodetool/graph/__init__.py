"""Checks a document against node descriptions and makes an immutable plan of it. Pure: no clock, no I/O."""
