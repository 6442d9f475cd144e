// SPDX-License-Identifier: GPL-2.0-only
// RULE: ->fault finds its page by vmf->pgoff, not by the distance to vma->vm_start,
// BECAUSE after munmap() of the head of a mapping, that distance starts at 0 again.
// Right: driver/fault.c
// Files: vm_start|linear_page_delta|pgoff - .*vm_pgoff
//
// vmf->pgoff - vma->vm_pgoff is the same distance. A function that also uses vm_pgoff in
// another way has no hit, as it may add what was unmapped; nor has a file with ->may_split,
// which can refuse to unmap a part.

@initialize:python@
@@
import re
handlers, other, called, sinks = set(), set(), {}, []

def where(p):
    return p[0].file, p[0].current_element

def splits(path):
    with open(path, encoding='utf-8', errors='replace') as source:
        return not re.search(r'\.may_split', source.read())

@handler@
identifier f, vmf;
position p;
@@
 f@p(..., struct vm_fault *vmf, ...) { ... }

@script:python@
f << handler.f;
p << handler.p;
@@
handlers.add((p[0].file, f))

@start@
expression E, v;
position p;
@@
 E - v->vm_start@p

@script:python@
E << start.E;
p << start.p;
@@
if not E.endswith('vm_end'):
    sinks.append((where(p), p[0].line))

@copy@
expression E, v;
identifier b;
type T;
position p;
@@
(
 T b = v->vm_start;
|
 b = v->vm_start
)
 ... when != b = ...
     when != b += ...
 E - b@p

@script:python@
E << copy.E;
p << copy.p;
@@
if not E.endswith('vm_end'):
    sinks.append((where(p), p[0].line))

// What a handler calls with the address
@called@
struct vm_fault *vmf;
identifier g;
position p;
@@
 g@p(..., vmf->address, ...)

@script:python@
p << called.p;
g << called.g;
@@
called.setdefault((p[0].file, g), set()).add(where(p))

@delta@
position p;
@@
 linear_page_delta@p(...)

@script:python@
p << delta.p;
@@
sinks.append((where(p), p[0].line))

@pages@
expression w, v;
position p;
@@
 w->pgoff - v->vm_pgoff@p

@script:python@
p << pages.p;
@@
sinks.append((where(p), p[0].line))

@used@
expression v;
position p != pages.p;
@@
 v->vm_pgoff@p

@script:python@
p << used.p;
@@
other.add(where(p))

@index@
position p;
@@
 linear_page_index@p(...)

@script:python@
p << index.p;
@@
other.add(where(p))

@finalize:python@
@@
for at, line in sorted(set(sinks), key=lambda sink: (sink[0][0], int(sink[1]))):
    file, function = at
    above = called.get(at, set()) & handlers
    if (at in handlers or above) and not (above | {at}) & other and splits(file):
        print(f'HIT {file}:{line}:{function}: the page is found by its distance to the start of the VMA')
