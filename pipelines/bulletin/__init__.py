"""The monthly bulletin: what it says, how it is set, where it lies, to whom it is sent."""
