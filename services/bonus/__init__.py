"""Bonuses on the live path: milestones, team, ranking and task; what the rest of the house needs of them."""
