/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What starting a program costs that is linked with the C library. */
int main(void)
{
	return 0;
}
