// SPDX-License-Identifier: GPL-2.0-only
// RULE: check vm_pgoff before it becomes a page frame or an index,
// BECAUSE user space chooses it: mmap() then maps whatever it names.
// Right: driver/pfn.c
// Files: vm_pgoff|desc->pgoff
//
// A condition on the offset, in the function or in its caller in the same file, counts as
// a check; so does a call that takes the offset, as it may look it up. Remapping functions
// that check the offset themselves, such as vm_iomap_memory(), are no users of it unless
// it is in what they are given.

@initialize:python@
@@
import re
PLAIN = re.compile(r'^(io_remap_pfn_range|remap_pfn_range|vmf_insert_\w+|vm_insert_page|'
                   r'vm_iomap_memory|mmap_action_\w+|PFN_PHYS|__pa|__va|virt_to_\w+|pfn_to_page|'
                   r'page_to_pfn|vmalloc_to_\w+|page_to_virt|phys_to_virt|printk|pr_\w+|dev_\w+|'
                   r'netdev_\w+|\w*dbg\w*|trace_\w+|sizeof|__phys_to_pfn|PHYS_PFN|PFN_DOWN|'
                   r'ALIGN|round_up|vma_pages|min|max|unlikely|likely|DRM_\w+|drm_dbg\w*)$')
checked, looks, frames, callers, sinks = set(), set(), set(), {}, []

def where(p):
    return p[0].file, p[0].current_element

@copy1@
expression v, x;
position p;
@@
(
 x@p = <+... v->vm_pgoff ...+>
|
 x@p = <+... v->pgoff ...+>
)

@copy1d@
expression v;
identifier x;
type T;
position p;
@@
(
 T x@p = <+... v->vm_pgoff ...+>;
|
 T x@p = <+... v->pgoff ...+>;
)


@check@
expression v;
position p;
statement S1, S2;
@@
(
 if@p (<+... v->vm_pgoff ...+>) S1 else S2
|
 if@p (<+... v->pgoff ...+>) S1 else S2
)

@script:python@
p << check.p;
@@
checked.add(where(p))

@check1@
expression copy1.x;
position p;
statement S1, S2;
@@
 if@p (<+... x ...+>) S1 else S2

@script:python@
p << check1.p;
@@
checked.add(where(p))

@check1d@
identifier copy1d.x;
position p;
statement S1, S2;
@@
 if@p (<+... x ...+>) S1 else S2

@script:python@
p << check1d.p;
@@
checked.add(where(p))

// snd_pcm_mmap_data() has checked it
@pcm@
identifier f, s;
position p;
@@
 f@p(..., struct snd_pcm_substream *s, ...) { ... }

@script:python@
p << pcm.p;
f << pcm.f;
@@
checked.add((p[0].file, f))

@own@
expression v, E;
position p;
@@
 v->vm_pgoff@p = E

@script:python@
p << own.p;
E << own.E;
@@
if 'pgoff' not in E:
    checked.add(where(p))

@passed@
expression v;
identifier g;
position p;
@@
(
 g@p(..., <+... v->vm_pgoff ...+>, ...)
|
 g@p(..., <+... v->pgoff ...+>, ...)
)

@script:python@
p << passed.p;
g << passed.g;
@@
if not PLAIN.match(g):
    checked.add(where(p))

@passed1@
expression copy1.x;
identifier g;
position p;
@@
 g@p(..., <+... x ...+>, ...)

@script:python@
p << passed1.p;
g << passed1.g;
@@
if not PLAIN.match(g):
    checked.add(where(p))

@passed1d@
identifier copy1d.x;
identifier g;
position p;
@@
 g@p(..., <+... x ...+>, ...)

@script:python@
p << passed1d.p;
g << passed1d.g;
@@
if not PLAIN.match(g):
    checked.add(where(p))

@call@
identifier g;
idexpression {struct vm_area_struct *, struct vm_area_desc *, struct vm_fault *} v;
position p;
@@
 g@p(..., v, ...)

@script:python@
p << call.p;
g << call.g;
@@
callers.setdefault((p[0].file, g), set()).add(where(p))

