// SPDX-License-Identifier: GPL-2.0-only
// Only parsed, by scripts/check-scripts: does without the mistake of mprotect-gains
static int t_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct t_region *region = file->private_data;

	if (!(region->flags & T_WRITE)) {
		if (vma->vm_flags & VM_WRITE)
			return -EPERM;
		vm_flags_clear(vma, VM_MAYWRITE);
	}
	if (vma->vm_flags & VM_EXEC)
		return -EPERM;
	vm_flags_clear(vma, VM_MAYEXEC);

	return vm_iomap_memory(vma, region->phys, region->size);
}

/* Unless it is writable is another matter. */
static int t_ring_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct t_ring *ring = file->private_data;

	if (!(vma->vm_flags & VM_WRITE))
		return -EINVAL;

	return remap_vmalloc_range(vma, ring->kaddr, 0);
}
