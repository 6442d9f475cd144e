// SPDX-License-Identifier: GPL-2.0-only
// Only parsed, by scripts/check-scripts: has the mistake of range-overflow
static int t_mmap(struct file *file, struct vm_area_struct *vma)
{
	unsigned long size = vma->vm_end - vma->vm_start;
	unsigned int offset;

	offset = vma->vm_pgoff << PAGE_SHIFT;
	if (offset + size > LENGTH) /* HIT */
		return -EINVAL;

	return 0;
}