@sink@
expression v;
identifier g =~ "^(io_remap_pfn_range|remap_pfn_range|vmf_insert_pfn|vm_iomap_memory|mmap_action_(io)?remap(_full)?|vmf_insert_mixed|pfn_to_page)$";
position p;
@@
(
 g@p(..., <+... v->vm_pgoff ...+>, ...)
|
 g@p(..., <+... v->pgoff ...+>, ...)
)

@script:python@
p << sink.p;
g << sink.g;
@@
sinks.append((where(p), p[0].line, g + '() gets'))

@sink1@
expression copy1.x;
identifier g =~ "^(io_remap_pfn_range|remap_pfn_range|vmf_insert_pfn|vm_iomap_memory|mmap_action_(io)?remap(_full)?|vmf_insert_mixed|pfn_to_page)$";
position p;
@@
 g@p(..., <+... x ...+>, ...)

@script:python@
p << sink1.p;
g << sink1.g;
x << copy1.x;
@@
if not x.endswith('vm_pgoff'):
    sinks.append((where(p), p[0].line, g + '() gets'))

@sink1d@
identifier copy1d.x;
identifier g =~ "^(io_remap_pfn_range|remap_pfn_range|vmf_insert_pfn|vm_iomap_memory|mmap_action_(io)?remap(_full)?|vmf_insert_mixed|pfn_to_page)$";
position p;
@@
 g@p(..., <+... x ...+>, ...)

@script:python@
p << sink1d.p;
g << sink1d.g;
@@
sinks.append((where(p), p[0].line, g + '() gets'))

@index@
expression v, A;
position p;
@@
(
 A@p[<+... v->vm_pgoff ...+>]
|
 A@p[<+... v->pgoff ...+>]
)

@script:python@
p << index.p;
@@
sinks.append((where(p), p[0].line, 'an array is indexed by'))

@index1@
expression A;
expression copy1.x;
position p;
@@
 A@p[<+... x ...+>]

@script:python@
p << index1.p;
@@
sinks.append((where(p), p[0].line, 'an array is indexed by'))

@index1d@
expression A;
identifier copy1d.x;
position p;
@@
 A@p[<+... x ...+>]

@script:python@
p << index1d.p;
@@
sinks.append((where(p), p[0].line, 'an array is indexed by'))

@twice1@
expression copy1.x;
expression E;
identifier y;
type T;
@@
 T y = E + x;

@checkt1@
identifier twice1.y;
position p;
statement S1, S2;
@@
 if@p (<+... y ...+>) S1 else S2

@script:python@
p << checkt1.p;
@@
checked.add(where(p))

@passedt1@
identifier twice1.y;
identifier g;
position p;
@@
 g@p(..., <+... y ...+>, ...)

@script:python@
p << passedt1.p;
g << passedt1.g;
@@
if not PLAIN.match(g):
    checked.add(where(p))

@sinkt1@
identifier twice1.y;
identifier g =~ "^(io_remap_pfn_range|remap_pfn_range|vmf_insert_pfn|vm_iomap_memory|mmap_action_(io)?remap(_full)?|vmf_insert_mixed|pfn_to_page)$";
position p;
@@
 g@p(..., <+... y ...+>, ...)

@script:python@
p << sinkt1.p;
g << sinkt1.g;
y << twice1.y;
@@
if not y.endswith('vm_pgoff'):
    sinks.append((where(p), p[0].line, g + '() gets'))

@twice1a@
expression copy1.x;
expression E;
expression y;
@@
 y = E + x

@checkt1a@
expression twice1a.y;
position p;
statement S1, S2;
@@
 if@p (<+... y ...+>) S1 else S2

@script:python@
p << checkt1a.p;
@@
checked.add(where(p))

@passedt1a@
expression twice1a.y;
identifier g;
position p;
@@
 g@p(..., <+... y ...+>, ...)

@script:python@
p << passedt1a.p;
g << passedt1a.g;
@@
if not PLAIN.match(g):
    checked.add(where(p))

@sinkt1a@
expression twice1a.y;
identifier g =~ "^(io_remap_pfn_range|remap_pfn_range|vmf_insert_pfn|vm_iomap_memory|mmap_action_(io)?remap(_full)?|vmf_insert_mixed|pfn_to_page)$";
position p;
@@
 g@p(..., <+... y ...+>, ...)

