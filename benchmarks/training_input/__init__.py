"""Chips per second on their way into a training, beside WebDataset, LitData and PNG files."""
