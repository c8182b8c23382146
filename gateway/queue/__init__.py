"""What the queue runs, and the queue."""
