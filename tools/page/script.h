/* SPDX-License-Identifier: Apache-2.0
 * script.h: the script of the page, and the hash by which the page's policy allows it. */
#ifndef VPREC_PAGE_SCRIPT_H
#define VPREC_PAGE_SCRIPT_H

extern const char page_script[], page_script_hash[];

#endif
