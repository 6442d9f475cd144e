// SPDX-License-Identifier: GPL-2.0-only
/*
 * What addrmap_matrix --device prints: as text what is unusual, at once; as
 * Markdown, JSON and TAP all of it.
 */
#include <sys/utsname.h>

#include "addrmap_device.h"

static const struct {
	const char *name;
	const char *driver;
} kinds[] = {
	[KIND_RAW] = { "raw frames, mapped by mmap()", "pfn.c" },
	[KIND_RAW_FAULT] = { "raw frames, mapped by ->fault", "pfn_fault.c" },
	[KIND_PAGES] = { "inserted pages, mapped by mmap()", "pages.c" },
	[KIND_FAULT] = { "pages, mapped by ->fault", "fault.c" },
	[KIND_HUGE] = { "huge pages", "huge.c" },
	[KIND_CACHED] = { "a file in the page cache", NULL },
};

/* Why it is a hazard, and which file of driver/ does it right. */
static const struct device_hazard {
	const char *id;
	const char *reason;
	const char *right;
} device_hazards[] = {
	{ "past-the-end",
	  "offset and length are to be compared with the buffer, without overflow, before anything is mapped",
	  "pfn.c, pfn_mmap_prepare()" },
	{ "fault-past-the-end",
	  "->fault is to return VM_FAULT_SIGBUS for an offset that the buffer does not have",
	  "fault.c" },
	{ "mremap-grows",
	  "without VM_DONTEXPAND, mremap() makes a mapping longer than what mmap() has checked",
	  "pfn.c, VMA_DONTEXPAND_BIT" },
	{ "gains-write",
	  "what mmap() or open() refuses is gained by mprotect() unless VM_MAYWRITE is cleared",
	  "pfn.c, which clears VMA_MAYEXEC_BIT likewise" },
	{ "gains-exec",
	  "what mmap() refuses is gained by mprotect() unless VM_MAYEXEC is cleared",
	  "pfn.c, VMA_MAYEXEC_BIT" },
	{ "page-tables-allow-more",
	  "the entries are to have vma->vm_page_prot, or PROT_NONE and PROT_READ mean nothing",
	  "pfn.c" },
	{ "private-raw-frames",
	  "a private writable mapping of raw frames that ->fault fills is a BUG() at the first fault: mmap() is to refuse it",
	  "pfn_fault.c" },
	{ "private-written-through",
	  "a private mapping is to write to a copy, and never to what others see",
	  "pfn.c, or pfn_fault.c, which refuses private mappings" },
	{ "freed-while-mapped",
	  "memory is to stay until its last mapping is gone: a mapping holds the file, and what vm_ops->open and ->close count",
	  "file.c, and vma.c, which counts the mappings" },
	{ "fork-loses-it",
	  "what a child does with its mapping is not to change that of its parent",
	  "vma.c" },
	{ "wrong-page",
	  "the page is that of vmf->pgoff, or vm_pgoff plus the distance in the VMA: both stay right if the VMA is split or starts at an offset",
	  "pfn_fault.c; pfn.c for the offset" },
	{ "pages-leak",
	  "each page that is allocated or referenced for a mapping is to be given back",
	  "pages.c and fault.c" },
	{ "reference-lost",
	  "each entry of a page table drops a reference when it goes: ->fault is to return a page with one for it, by get_page()",
	  "fault.c" },
	{ "dumped",
	  "core dumps are not to read devices: VM_DONTDUMP",
	  "pfn.c, VMA_DONTDUMP_BIT" },
	{ "anyone-may-write",
	  "raw memory is not for every user: the mode of the node is 0600, or ->open asks for a capability",
	  "nodes.c" },
	{ "no-answer",
	  "an access is to be served, or to end with SIGBUS, and an operation with an error: not with a process killed or hanging",
	  "fault.c" },
	{ "outlives-unbind",
	  "a device that has lost its driver may be gone, or somebody else's: its mappings are to be zapped, and accesses to end with SIGBUS",
	  "revoke.c" },
	{ "race",
	  "what threads and processes do at once is to end as if it were done one after the other",
	  "fault.c" },
	{ "kernel-complains",
	  "the kernel has logged a bug; see dmesg",
	  NULL },
	{ NULL }
};

enum device_format device_format;
static unsigned int nr_results, nr_printed, nr_hazards, nr_notes, nr_differ;

static void print_string(const char *s)
{
	putchar('"');
	for (; *s; s++)
		printf(*s == '"' || *s == '\\' ? "\\%c" :
		       (unsigned char)*s < ' ' ? " " : "%c", *s);
	putchar('"');
}

static void print_pair(const char *name, const char *value, const char *end)
{
	print_string(name);
	printf(": ");
	print_string(value);
	printf("%s", end);
}

