"""The sender: takes rows of the outbox to WeCom, in order, within its limits, so that each is seen once.

    sender = Sender(sessions, clock=…, client=…, robots=…, draw=…, on_name=…, operators=…, say=…, agent_id=…)
    sender.send_lane("wecom:zhangsan")     # by a wake-up after the commit that wrote the row
    for lane in sender.sweep(): …          # every two seconds: what a crash or a lost wake-up left

lanes      names, leases, budgets, what is due
wording    a row → the bytes of its request
verdict    what a call came to → what becomes of the row
pauses     sending stopped because of an errcode
pictures   what has been uploaded
due        what the sweep finds
pushes     what the assistant says unasked: judged, held, said together
budget     what the platform lets the whole app do
announcement  a push to many, page by page
batch      single pushes of many lanes at once
outcome    what becomes of a row when its call has come to something
feeder     from the sweep to the queue
sender     the loop
"""

from bot.outbox.budget import Limits, Spending
from bot.outbox.lanes import directory_lane, lane_of, robot_lane
from bot.outbox.pauses import Stopped
from bot.outbox.pushes import Gate
from bot.outbox.sender import Sender

__all__ = ["Gate", "Limits", "Sender", "Spending", "Stopped", "directory_lane", "lane_of", "robot_lane"]
