"""What may be told of a category, by which rule, and until when.

`categories` reads the operator's file, `validation` refuses what is wrong in it, `text_kind`
chooses which text a commune gets, `expiry` says until when it is of use.
"""
