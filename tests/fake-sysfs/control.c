// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The directory fake/: control takes one command per line, log and held tell what happened.  A
 * command that is not understood is EINVAL, one that cannot be done has its own errno.  Knows no
 * rules of sysfs.
 */
#include "fake.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define MAX_ARGS 10

static bool number(const char *s, long *ret)
{
	char *end;

	errno = 0;
	*ret = strtol(s, &end, 10);
	return *s && !*end && !errno && *ret >= 0;
}

/* [COUNT [SKIP]] from argument @i on. */
static bool counts(char **argv, int argc, int i, long *ret_count, long *ret_skip)
{
	*ret_count = -1;
	*ret_skip = 0;
	if (i < argc && !number(argv[i], ret_count))
		return false;
	return i + 1 >= argc || number(argv[i + 1], ret_skip);
}

static int op_by_name(const char *name)
{
	for (int i = 0; i < N_OPS; i++)
		if (streq(name, op_names[i]))
			return i;
	return -1;
}

static int cmd_fail(char **argv, int argc)
{
	int op = op_by_name(argv[1]), err = errno_by_name(argv[3]);
	long count, skip;

	if (op < 0 || !err || !counts(argv, argc, 4, &count, &skip))
		return -EINVAL;
	fault_add(FAULT_FAIL, op, argv[2], err, count, skip);
	return 0;
}

static int cmd_slow(char **argv, int argc)
{
	int op = op_by_name(argv[1]);
	long ms, count, skip;

	if (op < 0 || !number(argv[3], &ms) || !counts(argv, argc, 4, &count, &skip))
		return -EINVAL;
	fault_add(FAULT_SLOW, op, argv[2], ms, count, skip);
	return 0;
}

static int cmd_short(char **argv, int argc)
{
	long n, count, skip;

	if (!number(argv[2], &n) || !counts(argv, argc, 3, &count, &skip))
		return -EINVAL;
	fault_add(FAULT_SHORT, OP_WRITE, argv[1], n, count, skip);
	return 0;
}

static int cmd_hold(char **argv, int argc)
{
	(void)argc;
	if (!streq(argv[1], "create") && !streq(argv[1], "remove"))
		return -EINVAL;
	hold_add(argv[1], argv[2]);
	return 0;
}

static int cmd_release(char **argv, int argc)
{
	(void)argc;
	hold_release(argv[1]);
	return 0;
}

static int cmd_clear(char **argv, int argc)
{
	(void)argv;
	(void)argc;
	fault_clear();
	return 0;
}

static int cmd_clear_log(char **argv, int argc)
{
	(void)argv;
	(void)argc;
	log_clear();
	return 0;
}

static int cmd_parent_remove(char **argv, int argc)
{
	struct parent *p = parent_find(argv[1]);

	(void)argc;
	return p ? parent_unregister(p) : -ENOENT;
}

static int cmd_parent_add(char **argv, int argc)
{
	struct parent *p = parent_find(argv[1]);

	(void)argc;
	return p ? parent_register(p) : -ENOENT;
}

static int cmd_device_remove(char **argv, int argc)
{
	char uuid[UUID_LEN + 1];
	struct mdev *m;

	(void)argc;
	if (strlen(argv[1]) != UUID_LEN || !uuid_parse_kernel(argv[1], uuid))
		return -EINVAL;
	m = mdev_find(uuid);
	return m ? mdev_remove(m) : -ENOENT;
}

static int cmd_device_add(char **argv, int argc)
{
	struct parent *p = parent_find(argv[1]);
	struct type *t = p ? parent_type(p, argv[2]) : NULL;
	char uuid[UUID_LEN + 1];

	(void)argc;
	if (strlen(argv[3]) != UUID_LEN || !uuid_parse_kernel(argv[3], uuid))
		return -EINVAL;
	return t ? mdev_create(t, uuid) : -ENOENT;
}

/* \n \t \\ and \xHH, in place; nothing else after a backslash. */
static bool unescape(char *s, size_t *ret_len)
{
	char *out = s, *start = s;

	for (; *s; s++) {
		unsigned int c = (unsigned char)*s;

		if (c == '\\') {
			s++;
			if (*s == 'x' && isxdigit((unsigned char)s[1]) &&
			    isxdigit((unsigned char)s[2])) {
				c = strtoul((char[]) { s[1], s[2], '\0' }, NULL, 16);
				s += 2;
			} else if (*s == 'n' || *s == 't' || *s == '\\') {
				c = *s == 'n' ? '\n' : *s == 't' ? '\t' : '\\';
			} else {
				return false;
			}
		}
		*out++ = (char)c;
	}
	*ret_len = out - start;
	return true;
}

static int cmd_set(char **argv, int argc)
{
	struct node *n = node_find(argv[1]);
	size_t len = 0;

	if (argc > 2 && !unescape(argv[2], &len))
		return -EINVAL;
	if (!n || !S_ISREG(n->mode))
		return -ENOENT;
	node_set_text(n, argc > 2 ? argv[2] : "", len);
	return 0;
}

static int cmd_unlink(char **argv, int argc)
{
	struct node *n = node_find(argv[1]);

	(void)argc;
	if (!n || n == sim.root)
		return -ENOENT;
	node_remove(n);
	return 0;
}

static struct parent *pf_find(const char *name)
{
	struct parent *p = parent_find(name);

	return p && p->sriov ? p : NULL;
}

static struct vgpu_card *card_find(const char *name)
{
	struct parent *p = pf_find(name);

	return p ? p->sriov->card : NULL;
}

static int cmd_sriov(char **argv, int argc)
{
	struct parent *pf = pf_find(argv[1]);
	long n;

	(void)argc;
	if (!pf)
		return -ENOENT;
	if (streq(argv[2], "max"))
		n = pf->sriov->total;
	else if (!number(argv[2], &n))
		return -EINVAL;
	return sriov_set(pf, n);
}

