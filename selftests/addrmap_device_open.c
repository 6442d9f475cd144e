// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files that addrmap_matrix --device can only map after an ioctl or more, and
 * those that come from elsewhere than open().
 *
 * What an opener makes is as small as will do, and it does not ask for more than
 * what the headers of a C library have: a program that is built on one system is
 * to run on the kernel of another.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <arpa/inet.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <linux/bpf.h>
#include <linux/dma-heap.h>
#include <linux/fb.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_xdp.h>
#include <linux/io_uring.h>
#include <linux/kcov.h>
#include <linux/perf_event.h>
#include <linux/udmabuf.h>
#include <linux/videodev2.h>
#include <sound/asound.h>

#include "addrmap_device.h"

#define SOME	(DEVICE_PAGES * page_size())

/* Offset and size are those of the opener, if the user has given none. */
static void set(struct device *dev, __u64 offset, size_t size)
{
	if (!dev->offset_given)
		dev->offset = offset;
	if (!dev->size_given)
		dev->size = (size + page_size() - 1) & -page_size();
}

static int fail(int fd)
{
	int error = errno;

	close(fd);
	errno = error;

	return -1;
}

static int open_memfd(struct device *dev, const char *path, int flags)
{
	int fd = memfd_create("addrmap", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || ftruncate(fd, SOME))
		return -1;
	set(dev, 0, SOME);

	return fd;
}

static int open_hugetlb(struct device *dev, const char *path, int flags)
{
	int fd = memfd_create("addrmap", MFD_CLOEXEC | MFD_HUGETLB);

	if (fd < 0 || ftruncate(fd, 2UL << 20))
		return -1;
	set(dev, 0, 2UL << 20);

	return fd;
}

static int open_udmabuf(struct device *dev, const char *path, int flags)
{
	struct udmabuf_create create = { .size = SOME };
	int fd = open(path, O_RDWR | O_CLOEXEC), ret;

	create.memfd = open_memfd(dev, NULL, 0);
	if (fd < 0 || fcntl(create.memfd, F_ADD_SEALS, F_SEAL_SHRINK))
		return -1;
	ret = ioctl(fd, UDMABUF_CREATE, &create);
	close(create.memfd);
	if (ret < 0)
		return fail(fd);
	close(fd);

	return ret;
}

static int open_dma_heap(struct device *dev, const char *path, int flags)
{
	struct dma_heap_allocation_data data = {
		.len = SOME, .fd_flags = O_RDWR | O_CLOEXEC,
	};
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (ioctl(fd, DMA_HEAP_IOCTL_ALLOC, &data))
		return fail(fd);
	close(fd);
	set(dev, 0, SOME);

	return data.fd;
}

/* As in drm/drm_mode.h, which not every system has. */
struct create_dumb {
	__u32 height, width, bpp, flags, handle, pitch;
	__u64 size;
};

struct map_dumb {
	__u32 handle, pad;
	__u64 offset;
};

struct prime_handle {
	__u32 handle, flags;
	__s32 fd;
};

#define CREATE_DUMB	_IOWR('d', 0xb2, struct create_dumb)
#define MAP_DUMB	_IOWR('d', 0xb3, struct map_dumb)
#define HANDLE_TO_FD	_IOWR('d', 0x2d, struct prime_handle)

static int open_drm_any(struct device *dev, const char *path, bool prime)
{
	struct create_dumb create = { .height = 16, .width = 1024, .bpp = 32 };
	struct map_dumb map = { };
	struct prime_handle handle = { .flags = O_CLOEXEC | O_RDWR };
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (ioctl(fd, CREATE_DUMB, &create))
		return fail(fd);
	handle.handle = create.handle;
	map.handle = create.handle;
	if (ioctl(fd, prime ? HANDLE_TO_FD : MAP_DUMB, prime ? (void *)&handle : &map))
		return fail(fd);
	set(dev, prime ? 0 : map.offset, create.size);
	if (!prime)
		return fd;
	close(fd);

	return handle.fd;
}

