/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which VFIO driver suits a device, and what the running kernel has.
 */
#include "hardware/vfio-driver.h"
#include "hardware/sriov.h"

#include <fnmatch.h>
#include <fcntl.h>
#include <sys/utsname.h>

#define DEVICES "sys/bus/pci/devices"
#define DRIVERS "sys/bus/pci/drivers"

static bool is_same_name(const char *a, const char *b, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!a[i] || (a[i] != b[i] && !(strchr("-_", a[i]) && b[i] && strchr("-_", b[i]))))
			return false;
	return true;
}

bool vfio_driver_is(const char *a, const char *b)
{
	size_t length = strlen(a);

	return length == strlen(b) && is_same_name(a, b, length);
}

char *vfio_driver_registered(const struct host *h, const char *driver)
{
	_cleanup_close_ int fd = host_openf(h, O_PATH | O_DIRECTORY, DRIVERS "/%s", driver);
	_cleanup_(strv_done) struct strv names = {};

	if (fd >= 0)
		return xstrdup(driver);
	host_list_names(h, DRIVERS, &names);
	for (size_t i = 0; i < names.n; i++)
		if (vfio_driver_is(names.s[i], driver))
			return xstrdup(names.s[i]);
	return NULL;
}

/* A file beside the modules of the running kernel. */
static char *read_modules(const struct host *h, const char *file)
{
	_cleanup_free_ char *path = NULL;
	struct utsname u;

	uname(&u);
	path = xasprintf("lib/modules/%s/%s", u.release, file);
	return host_read(h, path);
}

/* "pci:v000015B3d0000101Esv...", of a device whose functions need not be there: they are as
 * the card, but for the device's number. */
static char *find_modalias(const struct host *h, const char *pf)
{
	_cleanup_close_ int dir = host_openf(h, O_PATH | O_DIRECTORY, DEVICES "/%s", pf);
	_cleanup_free_ char *text = NULL, *device = NULL;
	char *end;
	unsigned long number;

	if (dir < 0)
		return NULL;
	if (read_text_at(dir, "virtfn0/modalias", &text) == 0)
		return take(text);
	if (read_text_at(dir, "modalias", &text) < 0 || read_text_at(dir, "sriov_vf_device", &device) < 0)
		return NULL;
	number = strtoul(device, &end, 16);
	end = strchr(text, 'd');
	if (end && strlen(end) > strlen("d00000000")) {
		char digits[17];

		snprintf(digits, sizeof(digits), "%08lX", number & 0xffffffff);
		memcpy(end + 1, digits, 8);
	}
	return take(text);
}

static size_t count_wildcards(const char *pattern)
{
	size_t n = 0;

	for (; *pattern; pattern++)
		n += *pattern == '*';
	return n;
}

/*
 * Of the lines "alias vfio_pci:PATTERN MODULE" the one that says most.  @text is written
 * to.
 */
static const char *find_alias(char *text, const char *modalias)
{
	static const char prefix[] = "alias vfio_pci:";
	const char *best = NULL;
	size_t fewest = 0;
	char *line, *next = text;

	while ((line = strsep(&next, "\n"))) {
		char *pattern = line + strlen(prefix), *module;
		size_t n;

		if (strncmp(line, prefix, strlen(prefix)) != 0 || !(module = strrchr(pattern, ' ')))
			continue;
		*module++ = '\0';
		n = count_wildcards(pattern);
		if ((best && n >= fewest) || fnmatch(pattern, modalias, 0) != 0)
			continue;
		best = module;
		fewest = n;
	}
	return best;
}

char *vfio_driver_choose(const struct host *h, const char *pf)
{
	_cleanup_free_ char *modalias = find_modalias(h, pf), *text = NULL;
	const char *colon = modalias ? strchr(modalias, ':') : NULL, *module = NULL;

	if (colon)
		text = read_modules(h, "modules.alias");
	if (text)
		module = find_alias(text, colon + 1);
	return xstrdup(module ? module : VFIO_PCI);
}

