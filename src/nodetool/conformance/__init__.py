"""Whether a server keeps the contract of runs and events, asked over every transport it has."""
