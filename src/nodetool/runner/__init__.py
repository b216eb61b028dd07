"""The child process that runs graphs, and the link to it."""
