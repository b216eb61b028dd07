"""What goes over a wire: events, commands, pipe frames, documents, descriptions, values, errors and their bytes."""
