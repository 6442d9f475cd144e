// SPDX-License-Identifier: GPL-2.0-only
// RULE: change vm_flags by vm_flags_set(), vm_flags_clear() or vm_flags_mod(),
// BECAUSE they take the lock of the VMA; the member is const since 6.3.
// Right: driver/vmalloc.c
// Files: vm_flags

@initialize:python@
@@
hits = []

@write@
struct vm_area_struct *v;
expression E;
position p;
@@
(
 v->vm_flags@p |= E
|
 v->vm_flags@p &= E
|
 v->vm_flags@p ^= E
|
 v->vm_flags@p = E
)

@script:python@
p << write.p;
@@
hits.append((p[0].file, int(p[0].line), p[0].current_element))

// Of a member "vma" the type is not known here
@member@
expression E, F;
position p;
@@
(
 F->vma->vm_flags@p |= E
|
 F->vma->vm_flags@p &= E
|
 F->vma->vm_flags@p = E
)

@script:python@
p << member.p;
@@
hits.append((p[0].file, int(p[0].line), p[0].current_element))

@finalize:python@
@@
for file, line, function in sorted(set(hits)):
    print(f'HIT {file}:{line}:{function}: vm_flags is written directly')
