"""Text to located values: YAML 1.2 or JSON in, plain values out, and the place of each one on request.

YAML is read by the 1.2 core schema (YAML 1.2.2, 10.3), narrowed to what JSON can say: ``on``, ``no``, ``012``, dates
and ``.inf`` are text, keys are text, ``<<`` is a key like others. Aliases share one value, and the size of a file with
its aliases written out is bounded. Places cost a second reading of the text, which only files with problems pay for.
"""
