/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The commands, and what several of them share.  A command returns 0, WRONG_USAGE,
 * another negative value after it has said what failed, or a positive exit status
 * that says something else than failure.
 */
#ifndef MDEVCTL_CMD_H
#define MDEVCTL_CMD_H

#include "cli/args.h"
#include "config.h"
#include "lib/host.h"
#include "model/document.h"
#include "model/mdev.h"

/* --dry-run: something is to be done. */
#define EXIT_CHANGES 3

int cmd_define(const struct host *h, const struct args *a);
int cmd_undefine(const struct host *h, const struct args *a);
int cmd_modify(const struct host *h, const struct args *a);
int cmd_start(const struct host *h, const struct args *a);
int cmd_stop(const struct host *h, const struct args *a);
int cmd_start_parent_mdevs(const struct host *h, const struct args *a);
int cmd_list(const struct host *h, const struct args *a);
int cmd_define_vfs(const struct host *h, const struct args *a);
int cmd_undefine_vfs(const struct host *h, const struct args *a);
int cmd_types(const struct host *h, const struct args *a);
int cmd_describe(const struct host *h, const struct args *a);
int cmd_compat(const struct host *h, const struct args *a);
int cmd_doctor(const struct host *h, const struct args *a);
int cmd_define_pool(const struct host *h, const struct args *a);
int cmd_undefine_pool(const struct host *h, const struct args *a);
int cmd_list_pools(const struct host *h, const struct args *a);
int cmd_apply(const struct host *h, const struct args *a);
int cmd_dump(const struct host *h, const struct args *a);
int cmd_help(const struct host *h, const struct args *a);

/* Warns of each, in order: one bad file does not hide the rest. */
void warn_of(struct strv *problems);
/*
 * On a terminal, and nowhere else, says that there is no such parent, and which
 * one may be meant; with @only_near nothing if there is none of that kind.
 */
void notice_parent(const struct host *h, const char *parent, bool only_near);
/* The text of a file, "-": of standard input, of @max bytes at most; caller frees.  @ret_source: its name for
 * messages, borrowed.  Failure is told. */
int read_file(const char *file, size_t max, char **ret_text, size_t *ret_length, const char **ret_source);
/* What 'mdevctl describe' has made, of a file as read_file() takes it.  Failure is told. */
int read_document(const char *file, struct document *ret_document);
/* Fills @m with the definition in --jsonfile, and says what is wrong with it. */
int read_jsonfile(struct mdev *m, const char *file);
/* The name of --name, or of what was read if that gives the UUID. */
void set_name(const struct args *a, struct mdev *m);
/*
 * The definition that --uuid or --name and @parent, if not NULL, name.  -ENOENT without a
 * word if there is none; other errors are told, beginning with @what ("cannot ...").
 */
int pick_definition(const struct host *h, const struct args *a, const char *parent, const char *what,
		    struct mdev *ret_mdev);
/* The device that is meant: it runs, which sets its active, or with --defined or else it is
 * defined.  Failure is told, beginning with @what. */
int find_device(const struct host *h, const struct args *a, const char *what, struct mdev *ret_mdev);
/* Says why a running device was not removed; @r as bus_remove()'s. */
int fail_to_remove(const struct host *h, const char *uuid, int r);
/* Says that root is needed, before any script runs, where it is. */
int check_may_write(const struct host *h, const char *what, const struct mdev *m);
/* What can be seen of the physical function must not contradict; it need not be there. */
int check_vfs(const struct host *h, const struct vfs *vfs, struct error *error);
/* Enables the virtual functions that are defined for a PCI device, if any;
 * @unless_disabled: not if somebody has disabled them since its driver was loaded. */
int enable_defined_vfs(const struct host *h, const char *pf, bool unless_disabled);
/* Starts every automatic device of a parent that does not run; @problems: whether to warn of
 * files that are no definitions.  What is late is waited for so long. */
int autostart_parent(const struct host *h, const char *parent, unsigned late_ms, bool problems);
/* The same for the virtual functions of a card that are kept with a driver, and what is
 * to be bound; @defined false: only what is bound without being automatic. */
int autostart_vfs(const struct host *h, const char *pf, bool defined);
/* The same for every parent that something automatic, or VFs, are kept for. */
int autostart_all(const struct host *h);
/* Takes the lock for writing definitions, and says why not. */
int lock_definitions(const struct host *h, const char *what, struct config_writer *ret_writer);
/* Says why a definition could not be written or removed, or with @done why
 * that may not last, and returns a negative value. */
int fail_to_write(const struct host *h, int r, bool done, const char *what, const char *parent,
		  const char *uuid);

#endif
