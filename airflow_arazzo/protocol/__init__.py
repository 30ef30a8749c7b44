"""What the tasks of a workflow tell each other, and how it is kept from everybody else."""