static int open_drm(struct device *dev, const char *path, int flags)
{
	return open_drm_any(dev, path, false);
}

static int open_prime(struct device *dev, const char *path, int flags)
{
	return open_drm_any(dev, path, true);
}

static int open_v4l(struct device *dev, const char *path, int flags)
{
	static const int types[] = {
		V4L2_BUF_TYPE_VIDEO_CAPTURE, V4L2_BUF_TYPE_VIDEO_OUTPUT,
	};
	int fd = open(path, O_RDWR | O_CLOEXEC);

	for (size_t i = 0; fd >= 0 && i < ARRAY_SIZE(types); i++) {
		struct v4l2_requestbuffers req = {
			.count = 2, .type = types[i], .memory = V4L2_MEMORY_MMAP,
		};
		struct v4l2_buffer buf = {
			.type = types[i], .memory = V4L2_MEMORY_MMAP,
		};

		if (ioctl(fd, VIDIOC_REQBUFS, &req) || ioctl(fd, VIDIOC_QUERYBUF, &buf))
			continue;
		set(dev, buf.m.offset, buf.length);
		return fd;
	}

	return fail(fd);
}

static void set_mask(struct snd_pcm_hw_params *p, int what, unsigned int bit)
{
	struct snd_mask *mask = &p->masks[what - SNDRV_PCM_HW_PARAM_FIRST_MASK];

	memset(mask, 0, sizeof(*mask));
	mask->bits[bit / 32] = 1U << bit % 32;
}

static void set_value(struct snd_pcm_hw_params *p, int what, unsigned int value)
{
	struct snd_interval *i;

	i = &p->intervals[what - SNDRV_PCM_HW_PARAM_FIRST_INTERVAL];
	i->min = value;
	i->max = value;
	i->integer = 1;
}

/* Two channels of 16 bits: 4 bytes a frame */
static int open_pcm(struct device *dev, const char *path, int flags)
{
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	struct snd_pcm_hw_params p = { .rmask = ~0U };

	memset(p.masks, 0xff, sizeof(p.masks));
	for (size_t i = 0; i < ARRAY_SIZE(p.intervals); i++)
		p.intervals[i].max = ~0U;
	set_mask(&p, SNDRV_PCM_HW_PARAM_ACCESS, SNDRV_PCM_ACCESS_MMAP_INTERLEAVED);
	set_mask(&p, SNDRV_PCM_HW_PARAM_FORMAT, SNDRV_PCM_FORMAT_S16_LE);
	set_value(&p, SNDRV_PCM_HW_PARAM_CHANNELS, 2);
	set_value(&p, SNDRV_PCM_HW_PARAM_RATE, 48000);
	set_value(&p, SNDRV_PCM_HW_PARAM_PERIOD_SIZE, SOME / 16);
	set_value(&p, SNDRV_PCM_HW_PARAM_BUFFER_SIZE, SOME / 4);
	if (ioctl(fd, SNDRV_PCM_IOCTL_HW_PARAMS, &p))
		return fail(fd);
	set(dev, 0, SOME);

	return fd;
}

static int open_packet(struct device *dev, const char *path, int flags)
{
	struct tpacket_req req = {
		.tp_block_size = page_size(), .tp_block_nr = DEVICE_PAGES,
		.tp_frame_size = page_size(), .tp_frame_nr = DEVICE_PAGES,
	};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL));

	if (setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &req, sizeof(req)))
		return fail(fd);
	set(dev, 0, SOME);

	return fd;
}

static int open_perf(struct device *dev, const char *path, int flags)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE, .size = sizeof(attr),
		.config = PERF_COUNT_SW_PAGE_FAULTS, .disabled = 1,
	};

	set(dev, 0, (DEVICE_PAGES + 1) * page_size());

	return syscall(__NR_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

static int open_io_uring(struct device *dev, const char *path, int flags)
{
	struct io_uring_params params = { };

	set(dev, IORING_OFF_SQES, DEVICE_PAGES * page_size());

	return syscall(__NR_io_uring_setup, DEVICE_PAGES * page_size() / 64, &params);
}

static int open_kcov(struct device *dev, const char *path, int flags)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (ioctl(fd, KCOV_INIT_TRACE, SOME / sizeof(long)))
		return fail(fd);
	set(dev, 0, SOME);

	return fd;
}

