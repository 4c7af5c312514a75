"""Five help pages of CRMs that sell a two-way sync with Gmail, each an executable specification under its preset."""
