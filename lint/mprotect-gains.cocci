// SPDX-License-Identifier: GPL-2.0-only
// RULE: ->mmap that refuses VM_WRITE or VM_EXEC clears VM_MAYWRITE or VM_MAYEXEC as well,
// BECAUSE mprotect() gives the process afterwards what mmap() has refused.
// Right: driver/pages.c
// Files: VM_(WRITE|EXEC)\b|VMA_(WRITE|EXEC)_BIT
//
// A function that names VM_MAYWRITE or VM_MAYEXEC at all has no hit for that right. A shared
// mapping of a file that was opened to read only does not gain VM_WRITE in any case.

@initialize:python@
@@
import re
cleared, handlers, sinks = set(), set(), []

def where(p):
    return p[0].file, p[0].current_element

def refuses(condition, flags, p):
    # "Unless it is writable" is another matter
    if re.search(r'!\s*\(\s*[^()&]*vm_flags\s*&\s*' + re.escape(flags), condition):
        return
    for right in ('WRITE', 'EXEC'):
        if re.search(rf'\bVM_{right}\b', flags):
            sinks.append((where(p), p[0].line, right))

@ops@
identifier s, f, T;
position p;
@@
struct T s@p = { .mmap = f, };

@script:python@
f << ops.f;
p << ops.p;
@@
handlers.add((p[0].file, f))

@refused@
struct vm_area_struct *v;
expression C, E;
position p;
@@
 if@p (\(C \& <+... v->vm_flags & E ...+>\)) return ...;

@script:python@
C << refused.C;
E << refused.E;
p << refused.p;
@@
refuses(C, E, p)

@refusedr@
struct vm_area_struct *v;
expression C, E;
position p;
@@
 if@p (\(C \& <+... v->vm_flags & E ...+>\)) { ... return ...; }

@script:python@
C << refusedr.C;
E << refusedr.E;
p << refusedr.p;
@@
refuses(C, E, p)

@refusedg@
struct vm_area_struct *v;
expression C, E;
identifier l;
position p;
@@
 if@p (\(C \& <+... v->vm_flags & E ...+>\)) { ... goto l; }

@script:python@
C << refusedg.C;
E << refusedg.E;
p << refusedg.p;
@@
refuses(C, E, p)

@write@
position p;
@@
 VM_MAYWRITE@p

@script:python@
p << write.p;
@@
cleared.add((where(p), 'WRITE'))

@exec@
position p;
@@
 VM_MAYEXEC@p

@script:python@
p << exec.p;
@@
cleared.add((where(p), 'EXEC'))

@finalize:python@
@@
for at, line, right in sorted(set(sinks), key=lambda sink: (sink[0][0], int(sink[1]))):
    file, function = at
    if (at, right) in cleared or 'fault' in function:
        continue
    if at in handlers or 'map' in function:
        print(f'HIT {file}:{line}:{function}: refuses VM_{right}, and leaves VM_MAY{right} to mprotect()')