static int open_fb(struct device *dev, const char *path, int flags)
{
	struct fb_fix_screeninfo fix = { };
	int fd = open(path, flags | O_CLOEXEC);

	if (ioctl(fd, FBIOGET_FSCREENINFO, &fix))
		return fail(fd);
	set(dev, 0, fix.smem_len);

	return fd;
}

static int open_uio(struct device *dev, const char *path, int flags)
{
	const char *name = strrchr(path, '/');
	unsigned long long size = 0;
	char map[256];
	FILE *f;

	snprintf(map, sizeof(map), "/sys/class/uio%s/maps/map0/size", name ?: "");
	f = fopen(map, "r");
	if (!f || fscanf(f, "%llx", &size) != 1)
		errno = ENODEV;
	if (f)
		fclose(f);
	if (!size)
		return -1;
	set(dev, 0, size);

	return open(path, flags | O_CLOEXEC);
}

static int open_secretmem(struct device *dev, const char *path, int flags)
{
	int fd = syscall(SYS_memfd_secret, O_CLOEXEC);

	if (fd < 0 || ftruncate(fd, SOME))
		return -1;
	set(dev, 0, SOME);

	return fd;
}

static int bpf_map(__u32 type, __u32 key, __u32 value, __u32 entries, __u32 flags)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = type;
	attr.key_size = key;
	attr.value_size = value;
	attr.max_entries = entries;
	attr.map_flags = flags;

	return syscall(__NR_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));
}

static int open_bpf_array(struct device *dev, const char *path, int flags)
{
	set(dev, 0, SOME);

	return bpf_map(BPF_MAP_TYPE_ARRAY, sizeof(__u32), page_size(), DEVICE_PAGES,
		       BPF_F_MMAPABLE);
}

/* A page of the consumer that can be written to, one of the producer, the data twice */
static int open_bpf_ringbuf(struct device *dev, const char *path, int flags)
{
	set(dev, 0, 2 * page_size() + 2 * SOME);

	return bpf_map(BPF_MAP_TYPE_RINGBUF, 0, 0, SOME, 0);
}

static int open_xdp(struct device *dev, const char *path, int flags)
{
	struct xdp_mmap_offsets off;
	socklen_t len = sizeof(off);
	int fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0), descs = 4096;

	if (setsockopt(fd, SOL_XDP, XDP_RX_RING, &descs, sizeof(descs)) ||
	    getsockopt(fd, SOL_XDP, XDP_MMAP_OFFSETS, &off, &len))
		return fail(fd);
	set(dev, XDP_PGOFF_RX_RING, off.rx.desc + descs * sizeof(struct xdp_desc));

	return fd;
}

