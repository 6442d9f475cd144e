// SPDX-License-Identifier: GPL-2.0-only
// RULE: the protection of what a driver maps comes from vma->vm_page_prot,
// BECAUSE a constant such as PAGE_SHARED lets a process write that has asked to read only.
// Right: driver/vmalloc.c
// Files: PAGE_(SHARED|COPY|READONLY|KERNEL)
//
// pgprot_noncached(PAGE_SHARED) and the like are constants, too.

@initialize:python@
@@

@sink@
identifier g =~ "^(io_remap_pfn_range|remap_pfn_range|vmf_insert_pfn_prot|vmf_insert_mixed_prot|mmap_action_remap|apply_to_page_range)$";
identifier prot =~ "^PAGE_(SHARED|COPY|READONLY|KERNEL)(_EXEC|_NOEXEC|_RO|_NOCACHE|_IO)?$";
position p;
@@
 g@p(..., <+... prot ...+>, ...)

@script:python@
p << sink.p;
g << sink.g;
prot << sink.prot;
@@
print(f'HIT {p[0].file}:{p[0].line}:{p[0].current_element}: {g}() gets {prot}, whatever mmap() was asked for')
