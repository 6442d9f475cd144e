// SPDX-License-Identifier: GPL-2.0-only
// Only parsed, by scripts/check-scripts: has the mistake of mprotect-gains
static int t_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct t_region *region = file->private_data;

	if ((vma->vm_flags & VM_WRITE) && !(region->flags & T_WRITE)) /* HIT */
		return -EPERM;

	return vm_iomap_memory(vma, region->phys, region->size);
}

static int t_clock_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct t_clock *clock = file->private_data;

	if (vma->vm_flags & (VM_WRITE | VM_EXEC)) { /* HIT */
		pr_debug("only to read\n");
		return -EPERM;
	}
	vm_flags_clear(vma, VM_MAYWRITE);

	return vm_insert_page(vma, vma->vm_start, clock->page);
}

/* By what it is for, not by its name. */
static int t_show(struct file *file, struct vm_area_struct *vma)
{
	if (vma->vm_flags & VM_WRITE) /* HIT */
		return -EPERM;

	return vm_insert_page(vma, vma->vm_start, t_page);
}

static const struct file_operations t_fops = {
	.owner = THIS_MODULE,
	.mmap = t_show,
};
