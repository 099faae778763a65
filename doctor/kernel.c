/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the kernel of this host has, or lacks, for mediated devices.
 */
#include "device/bus.h"
#include "doctor/doctor.h"
#include "hardware/module.h"
#include "hardware/nvidia.h"
#include "hardware/sriov.h"

#include <fcntl.h>
#include <sys/utsname.h>

#define PCI_DEVICES "sys/bus/pci/devices"
#define NVIDIA 0x10de

void findings_add(struct findings *all, enum health health, const char *check, char *seen, char *mend)
{
	all->f = xgrow(all->f, all->n, sizeof(*all->f));
	all->f[all->n++] = (struct finding){ health, check, seen, mend };
}

bool findings_have(const struct findings *all, enum health health)
{
	for (size_t i = 0; i < all->n; i++)
		if (all->f[i].health == health)
			return true;
	return false;
}

void findings_done(struct findings *all)
{
	for (size_t i = 0; i < all->n; i++) {
		free(all->f[i].seen);
		free(all->f[i].mend);
	}
	free(all->f);
	*all = (struct findings){};
}

/* Adds the names of a directory's entries, sorted; a missing one has none. */
static void list_names(const struct host *h, const char *path, struct strv *names)
{
	_cleanup_closedir_ DIR *dir = NULL;
	struct dirent *e;

	if (host_opendirf(h, &dir, "%s", path) < 0)
		return;
	while ((e = dir_next(dir)))
		strv_add(names, xstrdup(e->d_name));
	strv_sort(names);
}

static bool exists(const struct host *h, const char *path)
{
	_cleanup_close_ int fd = host_openf(h, O_PATH, "%s", path);

	return fd >= 0;
}

/* The text of a file; caller frees, NULL: it cannot be read. */
static char *read_file(const struct host *h, const char *path)
{
	_cleanup_close_ int fd = host_openf(h, O_RDONLY, "%s", path);
	char *text = NULL;
	size_t length;

	if (fd >= 0)
		read_all(fd, 16 << 20, false, &text, &length);
	return text;
}

/* The kernel takes '-' and '_' in the name of a module for the same, and files have either. */
static void use_underscores(char *s)
{
	for (; *s; s++)
		if (*s == '-')
			*s = '_';
}

/* Whether the running kernel has the module, loaded or not, or built in. */
static bool has_module(const struct host *h, const char *module)
{
	static const char *const lists[] = { "modules.dep", "modules.builtin" };
	_cleanup_free_ char *file = xasprintf("/%s.ko", module);
	struct utsname u;

	uname(&u);
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		_cleanup_free_ char *path = xasprintf("lib/modules/%s/%s", u.release, lists[i]);
		_cleanup_free_ char *text = read_file(h, path);

		if (!text)
			continue;
		use_underscores(text);
		if (strstr(text, file))
			return true;
	}
	return module_is_loaded(h, module);
}

static void check_mdev(const struct host *h, struct findings *all)
{
	struct utsname u;

	if (exists(h, "sys/class/mdev_bus") || exists(h, "sys/bus/mdev")) {
		findings_add(all, HEALTH_OK, "mdev", xstrdup("the kernel's mdev bus is there"), NULL);
		return;
	}
	uname(&u);
	if (has_module(h, "mdev"))
		findings_add(all, HEALTH_WARN, "mdev",
			     xstrdup("the kernel's module mdev is there, but no driver has loaded it"),
			     xstrdup("load the module of the card's driver (see drivers)"));
	else
		findings_add(all, HEALTH_FAIL, "mdev",
			     xasprintf("kernel %s has no module mdev", u.release),
			     xstrdup("install the kernel's package of further modules, or a kernel with CONFIG_VFIO_MDEV"));
}

/* The word of the kernel's command line that turns the IOMMU off; caller frees. */
static char *find_off_switch(const char *cmdline)
{
	static const char *const words[] = { "intel_iommu=off", "amd_iommu=off", "iommu=off" };

	for (size_t i = 0; cmdline && i < ARRAY_SIZE(words); i++)
		if (strstr(cmdline, words[i]))
			return xstrdup(words[i]);
	return NULL;
}

static void explain_no_iommu(const struct host *h, bool have_parents, struct findings *all)
{
	_cleanup_free_ char *cmdline = read_file(h, "proc/cmdline"), *cpu = read_file(h, "proc/cpuinfo");
	_cleanup_free_ char *off = find_off_switch(cmdline);
	bool is_intel = cpu && strstr(cpu, "GenuineIntel");
	char *seen, *mend;

	if (off) {
		seen = xasprintf("no IOMMU groups; the kernel was started with %s", off);
		mend = xasprintf("take %s off the kernel's command line, and reboot", off);
	} else if (is_intel && !(cmdline && strstr(cmdline, "intel_iommu=on"))) {
		seen = xstrdup("no IOMMU groups; the kernel was started without intel_iommu=on");
		mend = xstrdup("add intel_iommu=on to the kernel's command line, enable VT-d in the firmware, and reboot");
	} else {
		seen = xstrdup("no IOMMU groups");
		mend = xasprintf("enable %s in the firmware, and reboot",
				 is_intel ? "VT-d" : "the IOMMU (AMD-Vi, SMMU)");
	}
	findings_add(all, have_parents ? HEALTH_WARN : HEALTH_FAIL, "iommu", seen, mend);
}

