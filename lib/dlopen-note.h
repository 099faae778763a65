/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A library that is opened only where it is needed is not among those that
 * the program is linked with; packagers' tools read from a note in the program
 * that it is wanted: https://uapi-group.org/specifications/specs/elf_dlopen_metadata/
 */
#ifndef MDEVCTL_DLOPEN_NOTE_H
#define MDEVCTL_DLOPEN_NOTE_H

/* @priority: "required", "recommended" or "suggested". */
#define DLOPEN_NOTE(feature, description, priority, soname)                                       \
	__asm__(".pushsection .note.dlopen, \"a\", %note\n"                                       \
		"	.balign 4\n"                                                              \
		"	.long 1f - 0f, 3f - 2f, 0x407c0c0a\n"                                     \
		"0:	.asciz \"FDO\"\n"                                                         \
		"1:	.balign 4\n"                                                              \
		"2:	.asciz \"[{\\\"feature\\\":\\\"" feature "\\\",\\\"description\\\":\\\"" description \
		"\\\",\\\"priority\\\":\\\"" priority "\\\",\\\"soname\\\":[\\\"" soname "\\\"]}]\"\n" \
		"3:	.balign 4\n"                                                              \
		".popsection\n")

#endif
