// SPDX-License-Identifier: GPL-2.0-only
// Only parsed, by scripts/check-scripts: has the mistake of vm-flags-direct
static int t_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_flags |= VM_DONTEXPAND; /* HIT */

	return 0;
}

static void t_mark(struct t_map *map, struct vm_area_struct *area)
{
	area->vm_flags ^= VM_READ; /* HIT */
	map->vma->vm_flags |= VM_DONTCOPY; /* HIT */
}
