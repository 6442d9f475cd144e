// SPDX-License-Identifier: GPL-2.0-only
// Only parsed, by scripts/check-scripts: has the mistake of put-pages-freed
static int t_use(struct page **pages, int nr)
{
	void *kaddr;

	kaddr = vmap(pages, nr, VM_MAP | VM_MAP_PUT_PAGES, PAGE_KERNEL);
	if (!kaddr)
		return -ENOMEM;
	memset(kaddr, 0, nr * PAGE_SIZE);
	vfree(kaddr);
	kvfree(pages); /* HIT */

	return 0;
}
