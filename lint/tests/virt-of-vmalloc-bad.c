// SPDX-License-Identifier: GPL-2.0-only
// Only parsed, by scripts/check-scripts: has the mistake of virt-of-vmalloc
static phys_addr_t t_phys(size_t length)
{
	void *kaddr;

	kaddr = vmalloc(length);
	if (!kaddr)
		return 0;

	return virt_to_phys(kaddr); /* HIT */
}

static int t_alloc(struct t_ring *ring, size_t bytes)
{
	void *mem = vzalloc(bytes);

	if (!mem)
		return -ENOMEM;
	ring->desc = mem;
	ring->phys = virt_to_phys(mem); /* HIT */

	return 0;
}

static struct page *t_first(struct t_ring *ring)
{
	char *addr = ring->table;

	return virt_to_page(addr); /* HIT */
}

static int t_table(struct t_ring *ring, int nr)
{
	ring->table = vmalloc_array(nr, PAGE_SIZE);
	ring->bus = dma_map_single(ring->dev, ring->table, nr * PAGE_SIZE, /* HIT */
				   DMA_TO_DEVICE);

	return ring->table ? 0 : -ENOMEM;
}

/* A variable of the file. */
static void *t_shared;

static int __init t_init(void)
{
	t_shared = vmalloc_user(T_BYTES);

	return t_shared ? 0 : -ENOMEM;
}

static int t_mmap(struct file *file, struct vm_area_struct *vma)
{
	return remap_pfn_range(vma, vma->vm_start, virt_to_pfn(t_shared), /* HIT */
			       T_BYTES, vma->vm_page_prot);
}
