"""Known results on loss landscapes, reproduced in a minute each."""
