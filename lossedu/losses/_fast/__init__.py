"""Kernels behind the losses: blocks, tiles, sorting, expansion; each equals a plain formula."""
