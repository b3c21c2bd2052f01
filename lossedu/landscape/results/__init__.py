"""What every result can do: print short, be a table, a picture, JSON, and a file."""
