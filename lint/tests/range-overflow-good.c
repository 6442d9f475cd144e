// SPDX-License-Identifier: GPL-2.0-only
// Only parsed, by scripts/check-scripts: does what range-overflow asks for
static int t_mmap(struct file *file, struct vm_area_struct *vma)
{
	unsigned long size = vma->vm_end - vma->vm_start;
	unsigned long offset;

	offset = vma->vm_pgoff << PAGE_SHIFT;
	if (offset > LENGTH || size > LENGTH - offset)
		return -EINVAL;

	return 0;
}
