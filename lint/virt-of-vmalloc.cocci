// SPDX-License-Identifier: GPL-2.0-only
// RULE: find the page of vmalloc() or vmap() memory by vmalloc_to_page(),
// BECAUSE virt_to_page(), virt_to_phys(), __pa() and dma_map_single() are for the direct
// mapping only.
// Right: driver/vmalloc.c
// Files: \b(__vmalloc|vmalloc|vzalloc|vcalloc|vmap|vm_map_ram)\w*\(

@initialize:python@
@@
import re
ALLOC = re.compile(r'\b(__vmalloc|vmalloc|vzalloc|vcalloc|vmap|vm_map_ram)\w*\(')
hits, members, other = [], [], set()

def where(p):
    return p[0].file, p[0].current_element

@alloc@
expression x;
identifier a =~ "^(__vmalloc(_array)?|vmalloc(_user|_32|_32_user|_node|_array|_huge)?|vzalloc(_node)?|vcalloc|vmap|vm_map_ram)$";
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

@allocdma@
expression x;
expression D;
identifier a =~ "^(__vmalloc(_array)?|vmalloc(_user|_32|_32_user|_node|_array|_huge)?|vzalloc(_node)?|vcalloc|vmap|vm_map_ram)$";
position p;
@@
 x = a(...)
 ... when != x = ...
 dma_map_single@p(D, x, ...)

@script:python@
p << allocdma.p;
@@
hits.append((p[0].file, int(p[0].line), p[0].current_element, 'dma_map_single'))

@declared@
type T;
identifier x;
identifier a =~ "^(__vmalloc(_array)?|vmalloc(_user|_32|_32_user|_node|_array|_huge)?|vzalloc(_node)?|vcalloc|vmap|vm_map_ram)$";
identifier g =~ "^(virt_to_phys|virt_to_page|virt_to_pfn|__pa|virt_to_bus)$";
position p;
@@
 T x = a(...);
 ... when != x = ...
 g@p(<+... x ...+>)

@script:python@
p << declared.p;
g << declared.g;
@@
hits.append((p[0].file, int(p[0].line), p[0].current_element, g))

@declareddma@
type T;
identifier x;
expression D;
identifier a =~ "^(__vmalloc(_array)?|vmalloc(_user|_32|_32_user|_node|_array|_huge)?|vzalloc(_node)?|vcalloc|vmap|vm_map_ram)$";
position p;
@@
 T x = a(...);
 ... when != x = ...
 dma_map_single@p(D, x, ...)

@script:python@
p << declareddma.p;
@@
hits.append((p[0].file, int(p[0].line), p[0].current_element, 'dma_map_single'))

@member@
expression E;
identifier m;
identifier a =~ "^(__vmalloc(_array)?|vmalloc(_user|_32|_32_user|_node|_array|_huge)?|vzalloc(_node)?|vcalloc|vmap|vm_map_ram)$";
@@
 E->m = a(...)

// A function that allocates it in another way
@assigned@
expression E, X;
identifier member.m;
position p;
@@
 E->m@p = X

@script:python@
X << assigned.X;
p << assigned.p;
@@
if not ALLOC.search(X):
    other.add(where(p))

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
members.append((p[0].file, int(p[0].line), p[0].current_element, g))

@usedma@
expression D, E;
identifier member.m;
position p;
@@
 dma_map_single@p(D, E->m, ...)

@script:python@
p << usedma.p;
@@
members.append((p[0].file, int(p[0].line), p[0].current_element, 'dma_map_single'))

@copy@
expression E, F;
identifier member.m, y;
type T, U;
identifier g =~ "^(virt_to_phys|virt_to_page|virt_to_pfn|__pa|virt_to_bus)$";
position p;
@@
(
 T *y = E->m;
|
 T *y = E->m + F;
|
 T *y = (U)E->m;
)
 ... when != y = ...
 g@p(<+... y ...+>)

@script:python@
p << copy.p;
g << copy.g;
@@
members.append((p[0].file, int(p[0].line), p[0].current_element, g))

// A variable of the file
@common@
global idexpression x;
identifier a =~ "^(__vmalloc(_array)?|vmalloc(_user|_32|_32_user|_node|_array|_huge)?|vzalloc(_node)?|vcalloc|vmap|vm_map_ram)$";
@@
 x = a(...)

@usec@
global idexpression common.x;
identifier g =~ "^(virt_to_phys|virt_to_page|virt_to_pfn|__pa|virt_to_bus)$";
position p;
@@
 g@p(<+... x ...+>)

@script:python@
p << usec.p;
g << usec.g;
@@
hits.append((p[0].file, int(p[0].line), p[0].current_element, g))

@finalize:python@
@@
hits += [hit for hit in members if (hit[0], hit[2]) not in other]
for file, line, function, g in sorted(set(hits)):
    print(f'HIT {file}:{line}:{function}: {g}() of memory from vmalloc() or vmap()')
