"""Coupons: campaigns, their pages, what customers took, and what orders used.

share_code(session, coupon_id, distributor_id=…, group_id=…, now=…)   the code of the page BASE_URL/shop/c/{code}
"""

from services.coupon.share import share_code

__all__ = ["share_code"]
