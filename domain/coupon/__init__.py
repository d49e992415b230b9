"""Coupons (优惠券): what one is worth, for whom, on what, when; and why one is refused."""
