"""The probes of compliance.md §2: each drives the engine over scenarios of its own and tells numbers, no verdicts."""
