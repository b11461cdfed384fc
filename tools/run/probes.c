/* SPDX-License-Identifier: Apache-2.0
 * probes.c: see probes.h. */
#include "probes.h"
#include "common/say.h"
#include "counts.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static double number(uint64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* As vprec_probe_record has the largest number; NaN: there was none. */
static double ordered(uint64_t order)
{
    const uint64_t sign = UINT64_C(1) << 63;
    return order ? number(order & sign ? order & ~sign : ~order) : NAN;
}

/* Of the finite values; NaN: it is not defined, or sums were beyond the range. */
typedef struct moments {
    double least, most, mean, deviation;
} moments;

static moments moments_of(const vprec_probe_record *p)
{
    const double n = (double)(p->elements - p->nans - p->infinities), sum = number(p->sum);
    moments m = {.least = -ordered(p->least), .most = ordered(p->most), .mean = NAN, .deviation = NAN};
    if (isnan(m.most))
        return m;
    const double variance = (number(p->squares) - sum / n * sum) / (n - 1);
    m.mean = isfinite(sum) ? number(p->pivot) + sum / n : NAN;
    m.deviation = n > 1 && isfinite(variance) ? sqrt(variance > 0 ? variance : 0) : NAN;
    return m;
}

#define ROW "%-*s %7s %8s %11s %11s %11s %11s %6s %6s"
enum { NAME_WIDTH = 32 };

static const char *real(double x, char text[16])
{
    if (isnan(x))
        return "-";
    snprintf(text, 16, "%.5g", x);
    return text;
}

void vprec_probes_tell(const vprec_run *run)
{
    for (size_t i = 0; i < VPREC_ITEMS(run->records, PROBE).count; i++) {
        const vprec_probe_record *p = vprec_probe_at(run->records, i);
        const moments m = moments_of(p);
        char name[NAME_WIDTH + 1], text[8][16];
        if (!i)
            vprec_say(ROW, NAME_WIDTH, "PROBE", "CALLS", "VALUES", "MIN", "MAX", "MEAN", "SD", "INF", "NAN");
        vprec_profile_fitted(p->name, NAME_WIDTH, name);
        vprec_say(ROW, NAME_WIDTH, name, vprec_profile_brief(p->calls, text[0]),
                  vprec_profile_brief(p->elements, text[1]), real(m.least, text[2]), real(m.most, text[3]),
                  real(m.mean, text[4]), real(m.deviation, text[5]), vprec_profile_brief(p->infinities, text[6]),
                  vprec_profile_brief(p->nans, text[7]));
    }
}

static json_t *probe_of(const vprec_run *run, size_t i)
{
    const vprec_probe_record *p = vprec_probe_at(run->records, i);
    const size_t process = VPREC_ITEMS(run->records, PROBE).items[i].parent;
    const moments m = moments_of(p);
    json_t *object = vprec_json_must(json_object());
    vprec_json_put(object, "name", vprec_json_text(p->name));
    vprec_json_put(object, "calls", vprec_json_number(p->calls));
    vprec_json_put(object, "values", vprec_json_number(p->elements));
    vprec_json_put(object, "min", vprec_json_real(m.least));
    vprec_json_put(object, "max", vprec_json_real(m.most));
    vprec_json_put(object, "mean", vprec_json_real(m.mean));
    vprec_json_put(object, "sd", vprec_json_real(m.deviation));
    vprec_json_put(object, "zeros", vprec_json_number(p->zeros));
    vprec_json_put(object, "infinities", vprec_json_number(p->infinities));
    vprec_json_put(object, "nans", vprec_json_number(p->nans));
    vprec_json_put(object, "process_index", process == VPREC_NO_PARENT ? json_null() : json_integer((json_int_t)process));
    return object;
}

json_t *vprec_probes_report(const vprec_run *run)
{
    json_t *array = vprec_json_must(json_array());
    for (size_t i = 0; i < VPREC_ITEMS(run->records, PROBE).count; i++)
        vprec_json_add(array, probe_of(run, i));
    return array;
}