void device_print_head(struct device *dev, bool log)
{
	struct utsname un;
	char where[128];

	uname(&un);
	snprintf(where, sizeof(where), "%zu pages at offset %#llx",
		 dev->len / page_size(), (unsigned long long)dev->offset);
	if (dev->size)
		snprintf(where + strlen(where), 32, ", of %zu", dev->size / page_size());
	else
		strcat(where, ", no end known");
	switch (device_format) {
	case FORMAT_TEXT:
		printf("%s is %s\n%s; VmFlags: %s\nLinux %s %s%s\n", dev->name,
		       kinds[dev->kind].name, where, dev->vm_flags, un.release,
		       un.machine, !log ? "; its log cannot be read" : "");
		break;
	case FORMAT_MARKDOWN:
		printf("# %s: %s\n\n%s; VmFlags: `%s`; Linux %s %s\n\n", dev->name,
		       kinds[dev->kind].name, where, dev->vm_flags, un.release,
		       un.machine);
		printf("| row | seen | usual |\n|--|--|--|\n");
		break;
	case FORMAT_JSON:
		printf("{ ");
		print_pair("device", dev->name, ", ");
		print_pair("kernel", un.release, ", ");
		print_pair("kind", kinds[dev->kind].name, ", ");
		print_pair("mapped", where, ", ");
		print_pair("vm_flags", dev->vm_flags, ",\n  ");
		printf("\"results\": [");
		break;
	case FORMAT_TAP:
		for (size_t i = 0; device_rows[i].name && !dev->seconds; i++)
			nr_results++;
		for (size_t i = 0; device_checks[i].name && !dev->seconds; i++)
			nr_results++;
		nr_results += !!dev->seconds;
		printf("TAP version 13\n# %s: %s; %s; VmFlags %s\n1..%u\n", dev->name,
		       kinds[dev->kind].name, where, dev->vm_flags, nr_results);
		break;
	}
	fflush(stdout);
}

/* One row, or one check, which has no @want. */
void device_print_result(const char *name, const char *seen, const char *want,
			 bool differs, bool hazard)
{
	nr_printed++;
	nr_differ += differs;
	if (device_format == FORMAT_TEXT && differs) {
		printf("  %s: %s, usual is %s\n", name, seen, want);
	} else if (device_format == FORMAT_MARKDOWN && want) {
		printf(differs ? "| %s | **%s** | %s |\n" : "| %s | %s | %s |\n",
		       name, seen, want);
	} else if (device_format == FORMAT_JSON) {
		printf("%s\n    { ", nr_printed > 1 ? "," : "");
		print_pair(want ? "row" : "check", name, ", ");
		if (want)
			print_pair("usual", want, ", ");
		print_pair("seen", seen, " }");
	} else if (device_format == FORMAT_TAP) {
		printf("%sok %u %s%s", hazard ? "not " : "", nr_printed,
		       want ? "" : "check: ", name);
		if (seen[0] == '-' || !strncmp(seen, "not ", 4) || !strcmp(seen, "too short"))
			printf(" # SKIP %s", seen[0] == '-' ? "does not apply" : seen);
		putchar('\n');
		if (differs)
			printf("# %s: %s, usual is %s\n", name, seen, want);
	}
	fflush(stdout);
}

static const struct device_hazard *find_hazard(const char *id)
{
	const struct device_hazard *h = device_hazards;

	while (h->id && strcmp(h->id, id))
		h++;

	return h;
}

static void print_finding(const struct finding *f, bool last)
{
	const struct device_hazard *h = find_hazard(f->id);
	bool hazard = f->level == HAZARD;
	const char *word = hazard ? "HAZARD" : "note";
	const char *start = device_format == FORMAT_TAP ? "# " : "";

	if (device_format == FORMAT_JSON) {
		printf("    { ");
		print_pair("level", hazard ? "hazard" : "note", ", ");
		print_pair("id", f->id, ", ");
		if (hazard && h->id) {
			print_pair("reason", h->reason, ", ");
			print_pair("right", h->right ?: "", ", ");
		}
		print_pair("text", f->text, last ? " }\n" : " },\n");
		return;
	}
	if (device_format == FORMAT_MARKDOWN)
		printf("* **%s %s**: %s\n", word, f->id, f->text);
	else
		printf("%s%s %s: %s\n", start, word, f->id, f->text);
	if (!hazard || !h->id)
		return;
	printf("%s  why: %s\n", start, h->reason);
	if (h->right)
		printf("%s  right: driver/%s\n", start, h->right);
}

/* In text and TAP, it comes at once: it may be the last that the machine says. */
void device_print_finding(const struct finding *f)
{
	if (device_format != FORMAT_TEXT && device_format != FORMAT_TAP)
		return;
	print_finding(f, false);
	fflush(stdout);
}

void device_count_finding(const struct finding *f)
{
	nr_hazards += f->level == HAZARD;
	nr_notes += f->level == NOTE;
}

/* Returns how many hazards there were. */
unsigned int device_print_end(struct device *dev, const struct finding *findings,
			      unsigned int nr, bool empty)
{
	const char *start = device_format == FORMAT_TAP ? "# " :
			    device_format == FORMAT_MARKDOWN ? "\n" : "";

	if (device_format == FORMAT_JSON)
		printf(" ],\n  \"findings\": [\n");
	else if (device_format == FORMAT_MARKDOWN)
		putchar('\n');
	if (device_format == FORMAT_JSON || device_format == FORMAT_MARKDOWN)
		for (unsigned int i = 0; i < nr; i++)
			print_finding(&findings[i], i + 1 == nr);
	if (device_format == FORMAT_JSON)
		printf("  ], \"hazards\": %u, \"notes\": %u, \"differ\": %u }\n",
		       nr_hazards, nr_notes, nr_differ);
	else
		printf("%s%u hazard%s, %u note%s, %u row%s not as usual%s%s\n",
		       start,
		       nr_hazards, nr_hazards == 1 ? "" : "s", nr_notes,
		       nr_notes == 1 ? "" : "s", nr_differ,
		       nr_differ == 1 ? "" : "s", dev->write ? "" :
		       "; what writes needs --write", empty ?
		       "; nothing is in it yet (SIGBUS), see --setup" : "");

	return nr_hazards;
}
