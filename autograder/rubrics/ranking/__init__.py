"""All of the assignment on ranking losses: rubric, inputs, references, mistakes."""
