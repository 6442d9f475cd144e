// SPDX-License-Identifier: GPL-2.0-only
// Only parsed, by scripts/check-scripts: does what vm-flags-direct asks for
static int t_mmap(struct file *file, struct vm_area_struct *vma)
{
	vm_flags_set(vma, VM_DONTEXPAND);

	return 0;
}

static int t_mmap_prepare(struct vm_area_desc *desc)
{
	desc->vm_flags |= VM_DONTEXPAND;

	return 0;
}
