/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Moves the state of one mtty device to another as a virtual machine's migration does, by VFIO's interface for that:
 * writes a text to the source's serial port, saves the state, has the destination resume from it, and reads the port
 * there.  Prints "moved: TEXT", or "refused: ERROR" if the destination's driver does not take the state.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/serial_reg.h>
#include <linux/vfio.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define STATE_MAX 65536
/* As it comes through a network: what is wrong is told as soon as it shows. */
#define PIECE 16

struct device {
	int container, group, fd;
	off_t port; /* of its first serial port's registers */
};

static long check(const char *what, long result)
{
	if (result >= 0)
		return result;
	perror(what);
	exit(2);
}

static struct device open_device(const char *group, const char *uuid)
{
	struct vfio_region_info region = { .argsz = sizeof(region), .index = VFIO_PCI_BAR0_REGION_INDEX };
	struct device d;

	d.container = (int)check("container", open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC));
	d.group = (int)check(group, open(group, O_RDWR | O_CLOEXEC));
	check("VFIO_GROUP_SET_CONTAINER", ioctl(d.group, VFIO_GROUP_SET_CONTAINER, &d.container));
	check("VFIO_SET_IOMMU", ioctl(d.container, VFIO_SET_IOMMU, VFIO_TYPE1_IOMMU));
	d.fd = (int)check(uuid, ioctl(d.group, VFIO_GROUP_GET_DEVICE_FD, uuid));
	check("VFIO_DEVICE_GET_REGION_INFO", ioctl(d.fd, VFIO_DEVICE_GET_REGION_INFO, &region));
	d.port = (off_t)region.offset;
	return d;
}

static void write_register(const struct device *d, int number, uint8_t value)
{
	check("a register", pwrite(d->fd, &value, 1, d->port + number));
}

static uint8_t read_register(const struct device *d, int number)
{
	uint8_t value = 0;

	check("a register", pread(d->fd, &value, 1, d->port + number));
	return value;
}

/* Into what is sent and not yet received, for which the port has room once its FIFO is on. */
static void write_text(const struct device *d, const char *text)
{
	write_register(d, UART_FCR, UART_FCR_ENABLE_FIFO);
	for (; *text; text++)
		write_register(d, UART_TX, (uint8_t)*text);
}

static void print_text(const struct device *d)
{
	while (read_register(d, UART_LSR) & UART_LSR_DR)
		putchar(read_register(d, UART_RX));
	putchar('\n');
}

/* A descriptor for the state, where that comes with it, or -1. */
static int set_state(const struct device *d, uint32_t state)
{
	struct {
		struct vfio_device_feature feature;
		struct vfio_device_feature_mig_state state;
	} request = {
		.feature = { .argsz = sizeof(request), .flags = VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE },
		.state = { .device_state = state, .data_fd = -1 },
	};

	check("VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE", ioctl(d->fd, VFIO_DEVICE_FEATURE, &request));
	return request.state.data_fd;
}

static size_t save(const struct device *d, char *state)
{
	int fd = set_state(d, VFIO_DEVICE_STATE_STOP_COPY);
	size_t length = 0;
	ssize_t n;

	while ((n = check("the saved state", read(fd, state + length, STATE_MAX - length))) > 0)
		length += (size_t)n;
	close(fd);
	return length;
}

/* 0, or the errno with which the driver refuses it, while it is written or when it is to run with it. */
static int resume(const struct device *d, const char *state, size_t length)
{
	int fd = set_state(d, VFIO_DEVICE_STATE_RESUMING);
	ssize_t n;

	for (; length; state += n, length -= (size_t)n) {
		n = write(fd, state, length < PIECE ? length : PIECE);
		if (n < 0)
			return errno;
	}
	/* What has been written is loaded now: until then the descriptor stays open, as closing it ends the session. */
	set_state(d, VFIO_DEVICE_STATE_RUNNING);
	close(fd);
	return 0;
}

int main(int argc, char **argv)
{
	static char state[STATE_MAX];
	struct device source, destination;
	size_t length;
	int error;

	if (argc != 6) {
		fprintf(stderr, "usage: migrate /dev/vfio/GROUP UUID /dev/vfio/GROUP UUID TEXT\n");
		return 2;
	}
	source = open_device(argv[1], argv[2]);
	destination = open_device(argv[3], argv[4]);
	write_text(&source, argv[5]);
	length = save(&source, state);
	if (!length) {
		fprintf(stderr, "there is no state\n");
		return 2;
	}
	error = resume(&destination, state, length);
	if (error) {
		printf("refused: %s\n", strerror(error));
	} else {
		printf("moved: ");
		print_text(&destination);
	}
	/* mtty of 6.12 stays in its state when it is closed, but forgets what belongs to that: leaving RESUMING the next
	 * time would be a null pointer dereference. */
	check("VFIO_DEVICE_RESET", ioctl(source.fd, VFIO_DEVICE_RESET));
	check("VFIO_DEVICE_RESET", ioctl(destination.fd, VFIO_DEVICE_RESET));
	return error ? 1 : 0;
}
