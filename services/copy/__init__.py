"""Copy (文案) at work: the library that ships, the merchant's own texts, and the one that somebody is given now."""
