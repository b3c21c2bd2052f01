"""What public functions check and reduce: shapes, values, masks, weights, lists, ordering.

Every message has one form: ``<argument> must <rule>, but <what was given>.``
"""
