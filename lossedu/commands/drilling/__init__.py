"""What ``lossedu drill`` says and asks: plain lines that work in a pipe, colour in a terminal."""
