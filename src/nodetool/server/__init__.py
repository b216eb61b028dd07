"""HTTP, server-sent events and sockets: decode, hand over, encode."""
