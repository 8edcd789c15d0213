"""What gets compiled, and how. Only for building: it is never installed.

========== ==================================================================================
extension  ``libbpf_iter._extension``: libbpf by cffi (``libbpf.cdef.h``, ``glue/``)
programs   ``progs/<target>.bpf.c`` → ``libbpf_iter/programs/<target>.bpf.o``, and the header
           for everyone else's programs, ``libbpf_iter/include/record.h``
bundle     a wheel that brings libbpf and libelf along: ``make wheel``
tools      finding a compiler, or naming the package that is missing
commands   both as setuptools commands: build_ext, build_programs, build
backend    what ``pip`` and ``python -m build`` call (PEP 517, PEP 660), over setuptools
========== ==================================================================================

``python -m cbuild`` builds everything in place.
"""
