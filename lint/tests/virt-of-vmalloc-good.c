// SPDX-License-Identifier: GPL-2.0-only
// Only parsed, by scripts/check-scripts: does what virt-of-vmalloc asks for
static phys_addr_t t_phys(size_t length)
{
	void *kaddr;

	kaddr = kmalloc(length, GFP_KERNEL);
	if (!kaddr)
		return 0;

	return virt_to_phys(kaddr);
}

static void *t_vmalloc(size_t length)
{
	return vmalloc(length);
}

/* A table in vmalloc() memory, of buffers that are not. */
static struct t_table *t_new(struct device *dev, int nr)
{
	struct t_table *table = vzalloc(sizeof(*table));
	int i;

	if (!table)
		return NULL;
	table->slots = vmalloc_array(nr, sizeof(*table->slots));
	for (i = 0; table->slots && i < nr; i++) {
		table->slots[i].buf = kmalloc(T_BYTES, GFP_KERNEL);
		table->slots[i].bus = dma_map_single(dev, table->slots[i].buf, T_BYTES,
						     DMA_TO_DEVICE);
	}
	table->one = kmalloc(T_BYTES, GFP_KERNEL);
	table->bus = dma_map_single(table->dev, table->one, table->len, DMA_TO_DEVICE);

	return table;
}

/* The member holds either. */
static int t_either(struct t_table *table, struct device *dev, size_t length)
{
	table->mem = kzalloc(length, GFP_KERNEL);
	if (!table->mem)
		return -ENOMEM;
	table->bus = dma_map_single(dev, table->mem, length, DMA_TO_DEVICE);

	return 0;
}

static int t_scattered(struct t_table *table, size_t length)
{
	table->mem = vzalloc(length);

	return table->mem ? 0 : -ENOMEM;
}
