"""What a service says of its losses: few series, bounded whatever arrives, and no personal data."""
