// SPDX-License-Identifier: GPL-2.0-only
// Only parsed, by scripts/check-scripts: has the mistake of kmap
static void t_copy(struct page *page, void *to)
{
	void *from = kmap(page); /* HIT */

	memcpy(to, from, PAGE_SIZE);
	kunmap(page);
}

static void *t_map(struct t_buffer *buf, int i)
{
	return buf->high ? (char *)kmap(buf->pages[i]) + buf->offset : buf->kaddr; /* HIT */
}
