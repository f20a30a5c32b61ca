"""Work on strangers' files in processes of their own, with limits of time and memory.

What passes between the processes is JSON, never pickle: a process that a file has taken over can
send odd values, but no code.
"""
