"""Speed and memory beside what a user would pick instead, measured in one run."""
