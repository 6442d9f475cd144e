// SPDX-License-Identifier: GPL-2.0-only
// RULE: pin pages for I/O by pin_user_pages_fast(), release them by unpin_user_pages(),
// BECAUSE a reference alone does not tell the kernel that a device uses the page.
// Right: driver/ioctl.c
// Files: get_user_page
//
// A hit needs a function of I/O in the same file: DMA, an IOMMU, a scatter list, a bio, or
// one that marks pages dirty.

@initialize:python@
@@
import re
hits = []

def does_io(path):
    with open(path, encoding='utf-8', errors='replace') as source:
        return re.search(r'\b(dma_map_\w+|sg_set_page|sg_alloc_table_from_pages\w*|bio_add_page|'
                         r'set_page_dirty\w*|iommu_map(_sg|_sgtable)?)\(', source.read())

@get@
identifier g =~ "^get_user_pages?(_fast|_remote|_unlocked|_fast_only)?$";
position p;
@@
 g@p(...)

@script:python@
p << get.p;
g << get.g;
@@
if does_io(p[0].file):
    hits.append((p[0].file, int(p[0].line), p[0].current_element, g))

@finalize:python@
@@
for file, line, function, g in sorted(set(hits)):
    print(f'HIT {file}:{line}:{function}: {g}() of pages for I/O')
