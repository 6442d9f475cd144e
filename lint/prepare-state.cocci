// SPDX-License-Identifier: GPL-2.0-only
// RULE: don't change what outlives ->mmap_prepare there; take references in ->mapped,
// BECAUSE mmap() may fail after it, and then nobody undoes it.
// Right: driver/vma.c
// Files: mmap_prepare

@initialize:python@
@@
hits = []

@ops@
identifier s, f;
@@
struct file_operations s = { .mmap_prepare = \(f\|&f\), };

@count@
identifier ops.f;
identifier desc;
identifier g =~ "^(atomic(64|_long)?_(inc|add|dec|sub)\\w*|(refcount_inc|kref_get)(_not_zero|_unless_zero)?|kobject_get|get_device|get_page|folio_get|get_file|(list|hlist)_(add|del|move)\\w*|(__)?(test_and_)?(set|clear|change)_bit|pm_runtime_(get(_sync)?|resume_and_get)|try_module_get|__module_get)$";
position p;
@@
 f(struct vm_area_desc *desc) { <+... g@p(...) ...+> }

@script:python@
p << count.p;
g << count.g;
@@
hits.append((p[0].file, int(p[0].line), p[0].current_element, g + '()'))

@assign@
identifier ops.f;
identifier desc, m, n;
expression E, F, V;
position p;
@@
 f(struct vm_area_desc *desc) { <+...
(
 E->m@p = V
|
 E->m@p |= V
|
 E->m@p &= V
|
 E->m@p += V
|
 E->m@p -= V
|
 E->m@p++
|
 E->m@p--
|
 ++E->m@p
|
 --E->m@p
|
 E->m@p.n = V
|
 E->m@p.n |= V
|
 E->m@p.n &= V
|
 E->m@p.n += V
|
 E->m@p.n -= V
|
 E->m@p.n++
|
 E->m@p.n--
|
 ++E->m@p.n
|
 --E->m@p.n
|
 E->m@p[F] = V
|
 E->m@p[F] |= V
|
 E->m@p[F] &= V
|
 E->m@p[F] += V
|
 E->m@p[F] -= V
|
 E->m@p[F]++
|
 E->m@p[F]--
|
 ++E->m@p[F]
|
 --E->m@p[F]
)
 ...+> }

@script:python@
p << assign.p;
E << assign.E;
m << assign.m;
d << assign.desc;
@@
if not E.startswith(d):
    hits.append((p[0].file, int(p[0].line), p[0].current_element, f'a change of {E}->{m}'))

@finalize:python@
@@
for file, line, function, what in sorted(set(hits)):
    print(f'HIT {file}:{line}:{function}: {what} in ->mmap_prepare')
