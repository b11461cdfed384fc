/* SPDX-License-Identifier: Apache-2.0
 * compared.c: a comparison of two runs as a table, Markdown, CSV and JSON. Compares nothing. */
#include "common/json.h"
#include "common/say.h"
#include "compare.h"
#include "csv.h"
#include "table.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SCHEMA = 1 };

static char *threshold_text(const stats_comparison *c)
{
    return vprec_text("%s%g", stats_thresholds[c->threshold.metric], c->threshold.tolerance);
}

/* What keeps a layer from being measured, or NULL. */
static char *trouble(const stats_pair *pair)
{
    if (pair->missing)
        return vprec_text("not in %s", pair->missing);
    return pair->shapes ? NULL : vprec_text("another shape");
}

static char *note(const stats_pair *pair)
{
    char *text = trouble(pair);
    if (text)
        return text;
    const vprec_measure *m = &pair->measure;
    text = m->lost ? vprec_text("%zu lost to inf or NaN", m->lost) : vprec_text("%s", "");
    if (!m->within) {
        char *longer = vprec_text("%s%sbeyond", text, *text ? ", " : "");
        free(text);
        text = longer;
    }
    return text;
}

static bool print_table(const stats_comparison *c, FILE *out)
{
    static const char *const heads[] = {"layer",   "elements", "differ", "max-rel", "mean-rel",
                                        "SQNR dB", "cosine",   "notes"};
    enum { COLUMNS = sizeof heads / sizeof *heads };
    stats_table t = {.markdown = c->format == STATS_OUT_MD, .out = out, .columns = COLUMNS};
    for (size_t i = 0; i < COLUMNS; i++)
        stats_table_put(&t, 0, i, vprec_text("%s", heads[i]));
    for (size_t i = 0; i < c->count; i++) {
        const stats_pair *pair = &c->pairs[i];
        const vprec_measure *m = &pair->measure;
        size_t row = t.rows;
        stats_table_put(&t, row, 0, vprec_text("%s", pair->name));
        stats_table_put(&t, row, 1, vprec_text("%" PRIu64, pair->elements));
        stats_table_put(&t, row, COLUMNS - 1, note(pair));
        if (!pair->shapes) {
            for (size_t k = 2; k < COLUMNS - 1; k++)
                stats_table_put(&t, row, k, vprec_text("-"));
            continue;
        }
        stats_table_put(&t, row, 2, vprec_text("%" PRIu64, pair->differ));
        stats_table_put(&t, row, 3, vprec_text("%.3g", m->max_relative));
        stats_table_put(&t, row, 4, vprec_text("%.3g", m->mean_relative));
        stats_table_put(&t, row, 5, vprec_text("%.1f", m->sqnr));
        stats_table_put(&t, row, 6, vprec_text("%.6f", m->cosine));
    }
    stats_table_flush(&t);
    char *threshold = threshold_text(c);
    const char *different = c->first_different == VPREC_NONE ? NULL : c->pairs[c->first_different].name;
    const char *beyond = c->first_beyond == VPREC_NONE ? NULL : c->pairs[c->first_beyond].name;
    fprintf(out, "\n%s%s\n", different ? "First that differs: " : "No layer differs.", different ? different : "");
    if (beyond)
        fprintf(out, "First that does not keep %s: %s\n", threshold, beyond);
    else
        fprintf(out, "All keep %s.\n", threshold);
    free(threshold);
    return vprec_stdout_done();
}

static void csv_real(FILE *out, double x)
{
    putc(',', out);
    stats_csv_real(out, x);
}

static bool print_csv(const stats_comparison *c, FILE *out)
{
    fputs("layer,elements,differ,max_rel,mean_rel,sqnr_db,cosine,lost,within,note\n", out);
    for (size_t i = 0; i < c->count; i++) {
        const stats_pair *pair = &c->pairs[i];
        const vprec_measure *m = &pair->measure;
        stats_csv_text(out, pair->name);
        fprintf(out, ",%" PRIu64, pair->elements);
        if (pair->shapes) {
            fprintf(out, ",%" PRIu64, pair->differ);
            csv_real(out, m->max_relative);
            csv_real(out, m->mean_relative);
            csv_real(out, m->sqnr);
            csv_real(out, m->cosine);
            fprintf(out, ",%zu,%d,", m->lost, m->within);
        } else {
            fputs(",,,,,,,0,", out);
        }
        char *why = trouble(pair);
        stats_csv_text(out, why);
        free(why);
        putc('\n', out);
    }
    return vprec_stdout_done();
}

static json_t *pair_json(const stats_pair *pair)
{
    const vprec_measure *m = &pair->measure;
    json_t *o = vprec_json_must(json_object());
    char *why = trouble(pair);
    vprec_json_put(o, "name", vprec_json_text(pair->name));
    vprec_json_put(o, "elements", vprec_json_number(pair->elements));
    vprec_json_put(o, "note", why ? vprec_json_text(why) : json_null());
    free(why);
    vprec_json_put(o, "within", json_boolean(pair->shapes && m->within));
    if (!pair->shapes)
        return o;
    vprec_json_put(o, "differ", vprec_json_number(pair->differ));
    vprec_json_put(o, "max_rel", vprec_json_real(m->max_relative));
    vprec_json_put(o, "mean_rel", vprec_json_real(m->mean_relative));
    vprec_json_put(o, "sqnr_db", vprec_json_real(m->sqnr));
    vprec_json_put(o, "cosine", vprec_json_real(m->cosine));
    vprec_json_put(o, "lost", vprec_json_number(m->lost));
    vprec_json_put(o, "vanished", vprec_json_number(m->vanished));
    vprec_json_put(o, "appeared", vprec_json_number(m->appeared));
    return o;
}

static json_t *first_json(const stats_comparison *c, size_t i)
{
    return i == VPREC_NONE ? json_null() : vprec_json_text(c->pairs[i].name);
}

static bool print_json(const stats_comparison *c, FILE *out)
{
    json_t *root = vprec_json_must(json_object()), *layers = vprec_json_must(json_array());
    char *threshold = threshold_text(c);
    vprec_json_put(root, "schema", json_integer(SCHEMA));
    vprec_json_put(root, "tool", json_string("vprec-stats compare"));
    vprec_json_put(root, "version", json_string(VPREC_VERSION));
    vprec_json_put(root, "a", vprec_json_text(c->runs[0]));
    vprec_json_put(root, "b", vprec_json_text(c->runs[1]));
    vprec_json_put(root, "threshold", vprec_json_text(threshold));
    free(threshold);
    for (size_t i = 0; i < c->count; i++)
        vprec_json_add(layers, pair_json(&c->pairs[i]));
    vprec_json_put(root, "layers", layers);
    vprec_json_put(root, "first_different", first_json(c, c->first_different));
    vprec_json_put(root, "first_beyond", first_json(c, c->first_beyond));
    fflush(out);
    bool ok = vprec_json_write(root, fileno(out));
    if (!ok)
        vprec_say("cannot write to standard output: give it a file or pipe that takes the text");
    json_decref(root);
    return ok;
}

bool stats_comparison_print(const stats_comparison *comparison, FILE *out)
{
    switch (comparison->format) {
    case STATS_OUT_JSON: return print_json(comparison, out);
    case STATS_OUT_CSV: return print_csv(comparison, out);
    default: return print_table(comparison, out);
    }
}