static int cmd_sriov_lock(char **argv, int argc)
{
	struct vgpu_card *card = card_find(argv[1]);
	long n;

	(void)argc;
	if (!number(argv[2], &n))
		return -EINVAL;
	if (!card)
		return -ENOENT;
	card->lock_refusals = n;
	return 0;
}

static int cmd_reboot(char **argv, int argc)
{
	struct parent *pf = pf_find(argv[1]);

	(void)argc;
	if (!pf)
		return -ENOENT;
	sriov_reboot(pf);
	return 0;
}

static int cmd_vgpu(char **argv, int argc)
{
	struct parent *vf = parent_find(argv[1]);
	long id;

	(void)argc;
	if (!number(argv[2], &id))
		return -EINVAL;
	return vf && vf->vgpu ? vgpu_set(vf->vgpu, id) : -ENOENT;
}

static int cmd_card(char **argv, int argc)
{
	struct vgpu_card *card = card_find(argv[1]);

	(void)argc;
	return card ? card_set(card, argv[2], argv[3]) : -ENOENT;
}

static int cmd_driver_add(char **argv, int argc)
{
	return vfio_driver_add(argv[1], argc > 2 ? argv[2] : "*");
}

static int cmd_driver_remove(char **argv, int argc)
{
	(void)argc;
	return vfio_driver_remove(argv[1]);
}

static int cmd_gpu_instances(char **argv, int argc)
{
	struct vgpu_card *card = card_find(argv[1]);

	return card ? card_set_instances(card, argv + 2, argc - 2) : -ENOENT;
}

static int cmd_gpu_instance_add(char **argv, int argc)
{
	struct vgpu_card *card = card_find(argv[1]);

	(void)argc;
	if (card)
		card_add_instance(card, argv[2]);
	return card ? 0 : -ENOENT;
}

static int cmd_gpu_instance_remove(char **argv, int argc)
{
	struct vgpu_card *card = card_find(argv[1]);
	long id;

	(void)argc;
	if (!number(argv[2], &id))
		return -EINVAL;
	return card ? card_remove_instance(card, id) : -ENOENT;
}

/* @rest: the last argument is the rest of the line, blanks and all. */
static const struct command {
	const char *name;
	int min, max;
	bool rest;
	int (*run)(char **argv, int argc);
} commands[] = {
	{ "fail", 4, 6, false, cmd_fail },
	{ "slow", 4, 6, false, cmd_slow },
	{ "short", 3, 5, false, cmd_short },
	{ "hold", 3, 3, false, cmd_hold },
	{ "release", 2, 2, false, cmd_release },
	{ "clear", 1, 1, false, cmd_clear },
	{ "clear-log", 1, 1, false, cmd_clear_log },
	{ "parent-remove", 2, 2, false, cmd_parent_remove },
	{ "parent-add", 2, 2, false, cmd_parent_add },
	{ "device-remove", 2, 2, false, cmd_device_remove },
	{ "device-add", 4, 4, false, cmd_device_add },
	{ "set", 2, 3, true, cmd_set },
	{ "unlink", 2, 2, false, cmd_unlink },
	{ "sriov", 3, 3, false, cmd_sriov },
	{ "sriov-lock", 3, 3, false, cmd_sriov_lock },
	{ "reboot", 2, 2, false, cmd_reboot },
	{ "driver-add", 2, 3, false, cmd_driver_add },
	{ "driver-remove", 2, 2, false, cmd_driver_remove },
	{ "vgpu", 3, 3, false, cmd_vgpu },
	{ "card", 4, 4, false, cmd_card },
	{ "gpu-instance-add", 3, 3, false, cmd_gpu_instance_add },
	{ "gpu-instance-remove", 3, 3, false, cmd_gpu_instance_remove },
	{ "gpu-instances", 2, MAX_ARGS, false, cmd_gpu_instances },
};

static const struct command *command_find(const char *line)
{
	size_t len = strcspn(line, " ");

	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (strlen(commands[i].name) == len && strncmp(commands[i].name, line, len) == 0)
			return &commands[i];
	return NULL;
}

static int run_line(char *line)
{
	const struct command *c;
	char *argv[MAX_ARGS];
	int argc = 0;

	line += strspn(line, " ");
	if (!*line)
		return 0;
	c = command_find(line);
	if (!c)
		return -EINVAL;
	while (*line) {
		if (argc == c->max)
			return -EINVAL;
		argv[argc++] = line;
		if (c->rest && argc == c->max)
			break;
		line += strcspn(line, " ");
		if (*line)
			*line++ = '\0';
		if (!c->rest || argc + 1 < c->max)
			line += strspn(line, " ");
	}
	return argc < c->min ? -EINVAL : c->run(argv, argc);
}

static int control_store(struct node *n, const char *buf, size_t len)
{
	char *text = xstrndup(buf, len), *next = text, *line;
	int r = 0;

	(void)n;
	while (!r && (line = strsep(&next, "\n")))
		r = run_line(line);
	free(text);
	return r;
}

void control_init(void)
{
	static const struct attr_ops control = { .store = control_store, .unlogged = true };
	static const struct attr_ops log = { .show = log_show,
					     .unlogged = true,
					     .unlimited = true };
	static const struct attr_ops held = { .show = hold_show,
					      .unlogged = true,
					      .unlimited = true };
	struct node *dir = node_mkpath(sim.root, "fake");

	node_attr(dir, "control", 0200, &control, NULL);
	node_attr(dir, "log", 0444, &log, NULL);
	node_attr(dir, "held", 0444, &held, NULL);
}
