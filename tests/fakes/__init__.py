"""One small fake per port; the contract suites hold each to what its real adapter does."""
