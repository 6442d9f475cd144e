/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ioctls of the nodes under /dev/addrmap/, for the driver and for user space.
 *
 * They follow Documentation/driver-api/ioctl.rst: the number has the direction
 * and the size of the struct, an ioctl returns 0 or fails, and what it counts
 * is in the struct. The layout is the same for 32-bit and 64-bit programs, with
 * no padding. A struct that changes gets a new number.
 *
 * Each of them fails with
 *
 *	EFAULT	the struct cannot be read or written
 *	EINVAL	a bit that is not named here is set in @flags or @reserved
 *	ENOTTY	there is no such ioctl, or the node does not have it
 *
 * If an ioctl fails, the struct is left alone.
 */
#ifndef _ADDRMAP_H
#define _ADDRMAP_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* Bytes of the buffer that all who open a node share. */
#define ADDRMAP_SHARED_LENGTH	(2UL << 20)
/* The most that ADDRMAP_SET_LENGTH grants. */
#define ADDRMAP_MAX_LENGTH	(64UL << 20)

/* addrmap_info.state: the buffer belongs to this open file alone */
#define ADDRMAP_STATE_PRIVATE	0x1

/**
 * struct addrmap_info - ADDRMAP_INFO: describe the buffer
 * @length: out: bytes in the buffer
 * @mappings: out: how many VMAs map it at the moment
 * @state: out: ADDRMAP_STATE_* bits
 * @reserved: out: 0
 */
struct addrmap_info {
	__u64 length;
	__u64 mappings;
	__u32 state;
	__u32 reserved;
};

/**
 * struct addrmap_translate - ADDRMAP_TRANSLATE: where is a byte of the buffer?
 * @offset: in: offset of the byte
 * @kaddr: out: its kernel address, 0 if the kernel has none for it
 * @pfn: out: the page frame it is in
 * @phys: out: its physical address
 *
 * @pfn and @phys are 0 for the node "dma", as its driver is not to know them.
 * Without CAP_SYS_ADMIN, @kaddr, @pfn and @phys are 0.
 *
 * Fails with EINVAL if @offset is not in the buffer.
 */
struct addrmap_translate {
	__u64 offset;
	__u64 kaddr;
	__u64 pfn;
	__u64 phys;
};

/* addrmap_transfer.flags: from user memory to the buffer, not the reverse */
#define ADDRMAP_TRANSFER_TO_BUFFER	0x1

/**
 * struct addrmap_transfer - ADDRMAP_TRANSFER: copy through pinned user pages
 * @offset: in: first byte in the buffer
 * @addr: in: first byte in user memory
 * @length: in: how many bytes
 * @done: out: how many were copied: fewer than @length if user memory could not
 *	be accessed any further, or if a fatal signal came
 * @flags: in: 0 or ADDRMAP_TRANSFER_TO_BUFFER
 * @reserved: in: 0
 *
 * Fails with EBADF if the file is not open for what the direction needs,
 * EINVAL if @length is 0 or not all of it is in the buffer, EFAULT if the
 * user memory cannot be accessed from its first byte on, ENOMEM, EINTR.
 */
struct addrmap_transfer {
	__u64 offset;
	__u64 addr;
	__u64 length;
	__u64 done;
	__u32 flags;
	__u32 reserved;
};

/**
 * struct addrmap_set_length - ADDRMAP_SET_LENGTH: get a private buffer
 * @length: in: bytes, a multiple of the page size, at most ADDRMAP_MAX_LENGTH
 *
 * The open file gets a buffer of its own, all zero, for the one that it shares
 * with others. That can be done once. Mappings that there are go on to show
 * the shared buffer; mmap(), read(), write() and ioctls that are called later
 * use the new one.
 *
 * Fails with EINVAL if @length is none of the above, EBUSY if the file has a
 * buffer of its own already, ENOMEM if there is no such memory (as for a large
 * buffer on a node that needs it to be contiguous), EOPNOTSUPP if the buffer is
 * a device's memory.
 */
struct addrmap_set_length {
	__u64 length;
};

/* addrmap_revoke.flags: give the memory back */
#define ADDRMAP_REVOKE_RESTORE		0x1

/**
 * struct addrmap_revoke - ADDRMAP_REVOKE: take all mappings of the node away
 * @flags: in: 0 or ADDRMAP_REVOKE_RESTORE
 * @reserved: in: 0
 *
 * For the node "revoke" only. When the ioctl returns, no mapping shows the
 * memory of any buffer of the node any more, whoever made it, nor a private
 * copy of it: an access is a SIGBUS, and mmap() fails with ENODEV. read(),
 * write() and the other ioctls go on. ADDRMAP_REVOKE_RESTORE ends this: what is
 * accessed after it is the buffer.
 */
struct addrmap_revoke {
	__u32 flags;
	__u32 reserved;
};

/**
 * struct addrmap_written - ADDRMAP_WRITTEN: what was written through mappings?
 * @offset: in: where to look from, a multiple of the page size;
 *	out: the first byte of the first pages that were written to
 * @length: out: how many bytes these are, page by page without a gap; 0 if there
 *	are none from @offset on
 *
 * For the nodes "written" and "pfn-written" only. What is returned counts as not
 * written to until somebody does so again. Writes by write() and
 * ADDRMAP_TRANSFER to the buffer, and to copies in private mappings, do not
 * count.
 *
 * Fails with EINVAL if @offset is not a multiple, or behind the end of the
 * buffer. If the struct cannot be written (EFAULT), nothing is forgotten.
 */
struct addrmap_written {
	__u64 offset;
	__u64 length;
};

#define ADDRMAP_IOC_MAGIC	0xE6

#define ADDRMAP_INFO		_IOR(ADDRMAP_IOC_MAGIC, 0, struct addrmap_info)
#define ADDRMAP_TRANSLATE	_IOWR(ADDRMAP_IOC_MAGIC, 1, struct addrmap_translate)
#define ADDRMAP_TRANSFER	_IOWR(ADDRMAP_IOC_MAGIC, 2, struct addrmap_transfer)
#define ADDRMAP_SET_LENGTH	_IOW(ADDRMAP_IOC_MAGIC, 3, struct addrmap_set_length)
#define ADDRMAP_REVOKE		_IOW(ADDRMAP_IOC_MAGIC, 4, struct addrmap_revoke)
#define ADDRMAP_WRITTEN		_IOWR(ADDRMAP_IOC_MAGIC, 5, struct addrmap_written)

#endif /* _ADDRMAP_H */
