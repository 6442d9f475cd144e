// SPDX-License-Identifier: GPL-2.0-only
// Only parsed, by scripts/check-scripts: does what kmap asks for
static void t_copy(struct page *page, void *to)
{
	void *from = kmap_local_page(page);

	memcpy(to, from, PAGE_SIZE);
	kunmap_local(from);
}
