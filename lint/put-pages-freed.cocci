// SPDX-License-Identifier: GPL-2.0-only
// RULE: after vmap() with VM_MAP_PUT_PAGES, free the pages by vfree() alone,
// BECAUSE the mapping owns the references and the array; vunmap() leaks them.
// Right: driver/pages.c
// Files: VM_MAP_PUT_PAGES

@initialize:python@
@@
hits = []

@freed exists@
expression pages, x, n, E;
identifier g =~ "^(__free_page|__free_pages|put_page|kvfree|kfree|vfree|release_pages)$";
position p;
statement S;
@@
 x = vmap(pages, n, <+... VM_MAP_PUT_PAGES ...+>, E);
 if (!x) S
 ...
 g@p(<+... pages ...+>, ...)

@script:python@
p << freed.p;
g << freed.g;
@@
hits.append((p[0].file, int(p[0].line), p[0].current_element, g + '() of what vfree() frees'))

@freedd exists@
type T;
identifier x;
expression pages, n, E;
identifier g =~ "^(__free_page|__free_pages|put_page|kvfree|kfree|vfree|release_pages)$";
position p;
statement S;
@@
 T x = vmap(pages, n, <+... VM_MAP_PUT_PAGES ...+>, E);
 ...
 if (!x) S
 ...
 g@p(<+... pages ...+>, ...)

@script:python@
p << freedd.p;
g << freedd.g;
@@
hits.append((p[0].file, int(p[0].line), p[0].current_element, g + '() of what vfree() frees'))

@own@
expression x, pages, n, E;
position p;
@@
 x = vmap(pages, n, <+... VM_MAP_PUT_PAGES ...+>, E)
 ... when != x = ...
 vunmap@p(x)

@script:python@
p << own.p;
@@
hits.append((p[0].file, int(p[0].line), p[0].current_element, 'vunmap() leaks the pages'))

@ownd@
type T;
identifier x;
expression pages, n, E;
position p;
@@
 T x = vmap(pages, n, <+... VM_MAP_PUT_PAGES ...+>, E);
 ... when != x = ...
 vunmap@p(x)

@script:python@
p << ownd.p;
@@
hits.append((p[0].file, int(p[0].line), p[0].current_element, 'vunmap() leaks the pages'))

@members@
expression E, n, F;
identifier m, pages;
@@
 E->m = vmap(E->pages, n, <+... VM_MAP_PUT_PAGES ...+>, F)

@later exists@
expression E;
identifier members.m, members.pages;
identifier g =~ "^(__free_page|__free_pages|put_page|kvfree|kfree|vfree|release_pages)$";
position p;
@@
 vfree(E->m)
 ... when != E->pages = ...
 g@p(<+... E->pages ...+>, ...)

@script:python@
p << later.p;
g << later.g;
@@
hits.append((p[0].file, int(p[0].line), p[0].current_element, g + '() of what vfree() has freed'))

@mapped@
expression E, pages, n, F;
identifier m;
@@
 E->m = vmap(pages, n, <+... VM_MAP_PUT_PAGES ...+>, F)

@unmapped@
expression E;
identifier mapped.m;
position p;
@@
 vunmap@p(E->m)

@script:python@
p << unmapped.p;
@@
hits.append((p[0].file, int(p[0].line), p[0].current_element, 'vunmap() leaks the pages'))

@finalize:python@
@@
for file, line, function, text in sorted(set(hits)):
    print(f'HIT {file}:{line}:{function}: {text}')
