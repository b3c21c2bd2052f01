"""The command ``lossedu``: a module a topic; nothing imports it."""
