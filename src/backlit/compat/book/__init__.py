"""The modules of the book "Deep Learning from Scratch" (K. Saitoh), as our own thin nodes over the library's rules.

`modules` in the room above says under which of the book's names each file is found: `common.layers`, `ch05`, ...
"""
