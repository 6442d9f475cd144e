// SPDX-License-Identifier: GPL-2.0-only
// RULE: ->fault checks vmf->pgoff, or ->mmap checks the range and sets VM_DONTEXPAND,
// BECAUSE mremap() makes the mapping longer than ->mmap has checked.
// Right: driver/fault.c
// Files: vmf->pgoff|vmf->address
//
// mremap() refuses to expand a mapping with VM_PFNMAP as well, and remap_pfn_range() sets
// both. So a file that names one of these, and the offset or the end of the VMA as well, has
// no hit; neither has one that uses the GEM code of DRM, which checks and sets both.

@initialize:python@
@@
import re
checked, sinks, handlers = set(), [], set()

def refuses(path):
    with open(path, encoding='utf-8', errors='replace') as source:
        code = re.sub(r'/\*.*?\*/|//[^\n]*', '', source.read(), flags=re.S)
    return re.search('drm_gem_', code) or (
        re.search('DONTEXPAND|VMA?_PFNMAP|remap_pfn_range', code) and
        re.search(r'vm_pgoff|vm_end|vma_pages|desc->(pgoff|end)|vma_desc_', code))

def where(p):
    return p[0].file, p[0].current_element

@ops@
identifier s, f;
position p;
@@
struct vm_operations_struct s@p = { .fault = f, };

@script:python@
f << ops.f;
p << ops.p;
@@
handlers.add((p[0].file, f))

@copy@
struct vm_fault *vmf;
expression x;
@@
 x = <+... \(vmf->pgoff\|vmf->address\) ...+>

@copyd@
struct vm_fault *vmf;
identifier x;
type T;
@@
 T x = <+... \(vmf->pgoff\|vmf->address\) ...+>;

@check@
struct vm_fault *vmf;
statement S1, S2;
position p;
@@
 if@p (<+... \(vmf->pgoff\|vmf->address\) ...+>) S1 else S2

@script:python@
p << check.p;
@@
checked.add(where(p))

@checkx@
expression copy.x;
statement S1, S2;
position p;
@@
 if@p (<+... x ...+>) S1 else S2

@script:python@
p << checkx.p;
@@
checked.add(where(p))

@checkd@
identifier copyd.x;
statement S1, S2;
position p;
@@
 if@p (<+... x ...+>) S1 else S2

@script:python@
p << checkd.p;
@@
checked.add(where(p))

@sink@
struct vm_fault *vmf;
expression A;
identifier g =~ "^(virt_to_page|vmalloc_to_page|pfn_to_page|vmf_insert_pfn|vmf_insert_mixed)$";
position p;
@@
(
 A@p[<+... vmf->pgoff ...+>]
|
 g@p(..., <+... vmf->pgoff ...+>, ...)
)

@script:python@
p << sink.p;
@@
sinks.append((where(p), int(p[0].line)))

@sinkx@
expression copy.x;
expression A;
identifier g =~ "^(virt_to_page|vmalloc_to_page|pfn_to_page)$";
position p;
@@
(
 A@p[<+... x ...+>]
|
 g@p(<+... x ...+>)
)

@script:python@
p << sinkx.p;
@@
sinks.append((where(p), int(p[0].line)))

@sinkd@
identifier copyd.x;
expression A;
identifier g =~ "^(virt_to_page|vmalloc_to_page|pfn_to_page)$";
position p;
@@
(
 A@p[<+... x ...+>]
|
 g@p(<+... x ...+>)
)

@script:python@
p << sinkd.p;
@@
sinks.append((where(p), int(p[0].line)))

// An address or index that was calculated from it
@twice@
identifier copyd.x, y;
expression E;
type T;
@@
(
 T y = E + x;
|
 T y = x + E;
)

@checkt@
identifier twice.y;
statement S1, S2;
position p;
@@
 if@p (<+... y ...+>) S1 else S2

@script:python@
p << checkt.p;
@@
checked.add(where(p))

@sinkt@
identifier twice.y;
expression A;
identifier g =~ "^(virt_to_page|vmalloc_to_page|pfn_to_page)$";
position p;
@@
(
 A@p[<+... y ...+>]
|
 g@p(<+... y ...+>)
)

@script:python@
p << sinkt.p;
@@
sinks.append((where(p), int(p[0].line)))

@finalize:python@
@@
for at, line in sorted(set(sinks), key=lambda sink: (sink[0][0], int(sink[1]))):
    if at in handlers and at not in checked and not refuses(at[0]):
        print(f'HIT {at[0]}:{line}:{at[1]}: ->fault trusts the offset, which '
              'nothing checks, or mremap() may get beyond')
