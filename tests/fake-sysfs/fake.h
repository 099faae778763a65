/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The simulated kernel: one tree of sysfs nodes (node.c, attr.c), the mdev core and its parents
 * (mdev.c, parent.c), the drivers below it (vfio.c, ap.c), virtual functions (sriov.c) and NVIDIA's
 * vGPUs on them (vgpu.c, vgpu-card.c), what tests do to them (fault.c, control.c), hosts described
 * in JSON (host.c, host-sriov.c), and the way in from FUSE (fs.c, main.c). Everything is under
 * sim.lock; whoever waits does so on sim.cond.  Nothing outside main.c and fs.c knows of FUSE.
 */
#ifndef FAKE_H
#define FAKE_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <sys/types.h>

#define UUID_LEN 36
#define SYSFS_MAX 4096

struct node;
struct mdev;
struct parent;
struct sriov;
struct vgpu;

struct sim {
	pthread_mutex_t lock;
	pthread_cond_t cond;
	bool exiting;
	bool cached; /* the kernel may remember directories (README) */
	struct node *root;
};
extern struct sim sim;

static inline bool streq(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

static inline bool starts_with(const char *s, const char *start)
{
	return strncmp(s, start, strlen(start)) == 0;
}

/* util.c */
void *xcalloc(size_t n, size_t size);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);
char *xprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
char *str_replace(const char *s, const char *what, const char *by);
int errno_by_name(const char *name);
const char *errno_name(int err, char buf[16]);
int kstrtoul(const char *buf, size_t len, unsigned long *ret_value);
void sim_init(void);
void sim_wait(void);
void sim_wait_ms(long ms);
void sim_wake(void);
void sim_exit(void);

/* node.c: what FUSE calls a node id; a writable attribute has one per lookup (README) */
struct ident {
	LIST_ENTRY(ident) list;
	struct node *node;
	uint64_t lookups;
};

struct attr_ops {
	int (*show)(struct node *n, FILE *out);
	int (*store)(struct node *n, const char *buf, size_t len);
	int (*open)(struct node *n);
	void (*flush)(struct node *n);
	void (*close)(struct node *n);
	bool unlogged;       /* fake/: not part of the kernel */
	bool unlimited;      /* more than a page */
	bool removes_itself; /* a second writer that was in time gets its count */
};

struct node {
	LIST_ENTRY(node) hash, sibling;
	LIST_HEAD(node_list, node) children;
	struct node *parent;
	char *name;
	char *text; /* of a link: the target */
	const struct attr_ops *ops;
	const void *priv;
	struct ident id;
	uint64_t ino;
	unsigned int refs, subdirs;
	mode_t mode;
	uid_t uid;
	gid_t gid;
	bool dead;
};

/* As listed: in the order of their hashes, as kernfs does it, never sorted by name. */
struct child {
	struct node *node;
	uint32_t hash;
};

void tree_init(void);
void tree_done(void);
struct node *node_ref(struct node *n);
void node_unref(struct node *n);
struct node *node_dir(struct node *parent, const char *name);
struct node *node_mkpath(struct node *from, const char *path);
struct node *node_link(struct node *parent, const char *name, const char *target);
struct node *node_link_to(struct node *parent, const char *name, const struct node *target);
struct node *node_attr(struct node *parent, const char *name, mode_t mode,
		       const struct attr_ops *ops, const void *priv);
struct node *node_child(const struct node *parent, const char *name);
struct node *node_find(const char *path);
void node_remove(struct node *n);
void node_remove_child(const struct node *parent, const char *name);
void node_set_text(struct node *n, const char *text, size_t len);
char *node_path(const struct node *n);
struct child *node_children(const struct node *dir, size_t *ret_n);

/* attr.c */
struct attr_def {
	char *name; /* may be nested: vendor/sample */
	mode_t mode;
	char *value;
	char *link;   /* a symbolic link instead of a file */
	bool dir;     /* a directory instead of a file */
	char *accept; /* glob of what may be written; EINVAL otherwise */
	bool loses_last; /* the driver does not keep the last byte of what is written */
	int read_errno, write_errno;
};

struct attr_defs {
	struct attr_def *v;
	size_t n;
};

