"""Gmail two-way sync for CRMs: rules, use cases and adapters that every function shares."""
