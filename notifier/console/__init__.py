"""The console: pages for administrators, and the commands that manage what is stored.

In: what an operator or an administrator asks for. Out: the answer in French, from one function of a
room below.

Never: decides who is told what, or sends anything itself.
"""
