"""Customers of 客户联系: what callbacks and the platform tell of them, whose they are, how they come and are welcomed.

desk      one callback: the relation, the welcome message, the look-up
book      relations and their evidence; to whom a customer is bound
told      what the platform's API tells, as values
learned   what a look-up or the daily walk makes of it
ways      by what customers come to a distributor: his state, his code or link
welcome   what a new customer is told
walk      how far the daily walk is
terms     the merchant's choices
"""
