// SPDX-License-Identifier: GPL-2.0-only
// Only parsed, by scripts/check-scripts: has the mistake of pgoff-unchecked
static int t_mmap(struct file *file, struct vm_area_struct *vma)
{
	unsigned long size = vma->vm_end - vma->vm_start;

	return remap_pfn_range(vma, vma->vm_start, vma->vm_pgoff, /* HIT */
			       size, vma->vm_page_prot);
}

/* The frame comes from a function. */
static unsigned long t_frame(struct t_dev *dev, struct vm_area_struct *area)
{
	return PHYS_PFN(dev->window.base) + area->vm_pgoff;
}

static int t_window_mmap(struct file *file, struct vm_area_struct *area)
{
	struct t_dev *dev = file->private_data;
	int err = -ENODEV;

	mutex_lock(&dev->lock);
	if (!dev->window.len)
		goto unlock;
	err = io_remap_pfn_range(area, area->vm_start, t_frame(dev, area), /* HIT */
				 area->vm_end - area->vm_start, area->vm_page_prot);
unlock:
	mutex_unlock(&dev->lock);

	return err;
}

/* In bytes, and the length alone is checked. */
static int t_bytes_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct t_dev *dev = file->private_data;
	size_t want = vma_pages(vma) * PAGE_SIZE;
	phys_addr_t from, off;

	off = (phys_addr_t)vma->vm_pgoff << PAGE_SHIFT;
	if (want > resource_size(dev->res))
		return -EINVAL;
	from = dev->res->start + off;

	return remap_pfn_range(vma, vma->vm_start, PFN_DOWN(from), want, /* HIT */
			       vma->vm_page_prot);
}

static int t_switch_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct t_dev *dev = file->private_data;
	unsigned long pfn = dev->dram ? dev->dram + vma->vm_pgoff : dev->sram + vma->vm_pgoff;

	switch (dev->mode) {
	case T_CACHED:
		break;
	case T_WC:
		vma->vm_page_prot = pgprot_writecombine(vma->vm_page_prot);
		break;
	default:
		return -EINVAL;
	}

	return remap_pfn_range(vma, vma->vm_start, pfn, /* HIT */
			       vma->vm_end - vma->vm_start, vma->vm_page_prot);
}

static int t_pages_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct t_dev *dev = file->private_data;
	unsigned long addr = vma->vm_start;
	pgoff_t i, first = vma->vm_pgoff;
	int err = 0;

	for (i = 0; i < vma_pages(vma) && !err; i++, addr += PAGE_SIZE)
		err = vm_insert_page(vma, addr, dev->pages[first + i]); /* HIT */

	return err;
}
