"""All of the assignment on the design of a loss: rubric, inputs, references, mistakes."""
