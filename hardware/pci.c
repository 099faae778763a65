/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Attributes of PCI functions (Documentation/ABI/testing/sysfs-bus-pci).
 */
#include "hardware/pci.h"
#include "hardware/attr.h"

#include <fcntl.h>
#include <limits.h>

int pci_open(const struct host *h)
{
	return host_openf(h, O_PATH | O_DIRECTORY, "sys/bus/pci/devices");
}

static bool is_function(int devices, const char *name)
{
	return devices >= 0 && strchr(name, ':') && !strchr(name, '/');
}

char *pci_physfn(int devices, const char *name)
{
	char path[PATH_MAX], *pf;

	snprintf(path, sizeof(path), "%s/physfn", name);
	return is_function(devices, name) && link_basename(devices, path, &pf) == 0 ? pf : NULL;
}

long pci_numa_node(int devices, const char *name)
{
	char path[PATH_MAX];
	long node;

	snprintf(path, sizeof(path), "%s/numa_node", name);
	return is_function(devices, name) && attr_read_integer(devices, path, &node) == 0 ? node : -1;
}

/* "0x10de" without what all have. */
static char *read_id(int devices, const char *name, const char *file)
{
	_cleanup_free_ char *text = NULL;
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", name, file);
	if (!is_function(devices, name) || read_text_at(devices, path, &text) < 0)
		return NULL;
	return xstrdup(strncmp(text, "0x", 2) == 0 ? text + 2 : text);
}

static char *read_pair(int devices, const char *name, const char *vendor_file, const char *device_file)
{
	_cleanup_free_ char *vendor = read_id(devices, name, vendor_file), *device = NULL;

	if (vendor)
		device = read_id(devices, name, device_file);
	return device ? xasprintf("%s:%s", vendor, device) : NULL;
}

char *pci_id(int devices, const char *name)
{
	return read_pair(devices, name, "vendor", "device");
}

char *pci_subsystem_id(int devices, const char *name)
{
	return read_pair(devices, name, "subsystem_vendor", "subsystem_device");
}
