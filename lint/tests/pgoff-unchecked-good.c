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
