"""Use cases: load, decide, write. Given a session and `now`; nothing here commits."""
