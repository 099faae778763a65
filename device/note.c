/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Notes of devices.
 */
#include "device/note.h"
#include "lib/lock.h"

#include <fcntl.h>
#include <limits.h>

#define DIR_PATH "run/mdevctl-devices"
#define LOCK_MS 30000
#define NOTE_MAX 4096

bool note_may_name(const struct mdev *m)
{
	return m->defined || mdev_key(m, KEY_NAME);
}

int note_lock(const struct host *h, const char *parent)
{
	_cleanup_close_ int dir = host_make_dir(h, DIR_PATH);
	_cleanup_free_ char *name = xasprintf("note-%s", parent);

	return dir < 0 ? dir : lock_take(h, name, dir, LOCK_MS);
}

static char *make_text(const struct mdev *m)
{
	json_auto_t *json = json_pack("{s:s, s:s, s:s*, s:s*}", "uuid", m->uuid, "mdev_type", m->type, KEY_NAME,
				      mdev_key(m, KEY_NAME), KEY_TYPE_NAME, mdev_key(m, KEY_TYPE_NAME));

	return json_dumps(json, JSON_COMPACT);
}

int note_keep(const struct host *h, const struct mdev *m)
{
	_cleanup_close_ int dir = host_make_dir(h, DIR_PATH);
	_cleanup_free_ char *text = make_text(m);

	return dir < 0 ? dir : file_replace_at(dir, m->parent, text);
}

static json_t *read_note(const struct host *h, const char *parent)
{
	_cleanup_close_ int fd = host_openf(h, O_RDONLY | O_NONBLOCK, DIR_PATH "/%s", parent);
	_cleanup_free_ char *text = NULL;
	size_t length;

	if (fd < 0 || read_all(fd, NOTE_MAX, true, &text, &length) < 0)
		return NULL;
	return json_loadb(text, length, 0, NULL);
}

bool note_recall(const struct host *h, struct mdev *m)
{
	json_auto_t *note = read_note(h, m->parent);
	const char *uuid = json_string_value(json_object_get(note, "uuid"));
	const char *type = json_string_value(json_object_get(note, "mdev_type"));

	if (!uuid || !type || !uuid_is_normal(uuid) || !str_eq(type, m->type))
		return false;
	memcpy(m->uuid, uuid, sizeof(m->uuid));
	mdev_set_key(m, KEY_NAME, json_string_value(json_object_get(note, KEY_NAME)));
	mdev_set_key(m, KEY_TYPE_NAME, json_string_value(json_object_get(note, KEY_TYPE_NAME)));
	return true;
}

void note_find(const struct host *h, const char *uuid, struct strv *parents)
{
	_cleanup_closedir_ DIR *dir = NULL;
	struct dirent *e;

	if (host_opendirf(h, &dir, DIR_PATH) < 0)
		return;
	while ((e = dir_next(dir))) {
		json_auto_t *note = read_note(h, e->d_name);
		const char *noted = json_string_value(json_object_get(note, "uuid"));

		if (noted && str_eq(noted, uuid))
			strv_add(parents, xstrdup(e->d_name));
	}
}

void note_forget(const struct host *h, const char *parent, const char *uuid)
{
	json_auto_t *note = read_note(h, parent);
	const char *noted = json_string_value(json_object_get(note, "uuid"));
	_cleanup_close_ int dir = -1;

	if (!note || (uuid && !(noted && str_eq(noted, uuid))))
		return;
	dir = host_openf(h, O_PATH | O_DIRECTORY, DIR_PATH);
	if (dir >= 0)
		unlinkat(dir, parent, 0);
}
