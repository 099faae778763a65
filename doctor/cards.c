/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Cards whose virtual functions are parents, or hold what parents hold.
 */
#include "device/bus.h"
#include "doctor/doctor.h"
#include "hardware/nvidia.h"
#include "hardware/sriov-manage.h"
#include "hardware/sriov.h"

#define PCI_DEVICES "sys/bus/pci/devices"
#define NVIDIA 0x10de

static unsigned long read_number(const struct host *h, const char *device, const char *file)
{
	_cleanup_free_ char *path = xasprintf(PCI_DEVICES "/%s/%s", device, file);
	_cleanup_free_ char *text = host_read(h, path);

	return text ? strtoul(text, NULL, 0) : 0;
}

/* Network cards have virtual functions too, and are none of our business. */
static bool is_gpu(const struct host *h, const char *device)
{
	unsigned long class = read_number(h, device, "class") >> 16;

	return class == 0x03 || class == 0x12;
}

/* Of which each virtual function goes to a machine as a whole. */
static bool gives_functions(const struct host *h, const char *pf)
{
	_cleanup_free_ char *driver = NULL;

	return sriov_driver(h, pf, &driver) == 0 && str_eq(driver, "xe");
}

/* What enables the virtual functions of a card, and keeps them. */
static char *mend_idle_card(const struct host *h, const char *pf)
{
	if (sriov_manage_is_needed(h, pf) && !sriov_manage_is_there(h))
		return xstrdup("install NVIDIA's vGPU driver for hosts, of which /usr/lib/nvidia/sriov-manage is a part");
	return xasprintf("mdevctl define-vfs -p %s --count max%s; mdevctl start-parent-mdevs %s", pf,
			 gives_functions(h, pf) ? " --driver auto" : "", pf);
}

static void check_sriov(const struct host *h, bool have_parents, const struct strv *kept, bool quiet,
			struct findings *all)
{
	_cleanup_(strv_done) struct strv devices = {};
	enum health health = have_parents ? HEALTH_WARN : HEALTH_FAIL;
	size_t cards = 0, idle = 0;

	host_list_names(h, PCI_DEVICES, &devices);
	for (size_t i = 0; i < devices.n; i++) {
		const char *pf = devices.s[i];
		_cleanup_(strv_done) struct strv vfs = {};
		unsigned long total;

		/* Of what is kept with a driver functions.c tells. */
		if ((quiet && strv_has(kept, pf)) || !is_gpu(h, pf) || sriov_total(h, pf, &total) < 0)
			continue;
		cards++;
		/* By the links, as the number may have us wait (sriov.h). */
		sriov_list_vfs(h, pf, &vfs);
		if (vfs.n)
			continue;
		idle++;
		findings_add(all, health, "sr-iov",
			     xasprintf("none of the %lu virtual functions of %s is enabled", total, pf),
			     mend_idle_card(h, pf));
	}
	if (!idle && (cards || !quiet))
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

	host_list_names(h, PCI_DEVICES, &devices);
	for (size_t i = 0; i < devices.n; i++) {
		_cleanup_free_ char *physfn = xasprintf(PCI_DEVICES "/%s/physfn", devices.s[i]);

		if (read_number(h, devices.s[i], "vendor") == NVIDIA && host_exists(h, physfn) &&
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

void doctor_cards(const struct host *h, bool have_parents, const struct strv *kept, bool quiet, struct findings *all)
{
	check_sriov(h, have_parents, kept, quiet, all);
	check_vgpus(h, all);
}
