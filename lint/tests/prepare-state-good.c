// SPDX-License-Identifier: GPL-2.0-only
// Only parsed, by scripts/check-scripts: does what prepare-state asks for
static int t_mmap_prepare(struct vm_area_desc *desc)
{
	struct t_buffer *buf = desc->file->private_data;

	desc->private_data = buf;
	desc->vm_ops = &t_vm_ops;

	return 0;
}

static const struct file_operations t_fops = {
	.mmap_prepare = t_mmap_prepare,
};
