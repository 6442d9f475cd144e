// SPDX-License-Identifier: GPL-2.0-only
// Only parsed, by scripts/check-scripts: has the mistake of gup-not-pin
static int t_transfer(struct t_dev *dev, unsigned long start, int nr)
{
	int got = get_user_pages_fast(start, nr, FOLL_WRITE, dev->pages); /* HIT */

	if (got != nr)
		return -EFAULT;

	return sg_alloc_table_from_pages(&dev->sgt, dev->pages, nr, 0,
					 nr * PAGE_SIZE, GFP_KERNEL);
}

static int t_one(struct t_dev *dev, unsigned long addr)
{
	struct page *page;

	if (get_user_pages_fast_only(addr, 1, FOLL_WRITE, &page) != 1) /* HIT */
		return -EFAULT;

	return iommu_map(dev->domain, dev->iova, page_to_phys(page), PAGE_SIZE,
			 IOMMU_READ | IOMMU_WRITE, GFP_KERNEL);
}