struct node *attr_text(struct node *dir, const char *name, mode_t mode, const char *text);
void attr_uevent(struct node *dir, const char *text);
void attr_make(struct node *dir, const struct attr_def *def, const char *uuid);
void attr_power(struct node *dir);
void attrs_free(struct attr_defs *attrs);
int attr_open(struct node *n, int flags);
int attr_read(struct node *n, char **ret_text, size_t *ret_len);
ssize_t attr_write(struct node *n, const char *buf, size_t len);

/* fault.c */
enum op { OP_OPEN, OP_READ, OP_WRITE, OP_READDIR, OP_READLINK, OP_LOOKUP, N_OPS };
extern const char *const op_names[N_OPS];
enum fault_kind { FAULT_FAIL, FAULT_SLOW, FAULT_SHORT };

void fault_add(enum fault_kind kind, enum op op, const char *pattern, long arg, long count,
	       long skip);
int fault_check(enum op op, const struct node *n, const char *name, size_t *len);
void fault_clear(void);
void hold_add(const char *what, const char *pattern);
void hold_release(const char *pattern);
void hold_wait(const char *what, const char *uuid);
void hold_blocked(const char *uuid, const bool *busy);
int hold_show(struct node *n, FILE *out);
void log_write(const struct node *n, const char *buf, size_t len, ssize_t result);
void log_clear(void);
int log_show(struct node *n, FILE *out);
void fault_done(void);

/* control.c */
void control_init(void);

/* vfio.c */
struct vfio {
	int group, index;
	bool busy;
	struct timespec flushed;
};

struct vfio *vfio_add(const char *uuid, struct node *dir);
void vfio_remove(struct vfio *v, const char *uuid, struct node *dir);
/* The two halves of these, of a device whose group is there before a VFIO driver has it. */
struct vfio *vfio_group_add(const char *name, struct node *dir);
void vfio_group_remove(struct vfio *v, struct node *dir);
void vfio_device_add(struct vfio *v, struct node *dir);
void vfio_device_remove(struct vfio *v, const char *name, struct node *dir);

/* ap.c */
struct ap_host {
	unsigned long max_adapter, max_domain;
	char **reserved; /* globs over "05.0004" */
	size_t n_reserved;
	bool ap_config;
};

struct ap_matrix;
struct ap_matrix *ap_add(const struct mdev *m);
void ap_remove(struct ap_matrix *ap);
void ap_attrs(struct mdev *m);

/* parent.c */
struct pool {
	char *name;
	long units, used;
	bool exclusive;
	char *type; /* exclusive: the one that is in use */
	long devices;
	struct pool *next;
};

struct type {
	struct parent *parent;
	char *id, *name, *description, *api;
	long cost, max, devices; /* max: -1 none */
	struct attr_defs attrs;
	struct node *dir, *list; /* only while registered */
};

struct parent {
	char *name, *path, *subsystem, *driver, *module;
	const char *bound; /* the driver that has it now: its own, another (pci-driver.c), or none */
	struct attr_defs attrs;
	struct type *types;
	size_t n_types;
	struct pool *pool;
	long max_devices, devices; /* max_devices: -1 none */
	int errno_full;
	bool vanishes; /* its device exists only while its module is loaded */
	bool registered, unregistering;
	unsigned int ops; /* creates and removes under way: readers of unreg_sem */
	char *mdev_driver;
	struct attr_defs mdev_attrs;
	bool vfio;
	struct ap_host *ap;
	struct sriov *sriov; /* of a physical function */
	struct parent *pf;   /* of a virtual function, which has a directory while it is enabled */
	struct vgpu *vgpu;
	struct vfio *group; /* of a virtual function that is enabled, and has no vGPUs */
	char *override; /* its driver_override */
	struct node *dir;
	LIST_HEAD(mdev_list, mdev) mdevs;
	struct parent *next;
};

void parent_insert(struct parent *p);
struct parent *parent_first(void);
struct parent *parent_find(const char *name);
struct type *parent_type(const struct parent *p, const char *id);
struct pool *pool_find(const char *name);
struct pool *pool_new(const char *name);
void parent_plug(struct parent *p);
void parent_unplug(struct parent *p);
int parent_register(struct parent *p);
int parent_unregister(struct parent *p);
void module_add(const char *name);
void mdev_class_add(void);
long type_available(const struct type *t);
void type_take(struct type *t);
void type_give(struct type *t);
void parent_done(void);

/* mdev.c */
struct mdev {
	LIST_ENTRY(mdev) hash, sibling;
	char uuid[UUID_LEN + 1];
	struct type *type;
	struct parent *parent;
	struct node *dir;
	struct vfio *vfio;
	struct ap_matrix *ap;
	bool active, counted;
};

