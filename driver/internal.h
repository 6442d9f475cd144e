/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the techniques share. Read one of them first: pfn.c, for example.
 *
 * Who keeps what alive: a mapping keeps its file, a file its buffer and this
 * module, a node the buffer that its openers share. A file cannot change its
 * buffer while it is mapped.
 */
#ifndef _MM_ADDRMAP_INTERNAL_H
#define _MM_ADDRMAP_INTERNAL_H

#include <linux/fs.h>
#include <linux/kref.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/types.h>

/**
 * struct addrmap_buffer - the memory that is mapped
 * @ref: held by the node or the file it belongs to, by every other file that
 *	uses it, and while read(), write() or ioctl() copy
 * @tech: how it was allocated and how it is to be freed
 * @length: bytes, a multiple of PAGE_SIZE
 * @private: belongs to one open file alone
 * @kaddr: contiguous kernel view of all of it, or NULL if it has none
 * @pages: its pages, if the technique needs an array of them
 * @io: kernel view of a device's memory, which is not to be dereferenced
 * @phys: where that memory is
 */
struct addrmap_buffer {
	struct kref ref;
	const struct addrmap_technique *tech;
	size_t length;
	bool private;

	/* Set by the technique. */
	void *kaddr;
	struct page **pages;
	void __iomem *io;
	phys_addr_t phys;
};

/**
 * struct addrmap_technique - a way to map kernel memory, and its node
 * @name: of the node, relative to /dev
 * @fops: ADDRMAP_FOPS and how to mmap()
 * @alloc: allocate @length bytes of zeroed memory for a buffer; 0 or -errno
 * @free: free it; nothing maps it or copies from it any more
 * @page: the page at a page offset, which the caller has checked; NULL if the
 *	memory has no pages, since it is a device's
 *
 * Only for a device's memory, of which there is no second one to be allocated:
 *
 * @init: find the device; 0, or -ENODEV if there is to be no node
 * @exit: undo @init
 * @io_iter: copy up to @len bytes at @offset; how many were copied
 * @io_page: copy @len bytes at @offset, at most to the end of @page
 */
struct addrmap_technique {
	const char *name;
	const struct file_operations *fops;
	int (*alloc)(struct addrmap_buffer *buf);
	void (*free)(struct addrmap_buffer *buf);
	struct page *(*page)(struct addrmap_buffer *buf, pgoff_t pgoff);

	int (*init)(void);
	void (*exit)(void);
	size_t (*io_iter)(struct addrmap_buffer *buf, size_t offset,
			  size_t len, struct iov_iter *iter, bool read);
	void (*io_page)(struct addrmap_buffer *buf, size_t offset,
			struct page *page, size_t in_page, size_t len,
			bool to_buffer);
};

/**
 * struct addrmap_node - a technique's device node
 * @misc: the device
 * @tech: the technique
 * @lock: serialises the allocation of @shared
 * @shared: the buffer of all who open the node; NULL until somebody does
 */
struct addrmap_node {
	struct miscdevice misc;
	const struct addrmap_technique *tech;
	struct mutex lock;	/* allocation of shared */
	struct addrmap_buffer *shared;
};

/**
 * struct addrmap_file - an open file
 * @lock: protects the struct; nests inside the mmap_lock
 * @buf: the buffer, of which the file holds a reference
 * @nr_vmas: how many VMAs map it
 * @mapper: the only address space that called mmap() so far: only compared
 * @mappers: more than one did
 */
struct addrmap_file {
	spinlock_t lock;	/* all of this struct */
	struct addrmap_buffer *buf;
	unsigned long nr_vmas;
	const struct mm_struct *mapper;
	bool mappers;
};

int addrmap_open(struct inode *inode, struct file *file);
int addrmap_release(struct inode *inode, struct file *file);
loff_t addrmap_llseek(struct file *file, loff_t offset, int whence);
ssize_t addrmap_read_iter(struct kiocb *iocb, struct iov_iter *to);
ssize_t addrmap_write_iter(struct kiocb *iocb, struct iov_iter *from);
long addrmap_ioctl(struct file *file, unsigned int cmd, unsigned long arg);

/* What every node can do; a technique adds its .mmap_prepare or .mmap. */
#define ADDRMAP_FOPS						\
	.owner		= THIS_MODULE,				\
	.open		= addrmap_open,				\
	.release	= addrmap_release,			\
	.llseek		= addrmap_llseek,			\
	.read_iter	= addrmap_read_iter,			\
	.write_iter	= addrmap_write_iter,			\
	.splice_read	= copy_splice_read,			\
	.splice_write	= iter_file_splice_write,		\
	.unlocked_ioctl	= addrmap_ioctl,			\
	.compat_ioctl	= compat_ptr_ioctl

int addrmap_alloc_contig(struct addrmap_buffer *buf);
void addrmap_free_contig(struct addrmap_buffer *buf);
struct page *addrmap_page_contig(struct addrmap_buffer *buf, pgoff_t pgoff);

int addrmap_alloc_array(struct addrmap_buffer *buf);
void addrmap_free_array(struct addrmap_buffer *buf);
struct page *addrmap_page_array(struct addrmap_buffer *buf, pgoff_t pgoff);

struct addrmap_buffer *addrmap_mmap_prepare(struct vm_area_desc *desc);
struct addrmap_buffer *addrmap_mmap(struct vm_area_struct *vma);

int addrmap_vm_mapped(unsigned long start, unsigned long end, pgoff_t pgoff,
		      const struct file *file, void **vm_private_data);
void addrmap_vm_open(struct vm_area_struct *vma);
void addrmap_vm_close(struct vm_area_struct *vma);
int addrmap_vm_access(struct vm_area_struct *vma, unsigned long addr,
		      void *data, int len, int write);

/* The buffer of a mapping, which does not change while there is one. */
static inline struct addrmap_buffer *addrmap_vma_buffer(struct vm_area_struct *vma)
{
	struct addrmap_file *af = vma->vm_file->private_data;

	return af->buf;
}

/* How mappings are counted; a technique may add its .fault. */
#define ADDRMAP_VM_OPS						\
	.mapped		= addrmap_vm_mapped,			\
	.open		= addrmap_vm_open,			\
	.close		= addrmap_vm_close

extern const struct addrmap_technique addrmap_pfn;
extern const struct addrmap_technique addrmap_pages;
extern const struct addrmap_technique addrmap_vmalloc;
extern const struct addrmap_technique addrmap_fault;
extern const struct addrmap_technique addrmap_pfn_fault;
extern const struct addrmap_technique addrmap_huge;
extern const struct addrmap_technique addrmap_io;

#ifdef CONFIG_ADDRMAP_KUNIT_TEST
struct miscdevice *addrmap_find_node(const char *name);
#endif

#endif /* _MM_ADDRMAP_INTERNAL_H */
