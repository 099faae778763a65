/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Cards whose virtual functions are kept with a VFIO driver.
 */
#include "config.h"
#include "device/bus.h"
#include "device/kept.h"
#include "doctor/doctor.h"
#include "hardware/function.h"
#include "hardware/sriov.h"
#include "hardware/vfio-driver.h"

#define CHECK "functions"

/* What is kept, and what there is. */
struct card {
	const struct vfs *vfs;
	const char *driver;
	struct strv functions, taken; /* taken: by drivers of the host */
	size_t given;
};

static void card_done(struct card *card)
{
	strv_done(&card->functions);
	strv_done(&card->taken);
}

/* The state of each function. */
static void look_at(const struct host *h, struct card *card)
{
	sriov_list_vfs(h, card->vfs->pf, &card->functions);
	for (size_t i = 0; i < card->functions.n; i++) {
		_cleanup_close_ int fd = function_open(h, card->functions.s[i]);
		_cleanup_free_ char *holder = NULL;
		int r = fd < 0 ? fd : function_holder(fd, card->driver, &holder);

		card->given += r == 0;
		if (r == -EBUSY)
			strv_add(&card->taken, xasprintf("%s by %s", card->functions.s[i], holder));
	}
}

/* True: the driver is there, or can be. */
static bool check_driver(const struct host *h, const struct card *card, struct findings *all)
{
	_cleanup_free_ char *registered = vfio_driver_registered(h, card->driver);
	enum vfio_driver_state state = vfio_driver_look(h, card->driver);
	const char *pf = card->vfs->pf;

	if (state == VFIO_DRIVER_FINE) {
		if (!registered)
			findings_add(all, HEALTH_WARN, CHECK,
				     xasprintf("%s, which is to have the virtual functions of %s, is not loaded", card->driver, pf),
				     xasprintf("modprobe %s; mdevctl start does that, too", card->driver));
		return true;
	}
	findings_add(all, HEALTH_FAIL, CHECK,
		     state == VFIO_DRIVER_OTHER ?
			     xasprintf("%s, which is to have the virtual functions of %s, is no driver for VFIO", card->driver, pf) :
			     xasprintf("this kernel has no driver %s, which is to have the virtual functions of %s", card->driver, pf),
		     xasprintf("install the module, or mdevctl define-vfs -p %s --count %s --driver auto", pf,
			       card->vfs->count ? "N" : "max"));
	return false;
}

static void check_taken(const struct card *card, struct findings *all)
{
	_cleanup_free_ char *names = strv_join(&card->taken, 4);
	_cleanup_free_ char *first = card->taken.n ? xstrdup(card->taken.s[0]) : NULL;

	if (!first)
		return;
	first[strcspn(first, " ")] = '\0';
	findings_add(all, HEALTH_WARN, CHECK,
		     xasprintf("the host itself has virtual functions that are kept for %s: %s", card->driver, names),
		     xasprintf("if the host does not need them: echo %s >/sys/bus/pci/devices/%s/driver/unbind", first, first));
}

static void check_count(const struct host *h, const struct card *card, size_t total, struct findings *all)
{
	const char *pf = card->vfs->pf;
	size_t wanted = card->vfs->count ? card->vfs->count : total;
	struct kept kept;

	if (!card->functions.n)
		findings_add(all, HEALTH_FAIL, CHECK,
			     xasprintf("none of the %zu virtual functions of %s that are kept for %s is enabled", wanted, pf,
				       card->driver),
			     xasprintf("mdevctl start-parent-mdevs %s", pf));
	else if (kept_of_pf(h, pf, &kept) < 0)
		findings_add(all, HEALTH_WARN, CHECK,
			     xasprintf("the virtual functions of %s are enabled, but not offered yet", pf),
			     xasprintf("mdevctl start-parent-mdevs %s", pf));
	else if (card->functions.n != wanted)
		findings_add(all, HEALTH_WARN, CHECK,
			     xasprintf("%zu virtual functions of %s are enabled, not %zu", card->functions.n, pf, wanted),
			     xasprintf("when nothing uses them: echo 0 >/sys/bus/pci/devices/%s/sriov_numvfs, then mdevctl start-parent-mdevs %s",
				       pf, pf));
}

static void check_card(const struct host *h, const struct vfs *vfs, struct findings *all)
{
	_cleanup_(card_done) struct card card = { .vfs = vfs, .driver = kept_driver(h, vfs) };
	size_t before = all->n;
	unsigned long total;

	if (sriov_total(h, vfs->pf, &total) < 0) {
		findings_add(all, HEALTH_FAIL, CHECK,
			     xasprintf("%s, whose virtual functions are kept for %s, is not there, or can have none", vfs->pf,
				       card.driver),
			     xasprintf("see whether its driver is loaded; or, if it is gone for good: mdevctl undefine-vfs -p %s",
				       vfs->pf));
		return;
	}
	look_at(h, &card);
	if (check_driver(h, &card, all))
		check_count(h, &card, total, all);
	check_taken(&card, all);
	if (all->n == before)
		findings_add(all, HEALTH_OK, CHECK,
			     xasprintf("%zu virtual functions of %s for %s, %zu of which it has", card.functions.n, vfs->pf,
				       card.driver, card.given),
			     NULL);
}

size_t doctor_functions(const struct host *h, const struct strv *pfs, struct findings *all)
{
	size_t n = 0;

	for (size_t i = 0; i < pfs->n; i++) {
		_cleanup_(error_done) struct error error = {};
		_cleanup_(vfs_done) struct vfs vfs = {};
		int r = config_read_vfs(h, pfs->s[i], &vfs, &error);

		if (r < 0 && error.text)
			findings_add(all, HEALTH_FAIL, CHECK, take(error.text), xstrdup("mend or remove the file"));
		n += r == 0 && vfs.driver;
		if (r == 0 && vfs.driver)
			check_card(h, &vfs, all);
	}
	return n;
}