const struct opener device_openers[] = {
	{ "memfd", NULL, NULL, open_memfd, NO_COOKIES, "a memfd" },
	{ "hugetlb", NULL, NULL, open_hugetlb, NO_COOKIES,
	  "a memfd of huge pages; vm.nr_hugepages" },
	{ "secretmem", NULL, NULL, open_secretmem, NO_COOKIES, "memory of memfd_secret()" },
	{ "udmabuf", "/dev/udmabuf", "/dev/udmabuf", open_udmabuf, NO_COOKIES,
	  "/dev/udmabuf, of a memfd" },
	{ "dma-heap", "/dev/dma_heap/*", "/dev/dma_heap/system", open_dma_heap,
	  NO_COOKIES, "/dev/dma_heap/*, a buffer of it" },
	{ "drm", "/dev/dri/card*", "/dev/dri/card0", open_drm, ALL_COOKIES,
	  "/dev/dri/card*, a dumb buffer" },
	{ "prime", NULL, "/dev/dri/card0", open_prime, NO_COOKIES,
	  "a dumb buffer of /dev/dri/card*, as a dma-buf" },
	{ "v4l", "/dev/video*", "/dev/video0", open_v4l, ALL_COOKIES,
	  "/dev/video*, a buffer of its queue" },
	{ "pcm", "/dev/snd/pcm*", "/dev/snd/pcmC0D0p", open_pcm, FAR_COOKIES,
	  "/dev/snd/pcm*, its buffer" },
	{ "packet", NULL, NULL, open_packet, NO_COOKIES, "the ring of an AF_PACKET socket" },
	{ "xdp", NULL, NULL, open_xdp, FAR_COOKIES, "the RX ring of an AF_XDP socket" },
	{ "perf", NULL, NULL, open_perf, NO_COOKIES, "the ring buffer of a perf event" },
	{ "io_uring", NULL, NULL, open_io_uring, ALL_COOKIES, "the SQEs of an io_uring" },
	{ "bpf-array", NULL, NULL, open_bpf_array, NO_COOKIES, "a BPF array" },
	{ "bpf-ringbuf", NULL, NULL, open_bpf_ringbuf, NO_COOKIES, "a BPF ring buffer" },
	{ "kcov", "/sys/kernel/debug/kcov", "/sys/kernel/debug/kcov", open_kcov,
	  NO_COOKIES, "/sys/kernel/debug/kcov" },
	{ "fb", "/dev/fb*", "/dev/fb0", open_fb, NO_COOKIES, "/dev/fb*, its memory" },
	{ "uio", "/dev/uio*", "/dev/uio0", open_uio, ALL_COOKIES, "/dev/uio*, its map 0" },
	{ NULL }
};

/* By "name:", "name:PATH" or a path that the opener is for; sets *@path. */
const struct opener *device_find_opener(const char *name, const char **path)
{
	for (const struct opener *o = device_openers; o->name; o++) {
		size_t n = strlen(o->name);

		if (!strncmp(name, o->name, n) && name[n] == ':') {
			*path = name[n + 1] && o->path ? name + n + 1 : o->path;
			return o;
		}
		if (o->pattern && !fnmatch(o->pattern, name, 0))
			return o;
	}

	return NULL;
}

/* Takes "offset=N" and "length=N" from what CMD says. */
static void take(struct device *dev, char *line)
{
	if (!strncmp(line, "offset=", 7) && !dev->offset_given)
		dev->offset = strtoull(line + 7, NULL, 0);
	if (!strncmp(line, "length=", 7) && !dev->size_given)
		dev->size = (strtoull(line + 7, NULL, 0) + page_size() - 1) &
			    -page_size();
}

/* CMD gets the open file as FD 3: an ioctl there is one here. */
static int set_up(struct device *dev, int fd)
{
	int status = 0, p[2];
	char line[256];
	pid_t pid;
	FILE *f;

	if (pipe(p))
		return -1;
	pid = fork();
	if (!pid) {
		dup2(p[1], 1);
		/* Not closed by exec, whatever number it had. */
		if (fd == 3)
			fcntl(fd, F_SETFD, 0);
		else
			dup2(fd, 3);
		execl("/bin/sh", "sh", "-c", dev->setup, NULL);
		_exit(127);
	}
	close(p[1]);
	f = fdopen(p[0], "r");
	while (f && fgets(line, sizeof(line), f))
		take(dev, line);
	if (f)
		fclose(f);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status) {
		fprintf(stderr, "addrmap_matrix: --setup fails, status %d\n",
			WEXITSTATUS(status));
		errno = ECANCELED;
		return -1;
	}

	return 0;
}

int device_open(struct device *dev, int flags)
{
	int fd;

	if (dev->opener)
		return dev->opener->open(dev, dev->path, flags);
	fd = open(dev->path, flags | O_CLOEXEC | O_NONBLOCK);
	if (fd >= 0 && dev->setup && set_up(dev, fd))
		return fail(fd);

	return fd;
}
