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
