/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What differs between two versions of something that is kept, in words.
 */
#ifndef MDEVCTL_CHANGE_H
#define MDEVCTL_CHANGE_H

#include <jansson.h>

/*
 * "start: manual -> auto, attrs: none -> a=1" between two objects; caller frees, NULL: nothing.
 * Of long lists of attributes what goes and what comes.
 */
char *change_text(json_t *from, json_t *to);

#endif
