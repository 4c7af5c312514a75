"""Which adapter stands behind which port: cached functions, one module for each thing that a function may need."""
