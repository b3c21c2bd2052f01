"""The command ``autograder``; nothing imports it."""