@script:python@
p << sinkt1a.p;
g << sinkt1a.g;
y << twice1a.y;
@@
if not y.endswith('vm_pgoff'):
    sinks.append((where(p), p[0].line, g + '() gets'))

@twice1d@
identifier copy1d.x;
expression E;
identifier y;
type T;
@@
 T y = E + x;

@checkt1d@
identifier twice1d.y;
position p;
statement S1, S2;
@@
 if@p (<+... y ...+>) S1 else S2

@script:python@
p << checkt1d.p;
@@
checked.add(where(p))

@passedt1d@
identifier twice1d.y;
identifier g;
position p;
@@
 g@p(..., <+... y ...+>, ...)

@script:python@
p << passedt1d.p;
g << passedt1d.g;
@@
if not PLAIN.match(g):
    checked.add(where(p))

@sinkt1d@
identifier twice1d.y;
identifier g =~ "^(io_remap_pfn_range|remap_pfn_range|vmf_insert_pfn|vm_iomap_memory|mmap_action_(io)?remap(_full)?|vmf_insert_mixed|pfn_to_page)$";
position p;
@@
 g@p(..., <+... y ...+>, ...)

@script:python@
p << sinkt1d.p;
g << sinkt1d.g;
y << twice1d.y;
@@
if not y.endswith('vm_pgoff'):
    sinks.append((where(p), p[0].line, g + '() gets'))

@twice1da@
identifier copy1d.x;
expression E;
expression y;
@@
 y = E + x

@checkt1da@
expression twice1da.y;
position p;
statement S1, S2;
@@
 if@p (<+... y ...+>) S1 else S2

@script:python@
p << checkt1da.p;
@@
checked.add(where(p))

@passedt1da@
expression twice1da.y;
identifier g;
position p;
@@
 g@p(..., <+... y ...+>, ...)

@script:python@
p << passedt1da.p;
g << passedt1da.g;
@@
if not PLAIN.match(g):
    checked.add(where(p))

@sinkt1da@
expression twice1da.y;
identifier g =~ "^(io_remap_pfn_range|remap_pfn_range|vmf_insert_pfn|vm_iomap_memory|mmap_action_(io)?remap(_full)?|vmf_insert_mixed|pfn_to_page)$";
position p;
@@
 g@p(..., <+... y ...+>, ...)

@script:python@
p << sinkt1da.p;
g << sinkt1da.g;
y << twice1da.y;
@@
if not y.endswith('vm_pgoff'):
    sinks.append((where(p), p[0].line, g + '() gets'))

// A function that is given the VMA and looks at the offset is taken for a check
@looks@
expression v;
position p;
@@
(
 v->vm_pgoff@p
|
 v->pgoff@p
)

@script:python@
p << looks.p;
@@
looks.add(where(p))

// A frame that a function of the file calculates
@frame@
expression v, E;
identifier f;
position p;
@@
 f@p(...) { <+... return E + v->vm_pgoff; ...+> }

@sinkf@
identifier frame.f;
identifier g =~ "^(io_remap_pfn_range|remap_pfn_range|vmf_insert_pfn|vm_iomap_memory|mmap_action_(io)?remap(_full)?|vmf_insert_mixed|pfn_to_page)$";
position p;
@@
 g@p(..., f(...), ...)

@script:python@
p << sinkf.p;
g << sinkf.g;
f << frame.f;
@@
frames.add((p[0].file, f))
if (p[0].file, f) not in checked:
    sinks.append((where(p), p[0].line, g + '() gets'))

@finalize:python@
@@
for called in looks - frames - {at for at, _, _ in sinks}:
    checked |= callers.get(called, set())
for at, line, text in sorted(set(sinks), key=lambda sink: (sink[0][0], int(sink[1]))):
    file, function = at
    # ->fault is for another rule
    if at in checked or 'fault' in function or callers.get((file, function), set()) & checked:
        continue
    print(f'HIT {file}:{line}:{function}: {text} an offset that user space has chosen')
