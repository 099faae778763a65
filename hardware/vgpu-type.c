/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The names of vGPU types, and the list of those that a VF could become, of
 * which four forms have been seen:
 *
 *	ID    : vGPU Name           a header, or none
 *	1145  : NVIDIA L40S-1B      number, colon, name
 *	NVIDIA A40-1Q 557           older drivers: no header, number last
 *
 * and of a full GPU the header alone, or nothing.
 */
#include "hardware/vgpu-type.h"

#include <ctype.h>
#include <fcntl.h>

#define ID_PREFIX "nvidia-"
/* A sysfs attribute is at most one page, of 64 kB on some machines. */
#define CREATABLE_MAX ((size_t)64 << 10)
#define NAME_LENGTH_MAX 255

/* Digits without a leading zero, and nothing after them. */
static unsigned long parse_id(const char *digits)
{
	unsigned long id;
	char *end;

	if (*digits < '1' || *digits > '9')
		return 0;
	errno = 0;
	id = strtoul(digits, &end, 10);
	return errno || *end || id > UINT32_MAX ? 0 : id;
}

unsigned long vgpu_type_id(const char *type)
{
	const size_t length = strlen(ID_PREFIX);

	return strncmp(type, ID_PREFIX, length) == 0 ? parse_id(type + length) : 0;
}

char *vgpu_type_name(unsigned long id)
{
	return xasprintf(ID_PREFIX "%lu", id);
}

bool vgpu_type_is_in(const struct mdev_type_list *list, size_t from, const char *type)
{
	for (size_t i = from; i < list->n; i++)
		if (str_eq(list->t[i].id, type))
			return true;
	return false;
}

void vgpu_type_add(struct mdev_type_list *list, size_t from, const char *parent, unsigned long id,
		   const char *name, bool available)
{
	_cleanup_(mdev_type_done) struct mdev_type t = {
		.parent = xstrdup(parent),
		.id = vgpu_type_name(id),
		.name = name && *name ? xstrdup(name) : NULL,
		.device_api = xstrdup("vfio-pci"),
		.available = available,
	};

	if (!vgpu_type_is_in(list, from, t.id))
		mdev_type_list_take(list, &t);
}

static char *skip_blanks(char *s)
{
	return s + strspn(s, " \t");
}

static void cut_blanks(char *s)
{
	size_t length = strlen(s);

	while (length && strchr(" \t\r", s[length - 1]))
		length--;
	s[length] = '\0';
}

static bool is_name(const char *s)
{
	for (const char *c = s; *c; c++)
		if (iscntrl((unsigned char)*c))
			return false;
	return strlen(s) <= NAME_LENGTH_MAX;
}

/* The number, and the name within @row.  0: the header, or not understood. */
static unsigned long parse_row(char *row, const char **ret_name)
{
	char *end, *last;

	row = skip_blanks(row);
	cut_blanks(row);
	end = row + strspn(row, "0123456789");
	last = skip_blanks(end);
	if (end > row && *last == ':') {
		*end = '\0';
		*ret_name = skip_blanks(last + 1);
		return parse_id(row);
	}
	last = strrchr(row, ' ');
	if (!last)
		return 0;
	*last = '\0';
	cut_blanks(row);
	*ret_name = row;
	return parse_id(last + 1);
}

int vgpu_types_read(int vf, const char *parent, bool available, struct mdev_type_list *list)
{
	_cleanup_close_ int fd = openat(vf, VGPU_CREATABLE, O_RDONLY | O_CLOEXEC);
	_cleanup_free_ char *text = NULL;
	size_t length = 0, from = list->n;
	char *row, *next;
	int r;

	r = fd < 0 ? -errno : read_all(fd, CREATABLE_MAX, false, &text, &length);
	if (r < 0)
		return r;
	/* A NUL, as any control character, spoils its row and not the others. */
	for (size_t i = 0; i < length; i++)
		if (!text[i])
			text[i] = '\1';
	next = text;
	while ((row = strsep(&next, "\n"))) {
		const char *name;
		unsigned long id = parse_row(row, &name);

		if (id && is_name(name))
			vgpu_type_add(list, from, parent, id, name, available);
	}
	return 0;
}
