"""Who is asking: a token in, a user out. One file a provider; tokens that users make themselves work with each."""
