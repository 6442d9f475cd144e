// SPDX-License-Identifier: GPL-2.0-only
// Only parsed, by scripts/check-scripts: does what put-pages-freed asks for
static int t_use(struct page **pages, int nr)
{
	void *kaddr;

	kaddr = vmap(pages, nr, VM_MAP | VM_MAP_PUT_PAGES, PAGE_KERNEL);
	if (!kaddr)
		return -ENOMEM;
	memset(kaddr, 0, nr * PAGE_SIZE);
	vfree(kaddr);

	return 0;
}

/* What vmap() has not taken is the caller's. */
static int t_create(struct t_buffer *buf, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		buf->pages[i] = alloc_page(GFP_KERNEL);
		if (!buf->pages[i])
			goto fail;
	}
	buf->kaddr = vmap(buf->pages, nr, VM_MAP | VM_MAP_PUT_PAGES, PAGE_KERNEL);
	if (!buf->kaddr)
		goto fail;

	return 0;
fail:
	while (i--)
		__free_page(buf->pages[i]);
	kvfree(buf->pages);

	return -ENOMEM;
}

static void t_again(struct t_buffer *buf, unsigned int nr)
{
	vfree(buf->kaddr);
	buf->pages = kvcalloc(nr, sizeof(*buf->pages), GFP_KERNEL);
	kvfree(buf->pages);
}
