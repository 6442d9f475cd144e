// SPDX-License-Identifier: GPL-2.0-only
// Only parsed, by scripts/check-scripts: has the mistake of kmap
static void t_copy(struct page *page, void *to)
{
	void *from = kmap(page); /* HIT */

	memcpy(to, from, PAGE_SIZE);
	kunmap(page);
}
