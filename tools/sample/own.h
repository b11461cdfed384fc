/* SPDX-License-Identifier: Apache-2.0
 * own.h: what in a directory of results is ours to take away: in the directories of samples that run.json lists the
 * names that we write there, and what a sample's record lists. All else stays. No link is followed. */
#ifndef VPREC_SAMPLE_OWN_H
#define VPREC_SAMPLE_OWN_H

#include <jansson.h>
#include <stdbool.h>

#define VPREC_OWN_FILES "files"               /* where a program writes: DIR/NNNN/files */
#define VPREC_OWN_STATUS "status.json"        /* the record of a finished sample */
#define VPREC_OWN_UNFINISHED "unfinished.json" /* of one that was interrupted */

/* Whether `top`/`below` can be made: nothing has that name, or an empty directory. */
bool vprec_own_vacant(const char *top, const char *below);

/* Takes away what the sample in `top`/`sample` left, and its directory where nothing else is in it. What is in files/
 * and in no record is moved to files.kept, which is said. Links into `here`, a directory, are ours; NULL: none. False,
 * having said why. */
bool vprec_own_clear(const char *top, const char *sample, const char *here);

/* Takes the links into `here` out of the directory, an open one: those of its names, and so below. */
void vprec_own_unlink(int directory, const char *here);

/* What lies in files/ of `sample`, for a record: {"path", "bytes"} each; a directory's path ends in '/'. */
json_t *vprec_own_list(const char *sample);

/* Removes what the command of a metric printed, metric-M.out and .err, and its record `name`, metric-M.json, where that
 * says that it is ours. Other names are left alone. False with errno set where one is still there. */
bool vprec_own_clear_metric(int directory, const char *name);

/* Removes the file `name` if it is a regular one. False with errno set where it is still there. */
bool vprec_own_remove(int directory, const char *name);

#endif
