/* SPDX-License-Identifier: Apache-2.0
 * page.h: the report of a sweep as files for people and for programs, written
 * from the JSON document alone. Runs nothing but gnuplot. */
#ifndef VPREC_PAGE_H
#define VPREC_PAGE_H

#include <jansson.h>
#include <stdbool.h>

/* What every report starts with, as JSON and as CSV, for vprec_target_check. */
#define PAGE_JSON_BEGINS "{\n \"schema\": #,\n \"generator\": \"vprec-sweep\","
#define PAGE_CSV_BEGINS "id,format,exponent,fraction,precision,mode,where,status,"

/* Writes report.html, report.csv, report.md, report.json and the pictures, pictures/NN-*.svg and .png, below `dir`,
 * which is made if its parent is there. A file that has its name is whole. Without gnuplot, or where gnuplot fails,
 * there are no pictures, and the page says so. A file there that no report wrote, or that was changed since, is left
 * alone: then nothing is written. Returns 0, or -1 having said what could not be written. */
int vprec_page_write(const json_t *report, const char *dir);

/* Whether a report can be written to `dir`, as far as that is known before there is one. False, having said why. */
bool vprec_page_check(const char *dir);

/* What the report answers, as its "answer": question, text, and notes; to be released. */
json_t *page_answer_json(const json_t *report);

#endif
