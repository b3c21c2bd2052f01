"""All of the assignment on focal loss: rubric, inputs, references, mistakes."""
