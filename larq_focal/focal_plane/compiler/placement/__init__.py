"""Where maps lie on the array, and what moves them: blocks and tiles, address patterns, shifts, walls."""
