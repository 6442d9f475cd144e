// SPDX-License-Identifier: GPL-2.0-only
// RULE: find the page of vmalloc() or vmap() memory by vmalloc_to_page(),
// BECAUSE virt_to_page(), virt_to_phys() and __pa() are for the direct mapping only.
// Right: driver/vmalloc.c
// Files: vmalloc|vzalloc|vmap

@initialize:python@
@@
hits = []

@alloc@
expression x;
identifier a =~ "^(vmalloc|vzalloc|vmalloc_user|vmalloc_32|vmalloc_32_user|__vmalloc|vmap)$";
identifier g =~ "^(virt_to_phys|virt_to_page|virt_to_pfn|__pa|virt_to_bus)$";
position p;
@@
 x = a(...)
 ... when != x = ...
 g@p(<+... x ...+>)

@script:python@
p << alloc.p;
g << alloc.g;
@@
hits.append((p[0].file, int(p[0].line), p[0].current_element, g))

@member@
expression E;
identifier m;
identifier a =~ "^(vmalloc|vzalloc|vmalloc_user|vmalloc_32|vmalloc_32_user|__vmalloc|vmap)$";
@@
 E->m = a(...)

@use@
expression E;
identifier member.m;
identifier g =~ "^(virt_to_phys|virt_to_page|virt_to_pfn|__pa|virt_to_bus)$";
position p;
@@
 g@p(<+... E->m ...+>)

@script:python@
p << use.p;
g << use.g;
@@
hits.append((p[0].file, int(p[0].line), p[0].current_element, g))

@finalize:python@
@@
for file, line, function, g in sorted(set(hits)):
    print(f'HIT {file}:{line}:{function}: {g}() of memory from vmalloc() or vmap()')
