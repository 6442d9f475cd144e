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
		for (size_t i = 0; device_rows[i].name; i++)
			nr_results++;
		for (size_t i = 0; device_checks[i].name; i++)
			nr_results++;
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

/* In text and TAP, it comes at once. */
void device_print_finding(const struct finding *f)
{
	nr_hazards += f->level == HAZARD;
	nr_notes += f->level == NOTE;
	if (device_format == FORMAT_TEXT || device_format == FORMAT_TAP)
		print_finding(f, false);
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
