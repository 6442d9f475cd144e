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

static int t_other_prepare(struct vm_area_desc *vd)
{
	struct t_buffer *buf = vd->file->private_data;
	struct vm_area_desc copy = *vd;

	if (READ_ONCE(buf->dead))
		return -ENODEV;
	copy.vm_ops = NULL;
	vd->vm_flags |= VM_DONTEXPAND;
	vd->action.success_hook = t_hook;
	vd->vm_ops = buf->big ? &t_big_vm_ops : &t_vm_ops;

	return 0;
}

static int t_mapped(unsigned long start, unsigned long end, pgoff_t pgoff,
		    const struct file *file, void **private_data)
{
	struct t_buffer *buf = *private_data;

	refcount_inc(&buf->users);
	buf->stats.maps++;

	return 0;
}

static struct file_operations t_other_fops = {
	.owner = THIS_MODULE,
	.mmap_prepare = t_other_prepare,
};
