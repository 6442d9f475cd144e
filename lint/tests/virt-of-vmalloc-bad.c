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
