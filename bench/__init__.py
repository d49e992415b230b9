"""`make bench`: what the product costs, as ratios against a floor that is measured in the same run.

Floor and measured work take turns in short rounds and medians are compared, so that what else the machine does hits
both alike. docs/benchmarks.md says what each floor is.
"""
