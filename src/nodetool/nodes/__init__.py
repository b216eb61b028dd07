"""The standard library of nodes, one file a family."""
