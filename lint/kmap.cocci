// SPDX-License-Identifier: GPL-2.0-only
// RULE: map a page by kmap_local_page(), or copy by memcpy_to_page() and the like,
// BECAUSE kmap() is deprecated: it may sleep until one of few global slots is free.
// Right: driver/fault.c, driver/file.c
// Files: \bkmap\(

@initialize:python@
@@
hits = []

@call@
expression E;
position p;
@@
 kmap@p(E)

@script:python@
p << call.p;
@@
hits.append((p[0].file, int(p[0].line), p[0].current_element))

@finalize:python@
@@
for file, line, function in sorted(set(hits)):
    print(f'HIT {file}:{line}:{function}: kmap()')
