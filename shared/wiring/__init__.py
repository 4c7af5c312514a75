"""Which adapter stands behind which port: cached functions, one module for each thing that a function may need.

Importing it is the one import that does something: no line is to be logged before it is known who logs, and how.
"""

from shared.wiring.logs import prepare

prepare()
