"""What a student uses: ``check`` in a notebook, and a trial of the whole notebook."""
