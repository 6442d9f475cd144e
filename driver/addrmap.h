/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ioctls of the nodes under /dev/addrmap/, for the driver and for user space.
 *
 * Each ioctl takes a pointer to a struct that may grow at its end. The caller
 * sets @size to the size of the struct it was compiled with and @flags to 0 or
 * to the flags named here; what the kernel does not know of is refused:
 *
 *	EINVAL	@size is smaller than the first version of the struct, or an
 *		unknown bit is set in @flags
 *	E2BIG	the part of the struct that the kernel does not know is not 0
 *	EFAULT	the struct cannot be read or written
 *	ENOTTY	there is no such ioctl
 *
 * The layout is the same for 32-bit and 64-bit user space.
 */
#ifndef _ADDRMAP_H
#define _ADDRMAP_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define ADDRMAP_VERSION		1

/* Bytes of the buffer that all who open a node share. */
#define ADDRMAP_SHARED_LENGTH	(2UL << 20)
/* The most that ADDRMAP_SET_LENGTH grants. */
#define ADDRMAP_MAX_LENGTH	(64UL << 20)

#define ADDRMAP_IOC_MAGIC	0xE6

/* The size of the struct is not part of the number, because it can grow. */
#define ADDRMAP_INFO		_IO(ADDRMAP_IOC_MAGIC, 0)
#define ADDRMAP_TRANSLATE	_IO(ADDRMAP_IOC_MAGIC, 1)
#define ADDRMAP_TRANSFER	_IO(ADDRMAP_IOC_MAGIC, 2)
#define ADDRMAP_SET_LENGTH	_IO(ADDRMAP_IOC_MAGIC, 3)

/* addrmap_info.state: the buffer belongs to this open file alone */
#define ADDRMAP_STATE_PRIVATE	0x1

/**
 * struct addrmap_info - ADDRMAP_INFO: describe the buffer
 * @size: in: sizeof(struct addrmap_info)
 * @flags: in: 0
 * @length: out: bytes in the buffer
 * @version: out: ADDRMAP_VERSION of the kernel
 * @state: out: ADDRMAP_STATE_* bits
 */
struct addrmap_info {
	__u32 size;
	__u32 flags;
	__u64 length;
	__u32 version;
	__u32 state;
};

/**
 * struct addrmap_translate - ADDRMAP_TRANSLATE: where is a byte of the buffer?
 * @size: in: sizeof(struct addrmap_translate)
 * @flags: in: 0
 * @offset: in: offset of the byte
 * @kaddr: out: its kernel address, 0 if the kernel has none for it
 * @pfn: out: the page frame it is in
 * @phys: out: its physical address
 *
 * Without CAP_SYS_ADMIN, @kaddr, @pfn and @phys are 0.
 *
 * Fails with EINVAL if @offset is not in the buffer.
 */
struct addrmap_translate {
	__u32 size;
	__u32 flags;
	__u64 offset;
	__u64 kaddr;
	__u64 pfn;
	__u64 phys;
};

/* addrmap_transfer.flags: from user memory to the buffer, not the reverse */
#define ADDRMAP_TRANSFER_TO_BUFFER	0x1

/**
 * struct addrmap_transfer - ADDRMAP_TRANSFER: copy through pinned user pages
 * @size: in: sizeof(struct addrmap_transfer)
 * @flags: in: 0 or ADDRMAP_TRANSFER_TO_BUFFER
 * @offset: in: first byte in the buffer
 * @addr: in: first byte in user memory
 * @length: in: how many bytes
 *
 * Returns how many bytes were copied. That is less than @length if some of the
 * user memory cannot be accessed, or if a fatal signal came.
 *
 * Fails with EBADF if the file is not open for what the direction needs,
 * EINVAL if @length is 0 or not all of it is in the buffer, EFAULT if the
 * user memory cannot be accessed from its first byte on, ENOMEM.
 */
struct addrmap_transfer {
	__u32 size;
	__u32 flags;
	__u64 offset;
	__u64 addr;
	__u64 length;
};

/**
 * struct addrmap_set_length - ADDRMAP_SET_LENGTH: get a private buffer
 * @size: in: sizeof(struct addrmap_set_length)
 * @flags: in: 0
 * @length: in: bytes, a multiple of the page size, at most ADDRMAP_MAX_LENGTH
 *
 * The open file gets a buffer of its own, all zero, for the one it had.
 *
 * Fails with EINVAL if @length is none of the above, EBUSY if the buffer is
 * mapped or if another process has ever called mmap() on this open file,
 * ENOMEM if there is no such memory (as for a large buffer on a node that
 * needs it to be contiguous), EOPNOTSUPP if the buffer is a device's memory,
 * EINTR on a fatal signal.
 */
struct addrmap_set_length {
	__u32 size;
	__u32 flags;
	__u64 length;
};

#endif /* _ADDRMAP_H */
