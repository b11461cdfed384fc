/* SPDX-License-Identifier: Apache-2.0
 * sanitizer.c: AddressSanitizer's own library refuses to run behind another in the list of objects: its functions might
 * be hidden. This one hides none that it needs. */

#define PUBLIC __attribute__((visibility("default")))

/* What it asks for its defaults, where the program has no such function; ASAN_OPTIONS comes after. */
const char *__asan_default_options(void);
PUBLIC const char *__asan_default_options(void)
{
    return "verify_asan_link_order=0";
}
