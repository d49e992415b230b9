"""The channels: what the platforms send in, what is sent out, and what people mean."""
