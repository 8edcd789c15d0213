"""Expressions of kernel paths, as columns= and where= have them, to bytecode. Imports btf, asm and schema."""
