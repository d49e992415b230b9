"""What happens by the clock, and the queue that it runs on."""
