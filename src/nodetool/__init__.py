"""A workflow server: it stores graphs of nodes and lets any application run them."""

__version__ = "0.1.0"
