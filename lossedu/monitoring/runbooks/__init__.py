"""What to do when an alert fires: a page each, with questions that Prometheus answers."""
