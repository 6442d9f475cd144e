// SPDX-License-Identifier: GPL-2.0-only
// Only parsed, by scripts/check-scripts: does what pgoff-unchecked asks for
static int t_mmap(struct file *file, struct vm_area_struct *vma)
{
	unsigned long size = vma->vm_end - vma->vm_start;

	if (vma->vm_pgoff >= NR_PAGES || vma_pages(vma) > NR_PAGES - vma->vm_pgoff)
		return -EINVAL;

	return remap_pfn_range(vma, vma->vm_start, base_pfn + vma->vm_pgoff,
			       size, vma->vm_page_prot);
}

/* The check is in a function. */
static bool t_fits(struct t_dev *dev, struct vm_area_struct *vma)
{
	return vma->vm_pgoff < dev->nr && vma_pages(vma) <= dev->nr - vma->vm_pgoff;
}

static int t_helper_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct t_dev *dev = file->private_data;
	phys_addr_t from;

	if (!t_fits(dev, vma))
		return -EINVAL;
	from = dev->phys + (vma->vm_pgoff << PAGE_SHIFT);

	return io_remap_pfn_range(vma, vma->vm_start, PHYS_PFN(from),
				  vma->vm_end - vma->vm_start, vma->vm_page_prot);
}
