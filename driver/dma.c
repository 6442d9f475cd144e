// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/addrmap/dma: memory that a device accesses while programs do
 *
 * dma_alloc_coherent() gives memory that the device can reach, with a kernel
 * address and a bus address. It may be uncached, from a pool of the device, or
 * made contiguous by an IOMMU. So nothing is to be derived from the kernel
 * address, virt_to_page() least of all: dma_mmap_coherent() knows how to map it.
 *
 * It needs a device. Not to be copied: here it is a platform device of the module's
 * own, which does nothing, and has a DMA mask of 64 bits for no reason. A driver has
 * a device from its bus, as in &pdev->dev, and the mask of its hardware. Nor is this
 * for a node that everybody can open: nobody is charged for the memory.
 */
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/platform_device.h>
#include <linux/uio.h>

#include "internal.h"

static struct platform_device *dma_pdev;

static int dma_init(void)
{
	int err;

	dma_pdev = platform_device_register_simple("addrmap",
						   PLATFORM_DEVID_NONE, NULL, 0);
	if (IS_ERR(dma_pdev))
		return PTR_ERR(dma_pdev);

	/*
	 * What the device can reach. A driver whose bus has set dev->dma_mask
	 * calls dma_set_mask_and_coherent(): _coerce_ is for want of a bus.
	 */
	err = dma_coerce_mask_and_coherent(&dma_pdev->dev, DMA_BIT_MASK(64));
	if (err)
		platform_device_unregister(dma_pdev);

	return err;
}

static void dma_exit(void)
{
	platform_device_unregister(dma_pdev);
}

static int dma_alloc(struct addrmap_buffer *buf)
{
	/*
	 * Always zeroed. No warning if user space asks for too much. Nobody is
	 * charged for it, so who may open the node may use up the memory.
	 */
	buf->kaddr = dma_alloc_coherent(&dma_pdev->dev, buf->length, &buf->dma,
					GFP_KERNEL | __GFP_NOWARN);

	return buf->kaddr ? 0 : -ENOMEM;
}

/* Called when the last mapping is gone, as the page tables hold no reference. */
static void dma_free(struct addrmap_buffer *buf)
{
	dma_free_coherent(&dma_pdev->dev, buf->length, buf->kaddr, buf->dma);
}

static size_t dma_copy(struct addrmap_buffer *buf, size_t offset, size_t len,
		       struct iov_iter *iter, bool read)
{
	if (read)
		return copy_to_iter(buf->kaddr + offset, len, iter);
	return copy_from_iter(buf->kaddr + offset, len, iter);
}

/* As addrmap_vm_access(), without pages. */
static int dma_access(struct vm_area_struct *vma, unsigned long addr,
		      void *data, int len, int write)
{
	struct addrmap_buffer *buf = vma->vm_private_data;
	void *kaddr = buf->kaddr + (vma->vm_pgoff << PAGE_SHIFT) +
		      addr - vma->vm_start;

	if (write && !(vma->vm_flags & VM_WRITE))
		return -EACCES;

	len = min_t(unsigned long, len, vma->vm_end - addr);
	if (write)
		memcpy(kaddr, data, len);
	else
		memcpy(data, kaddr, len);

	return len;
}

/* Without ->mapped, which is for ->mmap_prepare alone. */
static const struct vm_operations_struct dma_vm_ops = {
	.open = addrmap_vm_open,
	.close = addrmap_vm_close,
	.access = dma_access,
};

/*
 * ->mmap is deprecated, but dma_mmap_coherent() is not among the actions that
 * ->mmap_prepare can ask for, and needs the VMA that only ->mmap gets.
 */
static int dma_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct addrmap_buffer *buf = addrmap_buffer(file);
	unsigned long nr_pages = buf->length >> PAGE_SHIFT;
	int err;

	/*
	 * All of it in the buffer, compared so that nothing overflows. That is
	 * checked by dma_mmap_coherent() again, but with another error, and not
	 * by each that stands behind it.
	 */
	if (vma->vm_pgoff >= nr_pages ||
	    vma_pages(vma) > nr_pages - vma->vm_pgoff)
		return -EINVAL;

	/* Not executable, now or later; not to grow; not in core dumps. */
	if (vma->vm_flags & VM_EXEC)
		return -EPERM;
	vm_flags_mod(vma, VM_DONTEXPAND | VM_DONTDUMP, VM_MAYEXEC);

	/* The device would not see what is written to a copy. */
	if ((vma->vm_flags & (VM_SHARED | VM_MAYWRITE)) == VM_MAYWRITE)
		return -EINVAL;

	/* The kernel address, the bus address and length of all of it. */
	err = dma_mmap_coherent(&dma_pdev->dev, vma, buf->kaddr, buf->dma,
				buf->length);
	if (err)
		return err;

	/* Nothing can fail any more, so this is the time to count. */
	vma->vm_private_data = buf;
	vma->vm_ops = &dma_vm_ops;
	addrmap_vm_open(vma);

	return 0;
}

static const struct file_operations dma_fops = {
	ADDRMAP_FOPS,
	.open = addrmap_open,
	.mmap = dma_mmap,
};

const struct addrmap_technique addrmap_dma = {
	.name = "addrmap/dma",
	.fops = &dma_fops,
	.alloc = dma_alloc,
	.free = dma_free,
	.copy = dma_copy,
	.init = dma_init,
	.exit = dma_exit,
};
