/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the kernel of this host has, or lacks, for mediated devices.
 */
#include "device/bus.h"
#include "doctor/doctor.h"
#include "hardware/module.h"

#include <sys/utsname.h>

#define PCI_DEVICES "sys/bus/pci/devices"

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
		_cleanup_free_ char *text = host_read(h, path);

		if (!text)
			continue;
		use_underscores(text);
		if (strstr(text, file))
			return true;
	}
	return module_is_loaded(h, module);
}

static void check_mdev(const struct host *h, const struct strv *parents, struct findings *all)
{
	struct utsname u;

	if (host_exists(h, "sys/class/mdev_bus") || host_exists(h, "sys/bus/mdev")) {
		findings_add(all, HEALTH_OK, "mdev", xstrdup("the kernel's mdev bus is there"), NULL);
		return;
	}
	/* Those that there are are others. */
	if (parents->n) {
		findings_add(all, HEALTH_OK, "mdev", xstrdup("no mdev bus, which no parent here needs"), NULL);
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
	_cleanup_free_ char *cmdline = host_read(h, "proc/cmdline"), *cpu = host_read(h, "proc/cpuinfo");
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

	host_list_names(h, "sys/kernel/iommu_groups", &groups);
	host_list_names(h, PCI_DEVICES, &devices);
	if (groups.n)
		findings_add(all, HEALTH_OK, "iommu", xasprintf("%zu IOMMU group%s", groups.n, groups.n == 1 ? "" : "s"), NULL);
	else if (!devices.n)
		findings_add(all, HEALTH_OK, "iommu", xstrdup("no PCI devices, which would need one"), NULL);
	else
		explain_no_iommu(h, have_parents, all);
}

static void check_parents(const struct strv *parents, struct findings *all)
{
	_cleanup_free_ char *names = strv_join(parents, 5);

	if (parents->n)
		findings_add(all, HEALTH_OK, "parents", xasprintf("%s registered", names), NULL);
	else
		findings_add(all, HEALTH_FAIL, "parents", xstrdup("no driver has registered a parent device"),
			     xstrdup("see the other lines; if none tells more, no device of this host has a driver with mediated devices"));
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

bool doctor_kernel(const struct host *h, struct findings *all)
{
	_cleanup_(strv_done) struct strv parents = {};
	bool have_parents;

	bus_list_parents(h, &parents);
	have_parents = parents.n > 0;
	check_mdev(h, &parents, all);
	check_parents(&parents, all);
	check_iommu(h, have_parents, all);
	check_drivers(h, have_parents, all);
	return have_parents;
}