extern const struct attr_ops create_ops;
bool uuid_parse_kernel(const char *s, char ret_uuid[UUID_LEN + 1]);
struct mdev *mdev_find(const char *uuid);
int mdev_create(struct type *t, const char *uuid);
int mdev_remove(struct mdev *m);
void mdev_teardown(struct mdev *m);

/* vgpu-card.c: what the vGPUs of one GPU share */
struct vgpu_type {
	unsigned long id;
	char *name, *profile;  /* profile: of the GPU instance that it needs, or NULL */
	long framebuffer, max; /* max: of this size, -1 none */
};

struct gpu_instance {
	char *profile; /* empty: removed, its number is free */
	struct vgpu *user;
};

struct vgpu_card {
	struct parent *pf;
	struct vgpu_type *types;
	size_t n_types;
	long framebuffer, params_max;
	int form, errno_unknown;
	bool patched; /* errnos of the patches for the kernel, else of the released driver */
	bool equal_size, full, mig;
	bool mig_listed; /* MIG types are, before their GPU instance has been made */
	bool unmanaged; /* nvidia-vgpud has not run: no types on any VF */
	struct gpu_instance *instances;
	size_t n_instances;
	long lock_refusals; /* so often the unbindLock is not to be had */
	bool locked;
};

const struct vgpu_type *card_type(const struct vgpu_card *card, unsigned long id);
int card_check(const struct vgpu_card *card, const struct vgpu_type *t);
void card_show_creatable(const struct vgpu_card *card, FILE *out, bool none);
struct gpu_instance *card_instance(const struct vgpu_card *card, const char *profile);
int card_set(struct vgpu_card *card, const char *key, const char *value);
int card_set_instances(struct vgpu_card *card, char **profiles, size_t n);
void card_add_instance(struct vgpu_card *card, const char *profile);
int card_remove_instance(struct vgpu_card *card, unsigned long id);
bool card_in_use(const struct vgpu_card *card);
void card_reset(struct vgpu_card *card);
void card_plug(struct vgpu_card *card);
void card_free(struct vgpu_card *card);

/* vgpu.c: a virtual function's directory nvidia/ */
struct vgpu {
	struct parent *vf;
	struct vgpu_card *card;
	const struct vgpu_type *type; /* from the moment its room is taken */
	struct gpu_instance *instance;
	struct vfio *vfio; /* while the VF is enabled */
	bool active, changing;
	char *params;
	unsigned long placement, warm_update;
};

int vgpu_set(struct vgpu *g, unsigned long id);
void vgpu_plug(struct vgpu *g);
void vgpu_unplug(struct vgpu *g);
void vgpu_free(struct vgpu *g);

/* sriov.c */
struct sriov {
	long total, offset, stride, numvfs;
	int errno_refuse; /* of a raw write to sriov_numvfs; 0: the driver has sriov_configure */
	bool changing;    /* the device lock */
	bool autoprobe, keeps; /* keeps: the driver leaves its VFs when it goes */
	struct parent **vfs;
	struct vgpu_card *card; /* NULL: no vGPUs of NVIDIA's own framework */
	struct xe *xe; /* NULL: no sriov_admin/ */
};

char *sriov_vf_name(const struct parent *pf, long i);
void sriov_plug(struct parent *pf);
int sriov_set(struct parent *pf, long n);
void sriov_reboot(struct parent *pf);
void sriov_free(struct sriov *s);

/* xe.c: sriov_admin/ of Intel's driver */
struct xe_model {
	unsigned long vram, unit, quantum_max;
	bool no_scheduling, fixed_priority;
};
struct xe *xe_new(struct parent *pf, const struct xe_model *model);
void xe_plug(struct xe *xe);
void xe_enabled(struct xe *xe);
void xe_disabled(struct xe *xe);
void xe_free(struct xe *xe);

/* pci-driver.c */
void pci_drivers_plug(struct parent *pf);
void function_plug(struct parent *p);
void vf_plug(struct parent *vf);
void vf_unplug(struct parent *vf);
void vfio_drivers_given(void);
int vfio_driver_add(const char *name, const char *takes);
int vfio_driver_remove(const char *name);
void pci_drivers_done(void);

/* host.c */
void host_load(const char *file);
void host_done(void);

/* fs.c */
int fs_main(const char *mountpoint, bool foreground);

#endif
