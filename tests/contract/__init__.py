"""The contract as an outside checker sees it: whole processes over real HTTP, nothing of ours imported.

wire.py      WeChat Work's envelope and the order intake's signature, written anew from their descriptions
platform.py  a small WeChat Work to send to, whose faults a test chooses
running.py   the app as a process, its commands, its clock
"""
