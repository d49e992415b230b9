"""Pure rules of the business: values in, values out; no session, clock, environment, randomness or log."""
