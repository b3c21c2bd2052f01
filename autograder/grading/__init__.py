"""From what was handed in to outcomes: read, run in the sandbox, check, mark."""
