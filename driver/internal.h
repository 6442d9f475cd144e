/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the techniques share. Read one of them first: pfn.c, for example.
 *
 * Who keeps what alive: a mapping keeps its file; a file keeps its private
 * buffer and this module; the module keeps the buffers that the files of a node
 * share. No buffer is freed or replaced earlier, so whoever has a file or a
 * mapping needs no lock and no reference to use the buffer.
 */
#ifndef _MM_ADDRMAP_INTERNAL_H
#define _MM_ADDRMAP_INTERNAL_H

#include <linux/atomic.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/types.h>

/**
 * struct addrmap_buffer - the memory that is mapped
 * @tech: how it was allocated and how it is to be freed
 * @length: bytes, a multiple of PAGE_SIZE
 * @mappings: how many VMAs map it; to be shown, nothing depends on it
 * @kaddr: contiguous kernel view of all of it, or NULL if it has none
 * @pages: its pages, if the technique keeps them in an array
 * @blocks: its large folios, if it consists of such
 * @raw_blocks: kernel addresses of its large blocks, if it consists of such
 * @segments: its contiguous pieces, if it consists of such
 * @nr_segments: how many
 * @written: bit n: a mapping has written to page n, if the technique knows that
 * @io: kernel view of a device's memory, which is not to be dereferenced
 * @phys: where that memory is
 * @wc: map that memory write-combining, not uncached
 * @dma: where a device sees the memory at @kaddr, if it is for one
 *
 * The technique sets those from @kaddr on which it uses.
 */
struct addrmap_buffer {
	const struct addrmap_technique *tech;
	size_t length;
	atomic_long_t mappings;

	void *kaddr;
	struct page **pages;
	struct folio **blocks;
	void **raw_blocks;
	struct addrmap_segment *segments;
	unsigned int nr_segments;
	unsigned long *written;
	void __iomem *io;
	phys_addr_t phys;
	bool wc;
	dma_addr_t dma;
};

/**
 * struct addrmap_technique - a way to map kernel memory, and its node
 * @name: of the node, relative to /dev
 * @fops: ADDRMAP_FOPS and how to mmap()
 * @alloc: allocate @length bytes of zeroed memory for a buffer; 0 or -errno
 * @free: free it; nothing maps it or copies from it any more
 * @page: the page at a page offset, which the caller has checked
 * @copy: instead of @page for memory that has no pages, or none that the driver
 *	may use: copy @len bytes at @offset from (@read) or to the buffer; how
 *	many were copied
 * @only: there is one buffer, which all files use: ADDRMAP_SET_LENGTH is refused
 * @written: optional: whether page @pgoff was written to through a mapping since
 *	it was asked last; on return the next write will be noticed
 * @ioctl: optional: ioctls that other nodes do not have; 0 or -errno
 * @init: optional: 0, or -ENODEV if there is to be no node, or another -errno
 * @exit: optional: undo @init
 */
struct addrmap_technique {
	const char *name;
	const struct file_operations *fops;
	int (*alloc)(struct addrmap_buffer *buf);
	void (*free)(struct addrmap_buffer *buf);
	struct page *(*page)(struct addrmap_buffer *buf, pgoff_t pgoff);
	size_t (*copy)(struct addrmap_buffer *buf, size_t offset, size_t len,
		       struct iov_iter *iter, bool read);
	bool only;
	bool (*written)(struct addrmap_buffer *buf, pgoff_t pgoff);
	long (*ioctl)(struct addrmap_buffer *buf, unsigned int cmd,
		      void __user *uarg);
	int (*init)(void);
	void (*exit)(void);
};

/**
 * struct addrmap_node - a technique's device node
 * @misc: the device
 * @tech: the technique; NULL if there is no node
 * @lock: serialises the allocation of @shared
 * @shared: the buffer that files share; NULL until the first open(). Then it
 *	stays until the module is unloaded.
 */
struct addrmap_node {
	struct miscdevice misc;
	const struct addrmap_technique *tech;
	struct mutex lock;	/* allocation of shared */
	struct addrmap_buffer *shared;
};

/**
 * struct addrmap_file - an open file
 * @node: its node
 * @private: NULL, or its own buffer, which then stays until the file is released
 */
struct addrmap_file {
	struct addrmap_node *node;
	struct addrmap_buffer *private;
};

/* file.c */
struct addrmap_buffer *addrmap_buffer_alloc(const struct addrmap_technique *tech,
					    size_t length);
void addrmap_buffer_free(struct addrmap_buffer *buf);
struct addrmap_buffer *addrmap_buffer(const struct file *file);
struct file *addrmap_anon_create(void);
void addrmap_anon_destroy(struct file *anon);
int addrmap_open(struct inode *inode, struct file *file);
int addrmap_release(struct inode *inode, struct file *file);
loff_t addrmap_llseek(struct file *file, loff_t offset, int whence);
ssize_t addrmap_read_iter(struct kiocb *iocb, struct iov_iter *to);
ssize_t addrmap_write_iter(struct kiocb *iocb, struct iov_iter *from);

/* copy.c */
size_t addrmap_copy(struct addrmap_buffer *buf, size_t offset, size_t len,
		    struct iov_iter *iter, bool read);
size_t addrmap_copy_io(struct addrmap_buffer *buf, size_t offset, size_t len,
		       struct iov_iter *iter, bool read);

/* ioctl.c */
long addrmap_ioctl(struct file *file, unsigned int cmd, unsigned long arg);

/* What every node can do; a technique adds its .open and .mmap_prepare or .mmap. */
#define ADDRMAP_FOPS						\
	.owner		= THIS_MODULE,				\
	.release	= addrmap_release,			\
	.llseek		= addrmap_llseek,			\
	.read_iter	= addrmap_read_iter,			\
	.write_iter	= addrmap_write_iter,			\
	.splice_read	= copy_splice_read,			\
	.splice_write	= iter_file_splice_write,		\
	.unlocked_ioctl	= addrmap_ioctl,			\
	.compat_ioctl	= compat_ptr_ioctl

/* vma.c */
int addrmap_vm_mapped(unsigned long start, unsigned long end, pgoff_t pgoff,
		      const struct file *file, void **vm_private_data);
void addrmap_vm_open(struct vm_area_struct *vma);
void addrmap_vm_close(struct vm_area_struct *vma);
int addrmap_vm_access(struct vm_area_struct *vma, unsigned long addr,
		      void *data, int len, int write);

extern const struct addrmap_technique addrmap_pfn;
extern const struct addrmap_technique addrmap_pages;
extern const struct addrmap_technique addrmap_vmalloc;
extern const struct addrmap_technique addrmap_fault;
extern const struct addrmap_technique addrmap_fault_around;
extern const struct addrmap_technique addrmap_pfn_fault;
extern const struct addrmap_technique addrmap_pfn_fault_around;
extern const struct addrmap_technique addrmap_huge;
extern const struct addrmap_technique addrmap_pfn_huge;
extern const struct addrmap_technique addrmap_segments;
extern const struct addrmap_technique addrmap_written;
extern const struct addrmap_technique addrmap_pfn_written;
extern const struct addrmap_technique addrmap_revoke;
extern const struct addrmap_technique addrmap_dma;
extern const struct addrmap_technique addrmap_io;
extern const struct addrmap_technique addrmap_io_huge;

#ifdef CONFIG_ADDRMAP_KUNIT_TEST
struct miscdevice *addrmap_find_node(const char *name);
#endif

#endif /* _MM_ADDRMAP_INTERNAL_H */
