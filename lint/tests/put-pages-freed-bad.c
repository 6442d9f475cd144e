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

static int t_once(struct page **pages, int nr)
{
	char *virt = vmap(pages, nr, VM_MAP_PUT_PAGES, PAGE_KERNEL);
	int i;

	if (virt == NULL)
		return -ENOMEM;
	memset(virt, 0, nr << PAGE_SHIFT);
	vunmap(virt); /* HIT */
	for (i = 0; i < nr; i++)
		put_page(pages[i]); /* HIT */

	return 0;
}

static int t_create(struct t_buffer *buf, unsigned int nr)
{
	buf->kaddr = vmap(buf->pages, nr, VM_MAP | VM_MAP_PUT_PAGES, PAGE_KERNEL);

	return buf->kaddr ? 0 : -ENOMEM;
}

static void t_destroy(struct t_buffer *buf, unsigned int nr)
{
	unsigned int i;

	vfree(buf->kaddr);
	for (i = 0; i < nr; i++)
		__free_page(buf->pages[i]); /* HIT */
	kvfree(buf->pages); /* HIT */
}