/* Of "kernel/drivers/vfio/pci/vfio-pci.ko.xz: ..." the module's name, and how long it is. */
static const char *module_in(const char *line, size_t *ret_length)
{
	size_t length = strcspn(line, ": \n");
	const char *name = memrchr(line, '/', length), *end;

	name = name ? name + 1 : line;
	end = memmem(name, length - (size_t)(name - line), ".ko", 3);
	*ret_length = end ? (size_t)(end - name) : 0;
	return name;
}

static bool has_core(const char *dependencies)
{
	for (const char *at = dependencies; (at = strchr(at, '/')); at++)
		if (is_same_name("vfio-pci-core.ko", at + 1, strlen("vfio-pci-core.ko")))
			return true;
	return false;
}

/* Whether a line of modules.dep, or modules.builtin, is that of a VFIO driver: of the kernel's
 * own, or one that needs the core of all, which is no dependency where it is built in. */
static bool is_driver_line(const char *line, const char *name, size_t length)
{
	static const char core[] = "vfio-pci-core", dir[] = "/vfio/pci/";

	if (length == strlen(core) && is_same_name(core, name, length))
		return false;
	return memmem(line, strcspn(line, ":"), dir, strlen(dir)) || has_core(line + strcspn(line, ":")) ||
	       (length == strlen(VFIO_PCI) && is_same_name(VFIO_PCI, name, length));
}

/* What has to be known of a list of modules. */
struct search {
	const char *driver; /* NULL: none in particular */
	struct strv *drivers; /* where all are wanted */
	bool is_read, is_found, is_vfio;
};

static void search_list(const struct host *h, const char *file, struct search *s)
{
	_cleanup_free_ char *text = read_modules(h, file);
	char *line, *next = text;

	s->is_read |= text != NULL;
	while (text && (line = strsep(&next, "\n"))) {
		size_t length;
		const char *name = module_in(line, &length);
		bool is_vfio = length && is_driver_line(line, name, length);

		if (is_vfio && s->drivers)
			strv_add(s->drivers, xasprintf("%.*s", (int)length, name));
		if (!s->driver || strlen(s->driver) != length || !is_same_name(s->driver, name, length))
			continue;
		s->is_found = true;
		s->is_vfio |= is_vfio;
	}
}

static void search_all(const struct host *h, struct search *s)
{
	search_list(h, "modules.dep", s);
	search_list(h, "modules.builtin", s);
}

/* One from elsewhere, where the core is built in. */
static bool has_alias(const struct host *h, const char *driver)
{
	static const char prefix[] = "alias vfio_pci:";
	_cleanup_free_ char *text = read_modules(h, "modules.alias");
	char *line, *next = text;

	while (text && (line = strsep(&next, "\n"))) {
		const char *module = strrchr(line, ' ');

		if (module && strncmp(line, prefix, strlen(prefix)) == 0 && vfio_driver_is(module + 1, driver))
			return true;
	}
	return false;
}

enum vfio_driver_state vfio_driver_look(const struct host *h, const char *driver)
{
	struct search s = { .driver = driver };
	_cleanup_free_ char *registered = NULL;

	if (vfio_driver_is(driver, VFIO_PCI))
		return VFIO_DRIVER_FINE;
	search_all(h, &s);
	if (s.is_found)
		return s.is_vfio || has_alias(h, driver) ? VFIO_DRIVER_FINE : VFIO_DRIVER_OTHER;
	registered = vfio_driver_registered(h, driver);
	return registered || !s.is_read ? VFIO_DRIVER_FINE : VFIO_DRIVER_UNKNOWN;
}

void vfio_driver_list(const struct host *h, struct strv *drivers)
{
	struct search s = { .drivers = drivers };

	search_all(h, &s);
	strv_sort(drivers);
}
