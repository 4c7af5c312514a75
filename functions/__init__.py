"""Cloud Functions: each folder is one function, its main.py a translation between the outside and one use case."""
