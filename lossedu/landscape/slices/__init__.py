"""The loss along lines and on planes, and the paths that training takes through them."""
