// SPDX-License-Identifier: GPL-2.0-only
// RULE: compare the length with what is left behind the offset, not a sum with the size,
// BECAUSE offset + length may wrap.
// Right: driver/pfn.c
// Files: vm_pgoff
//
// mmap() refuses offsets whose sum with the length does not fit into an unsigned long
// (file_mmap_ok()), unless the file has FOP_UNSIGNED_OFFSET. So what is left to be found are
// sums in files with that, and sums of a type with fewer bits.

@initialize:python@
@@
hits = []

def unsigned_offset(path):
    with open(path, encoding='utf-8', errors='replace') as source:
        return 'FOP_UNSIGNED_OFFSET' in source.read()

@offset@
type U;
expression v;
expression x;
position p;
@@
(
 x@p = <+... \(v->vm_pgoff\|(U)v->vm_pgoff\) << PAGE_SHIFT ...+>
|
 x@p = <+... v->vm_pgoff * PAGE_SIZE ...+>
|
 x@p = <+... PFN_PHYS(v->vm_pgoff) ...+>
)

@sum@
expression offset.x;
expression e, len;
position p;
@@
(
 x + e >@p len
|
 e + x >@p len
|
 x + e >=@p len
|
 len <@p x + e
|
 x + e <=@p len
)

@script:python@
p << sum.p;
@@
if unsigned_offset(p[0].file):
    hits.append((p[0].file, int(p[0].line), p[0].current_element))

@declared@
type U;
expression v;
identifier x;
type T;
position p;
@@
(
 T x@p = <+... \(v->vm_pgoff\|(U)v->vm_pgoff\) << PAGE_SHIFT ...+>;
|
 T x@p = <+... v->vm_pgoff * PAGE_SIZE ...+>;
|
 T x@p = <+... PFN_PHYS(v->vm_pgoff) ...+>;
)

@sumd@
identifier declared.x;
expression e, len;
position p;
@@
(
 x + e >@p len
|
 e + x >@p len
|
 x + e >=@p len
|
 len <@p x + e
|
 x + e <=@p len
)

@script:python@
p << sumd.p;
@@
if unsigned_offset(p[0].file):
    hits.append((p[0].file, int(p[0].line), p[0].current_element))

@narrow@
type U;
typedef u32;
{int, unsigned int, u32} x;
expression v, e, len;
statement S1, S2;
position p;
@@
 x = <+... \(v->vm_pgoff\|(U)v->vm_pgoff\) << PAGE_SHIFT ...+>;
 ...
(
 if (<+... x + e >@p len ...+>) S1 else S2
|
 if (<+... e + x >@p len ...+>) S1 else S2
)

@script:python@
p << narrow.p;
@@
hits.append((p[0].file, int(p[0].line), p[0].current_element))

@narrowd@
type U;
typedef u32;
expression v;
identifier x;
@@
(
 u32 x = <+... \(v->vm_pgoff\|(U)v->vm_pgoff\) << PAGE_SHIFT ...+>;
|
 u32 x = <+... v->vm_pgoff * PAGE_SIZE ...+>;
|
 u32 x = <+... PFN_PHYS(v->vm_pgoff) ...+>;
|
 unsigned int x = <+... \(v->vm_pgoff\|(U)v->vm_pgoff\) << PAGE_SHIFT ...+>;
|
 unsigned int x = <+... v->vm_pgoff * PAGE_SIZE ...+>;
|
 unsigned int x = <+... PFN_PHYS(v->vm_pgoff) ...+>;
|
 int x = <+... \(v->vm_pgoff\|(U)v->vm_pgoff\) << PAGE_SHIFT ...+>;
|
 int x = <+... v->vm_pgoff * PAGE_SIZE ...+>;
|
 int x = <+... PFN_PHYS(v->vm_pgoff) ...+>;
)

@narrowsum@
identifier narrowd.x;
expression e, len;
position p;
@@
(
 x + e >@p len
|
 e + x >@p len
|
 x + e >=@p len
|
 len <@p x + e
|
 len <@p e + x
|
 x + e <=@p len
)

@script:python@
p << narrowsum.p;
@@
hits.append((p[0].file, int(p[0].line), p[0].current_element))

// The sum has a name
@end@
type U;
typedef u32;
{int, unsigned int, u32} x, y;
expression v, e, len;
statement S1, S2;
position p;
@@
(
 x = <+... \(v->vm_pgoff\|(U)v->vm_pgoff\) << PAGE_SHIFT ...+>;
|
 x = <+... v->vm_pgoff * PAGE_SIZE ...+>;
)
 ...
(
 y = x + e;
|
 y = e + x;
)
 ...
 if (<+... y >@p len ...+>) S1 else S2

@script:python@
p << end.p;
@@
hits.append((p[0].file, int(p[0].line), p[0].current_element))

@plain@
expression v, e, len;
position p;
@@
(
 (v->vm_pgoff << PAGE_SHIFT) + e >@p len
|
 e + (v->vm_pgoff << PAGE_SHIFT) >@p len
)

@script:python@
p << plain.p;
@@
if unsigned_offset(p[0].file):
    hits.append((p[0].file, int(p[0].line), p[0].current_element))

@finalize:python@
@@
for file, line, function in sorted(set(hits)):
    print(f'HIT {file}:{line}:{function}: offset + length may wrap')
