"""Load: ``python -m tests.load`` starts a server, drives it with four connections and prints a table.

S is the processor time of one RSA-2048 signature in the same run; ``eff`` is the processor time that an operation's
cryptography must take, divided by what the server (and its database) really took.
"""
