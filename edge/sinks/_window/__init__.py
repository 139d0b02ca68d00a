"""What the sinks with a window share: how it is opened and may end, its letters and its colours."""
