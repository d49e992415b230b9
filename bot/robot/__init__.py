"""The 智能机器人 of an enterprise: members write to it, alone or with @ in their groups, and it answers at once.

It answers only what it is asked, in the reply to the callback: words at once, and a picture when the platform comes
back for the rest of the answer.
"""