static void check_iommu(const struct host *h, bool have_parents, struct findings *all)
{
	_cleanup_(strv_done) struct strv groups = {}, devices = {};

	list_names(h, "sys/kernel/iommu_groups", &groups);
	list_names(h, PCI_DEVICES, &devices);
	if (groups.n)
		findings_add(all, HEALTH_OK, "iommu", xasprintf("%zu IOMMU group%s", groups.n, groups.n == 1 ? "" : "s"), NULL);
	else if (!devices.n)
		findings_add(all, HEALTH_OK, "iommu", xstrdup("no PCI devices, which would need one"), NULL);
	else
		explain_no_iommu(h, have_parents, all);
}

static bool check_parents(const struct host *h, struct findings *all)
{
	_cleanup_(strv_done) struct strv parents = {};
	_cleanup_free_ char *names = NULL;

	bus_list_parents(h, &parents);
	names = strv_join(&parents, 5);
	if (parents.n)
		findings_add(all, HEALTH_OK, "parents", xasprintf("%s registered", names), NULL);
	else
		findings_add(all, HEALTH_FAIL, "parents", xstrdup("no driver has registered a parent device"),
			     xstrdup("see the other lines; if none tells more, no device of this host has a driver with mediated devices"));
	return parents.n > 0;
}

#define I915_DEVICES "sys/bus/pci/drivers/i915"
#define I915_OPTION \
	"add i915.enable_gvt=1 to the kernel's command line (GVT-g is there for Intel graphics of generations 5 to 10 only)"

/*
 * Drivers whose support of mediated devices is a module that nothing loads by
 * itself: there is hardware for it if @devices has an entry that is a device.
 */
static const struct {
	const char *module, *devices, *what;
	const char *more; /* what else is needed, or NULL */
} optional_modules[] = {
	{ "kvmgt", I915_DEVICES, "an Intel GPU with driver i915", I915_OPTION },
	{ "nvidia_vgpu_vfio", "sys/bus/pci/drivers/nvidia", "an NVIDIA GPU with driver nvidia", NULL },
	{ "vfio_ap", "sys/bus/ap/devices", "a crypto card (AP)",
	  "take adapters and domains from the host, such as 5 and 0x47: chzdev -t ap apmask=-5 aqmask=-0x47" },
	{ "vfio_ccw", "sys/bus/css/devices", "a channel subsystem",
	  "bind a subchannel to vfio_ccw: driverctl -b css set-override 0.0.0313 vfio_ccw" },
};

/* A driver's directory has files beside the links to its devices. */
static void list_devices(const struct host *h, const char *devices, struct strv *names)
{
	_cleanup_closedir_ DIR *dir = NULL;
	struct dirent *e;

	if (host_opendirf(h, &dir, "%s", devices) < 0)
		return;
	while ((e = dir_next(dir)))
		if (e->d_type == DT_LNK && !str_eq(e->d_name, "module"))
			strv_add(names, xstrdup(e->d_name));
	strv_sort(names);
}

static bool has_device(const struct host *h, const char *devices)
{
	_cleanup_(strv_done) struct strv names = {};

	list_devices(h, devices, &names);
	return names.n > 0;
}

/* With its module loaded, i915 still offers nothing unless it was started with an option. */
static bool check_gvt(const struct host *h, struct findings *all)
{
	_cleanup_(strv_done) struct strv gpus = {};
	_cleanup_free_ char *names = NULL;

	list_devices(h, I915_DEVICES, &gpus);
	if (!gpus.n || !module_is_loaded(h, "kvmgt"))
		return true;
	for (size_t i = 0; i < gpus.n; i++)
		if (bus_has_parent(h, gpus.s[i]))
			return true;
	names = strv_join(&gpus, 4);
	findings_add(all, HEALTH_FAIL, "drivers",
		     xasprintf("kvmgt is loaded, but offers nothing for this GPU (%s)", names),
		     xstrdup(I915_OPTION));
	return false;
}

static void check_drivers(const struct host *h, bool have_parents, struct findings *all)
{
	enum health health = have_parents ? HEALTH_WARN : HEALTH_FAIL;
	bool is_missing = !check_gvt(h, all);

	for (size_t i = 0; i < ARRAY_SIZE(optional_modules); i++) {
		const char *module = optional_modules[i].module, *what = optional_modules[i].what;
		const char *more = optional_modules[i].more;

		if (!has_device(h, optional_modules[i].devices) || module_is_loaded(h, module))
			continue;
		is_missing = true;
		if (has_module(h, module))
			findings_add(all, health, "drivers",
				     xasprintf("there is %s, but the module %s is not loaded", what, module),
				     xasprintf("modprobe %s%s%s", module, more ? "; if that is not enough, " : "",
					       more ? more : ""));
		else
			findings_add(all, health, "drivers",
				     xasprintf("there is %s, but no module %s for this kernel", what, module),
				     str_eq(module, "nvidia_vgpu_vfio") ?
					     xstrdup("install NVIDIA's vGPU driver for hosts, which the usual driver is not") :
					     xasprintf("install the package of the kernel that has %s", module));
	}
	if (!is_missing)
		findings_add(all, HEALTH_OK, "drivers",
			     xstrdup("every driver module that this hardware needs is loaded"), NULL);
}

