/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The compiled early_drop.bpf.c inside the helper, for libbpf to load from memory. */
  .section .rodata
  .balign 8
  .global loadshare_early_drop_object
  .global loadshare_early_drop_object_end
loadshare_early_drop_object:
  .incbin LOADSHARE_EARLY_DROP_OBJECT
loadshare_early_drop_object_end:
  .byte 0
  .section .note.GNU-stack, "", %progbits
