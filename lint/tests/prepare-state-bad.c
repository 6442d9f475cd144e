// SPDX-License-Identifier: GPL-2.0-only
// Only parsed, by scripts/check-scripts: has the mistake of prepare-state
static int t_mmap_prepare(struct vm_area_desc *desc)
{
	struct t_buffer *buf = desc->file->private_data;

	refcount_inc(&buf->users); /* HIT */
	buf->mapped = true; /* HIT */
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

	if (test_and_set_bit(T_BUSY, &buf->flags)) /* HIT */
		return -EBUSY;
	buf->left--; /* HIT */
	++buf->generation; /* HIT */
	buf->stats.maps += 1; /* HIT */
	buf->slots[0] = current->pid; /* HIT */
	vd->vm_ops = &t_vm_ops;

	return 0;
}

static struct file_operations t_other_fops = {
	.owner = THIS_MODULE,
	.mmap_prepare = &t_other_prepare,
};
