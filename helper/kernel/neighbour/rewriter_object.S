/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The compiled cluster_mac_rewriter.bpf.c inside the helper, for libbpf to load from memory. */
  .section .rodata
  .balign 8
  .global loadshare_rewriter_object
  .global loadshare_rewriter_object_end
loadshare_rewriter_object:
  .incbin LOADSHARE_REWRITER_OBJECT
loadshare_rewriter_object_end:
  .byte 0
  .section .note.GNU-stack, "", %progbits