static unsigned long read_number(const struct host *h, const char *device, const char *file)
{
	_cleanup_free_ char *path = xasprintf(PCI_DEVICES "/%s/%s", device, file);
	_cleanup_free_ char *text = read_file(h, path);

	return text ? strtoul(text, NULL, 0) : 0;
}

/* Network cards have virtual functions too, and are none of our business. */
static bool is_gpu(const struct host *h, const char *device)
{
	unsigned long class = read_number(h, device, "class") >> 16;

	return class == 0x03 || class == 0x12;
}

/* What enables the virtual functions of a card, and keeps them. */
static char *mend_idle_card(const struct host *h, const char *pf)
{
	if (sriov_needs_manage(h, pf) && !sriov_has_manage(h))
		return xstrdup("install NVIDIA's vGPU driver for hosts, of which /usr/lib/nvidia/sriov-manage is a part");
	return xasprintf("mdevctl define-vfs -p %s --count max; mdevctl start-parent-mdevs %s", pf, pf);
}

static void check_sriov(const struct host *h, bool have_parents, struct findings *all)
{
	_cleanup_(strv_done) struct strv devices = {};
	enum health health = have_parents ? HEALTH_WARN : HEALTH_FAIL;
	size_t cards = 0, idle = 0;

	list_names(h, PCI_DEVICES, &devices);
	for (size_t i = 0; i < devices.n; i++) {
		const char *pf = devices.s[i];
		struct sriov sriov;

		if (!is_gpu(h, pf) || sriov_look(h, pf, &sriov) < 0 || !sriov.total)
			continue;
		cards++;
		if (sriov.enabled)
			continue;
		idle++;
		findings_add(all, health, "sr-iov",
			     xasprintf("none of the %lu virtual functions of %s is enabled", sriov.total, pf),
			     mend_idle_card(h, pf));
	}
	if (!idle)
		findings_add(all, HEALTH_OK, "sr-iov",
			     cards ? xasprintf("%zu GPU%s virtual functions, which are enabled", cards,
					       cards == 1 ? " has" : "s have") :
				     xstrdup("no GPU with virtual functions"),
			     NULL);
}

/* Virtual functions of NVIDIA's GPUs that the driver gives no vGPUs, neither as
 * mdevs nor by its own framework. */
static bool has_bare_vf(const struct host *h)
{
	_cleanup_(strv_done) struct strv devices = {};

	list_names(h, PCI_DEVICES, &devices);
	for (size_t i = 0; i < devices.n; i++) {
		_cleanup_free_ char *physfn = xasprintf(PCI_DEVICES "/%s/physfn", devices.s[i]);

		if (read_number(h, devices.s[i], "vendor") == NVIDIA && exists(h, physfn) &&
		    !bus_has_parent(h, devices.s[i]))
			return true;
	}
	return false;
}

/* NVIDIA's vendor-specific VFIO, where there are such cards. */
static void check_vgpus(const struct host *h, struct findings *all)
{
	_cleanup_(mdev_type_list_done) struct mdev_type_list types = {};
	_cleanup_(mdev_list_done) struct mdev_list held = {};
	_cleanup_(strv_done) struct strv vfs = {};
	size_t offered = 0;

	nvidia_list_parents(h, &vfs);
	if (!vfs.n) {
		if (has_bare_vf(h))
			findings_add(all, HEALTH_FAIL, "vgpus",
				     xstrdup("NVIDIA's virtual functions are enabled, but offer no vGPUs"),
				     xstrdup("install NVIDIA's vGPU driver for hosts, which the usual driver is not"));
		return;
	}
	nvidia_list(h, NULL, &held);
	nvidia_list_types(h, NULL, &types);
	for (size_t i = 0; i < types.n; i++)
		offered += types.t[i].available > 0;
	if (offered || held.n)
		findings_add(all, HEALTH_OK, "vgpus",
			     xasprintf("%zu virtual functions of NVIDIA's own framework, %zu of which hold a vGPU%s", vfs.n,
				       held.n, offered ? "" : "; the GPU is full, so that no type is offered"),
			     NULL);
	else
		findings_add(all, HEALTH_FAIL, "vgpus",
			     xasprintf("%zu virtual functions of NVIDIA's own framework, none of which offers a type", vfs.n),
			     xstrdup("see whether the vGPU manager runs (systemctl status nvidia-vgpud nvidia-vgpu-mgr), and whether the GPU needs instances (MIG)"));
}

void doctor_kernel(const struct host *h, struct findings *all)
{
	bool have_parents;

	check_mdev(h, all);
	have_parents = check_parents(h, all);
	check_iommu(h, have_parents, all);
	check_drivers(h, have_parents, all);
	check_sriov(h, have_parents, all);
	check_vgpus(h, all);
}
