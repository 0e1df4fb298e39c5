/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The compiled decider.bpf.c inside the helper, for libbpf to load from memory. */
  .section .rodata
  .balign 8
  .global loadshare_decider_object
  .global loadshare_decider_object_end
loadshare_decider_object:
  .incbin LOADSHARE_DECIDER_OBJECT
loadshare_decider_object_end:
  .byte 0
  .section .note.GNU-stack, "", %progbits
