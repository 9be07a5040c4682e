"""The functions that written programs are put together from: C text, a function or type for each file of this folder.

A file ``x.c`` holds ``lqf_x``, its comment above it. Words in capitals in the name of a file are filled in by
``larq_focal.mcu.pieces``, in the name and in the text. The files of this folder run everywhere, and are the reference
for all others; ``larq_focal.mcu.selection`` names those that can take the place of a plain one on a target, by a row of
``KERNELS``. Such a function has the parameters and the results of the plain one, and lies in a folder for its targets.
"""
