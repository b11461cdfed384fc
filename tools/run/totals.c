/* SPDX-License-Identifier: Apache-2.0
 * totals.c: sums over processes, each place of a file once. */
#include "totals.h"
#include "common/say.h"
#include "counts.h"
#include <stdlib.h>
#include <string.h>

static int by_place(const void *a, const void *b)
{
    const vprec_origin *p = a, *q = b;
    int order = strcmp(p->object, q->object);
    if (order)
        return order;
    if (p->address != q->address)
        return p->address < q->address ? -1 : 1;
    return p->index < q->index ? -1 : p->index > q->index;
}

bool vprec_same_place(const vprec_origin *p, const vprec_origin *q)
{
    return p->address == q->address && !strcmp(p->object, q->object);
}

vprec_origin *vprec_places_of(const vprec_records *records, uint32_t kind)
{
    const vprec_items *list = &records->of[kind];
    vprec_origin *places = vprec_alloc(list->count, sizeof *places);
    for (size_t i = 0; i < list->count; i++) {
        places[i].index = i;
        if (kind == VPREC_RECORD_OBJECT) {
            places[i].object = vprec_object_at(records, i)->path;
            continue;
        }
        places[i].object = vprec_object_path(records, list->items[i].parent);
        places[i].address = kind == VPREC_RECORD_FUNCTION ? vprec_function_at(records, i)->address
                            : kind == VPREC_RECORD_EXACT  ? vprec_exact_at(records, i)->address
                                                          : vprec_refused_at(records, i)->address;
    }
    qsort(places, list->count, sizeof *places, by_place);
    return places;
}

static void sum_objects(vprec_totals *totals, const vprec_records *records)
{
    size_t count = VPREC_ITEMS(records, OBJECT).count;
    vprec_origin *places = vprec_places_of(records, VPREC_RECORD_OBJECT);
    for (size_t i = 0, next; i < count; i = next) {
        uint32_t native[VPREC_TYPES] = {0};
        bool sites = false;
        for (next = i; next < count && vprec_same_place(&places[i], &places[next]); next++) {
            const vprec_object_record *object = vprec_object_at(records, places[next].index);
            for (int type = 0; type < VPREC_TYPES; type++) {
                native[type] = native[type] > object->sites_native[type] ? native[type] : object->sites_native[type];
                sites |= object->sites[type] > 0;
            }
        }
        totals->objects += sites;
        for (int type = 0; type < VPREC_TYPES; type++)
            totals->native[type] += native[type];
    }
    free(places);
}

static void sum_exact(vprec_totals *totals, const vprec_records *records)
{
    size_t count = VPREC_ITEMS(records, EXACT).count;
    vprec_origin *places = vprec_places_of(records, VPREC_RECORD_EXACT);
    for (size_t i = 0; i < count; i++) {
        totals->exact += !i || !vprec_same_place(&places[i - 1], &places[i]);
        totals->exact_executed += vprec_exact_at(records, i)->executed;
    }
    free(places);
}

static void sum_counts(vprec_totals *totals, const vprec_records *records, size_t i,
                       const vprec_counts *(*of)(const vprec_records *, size_t, vprec_type))
{
    for (int type = 0; type < VPREC_TYPES; type++) {
        const vprec_counts *counts = of(records, i, (vprec_type)type);
        totals->operations[type] += vprec_counts_operations(counts);
#define X(event) totals->event[type] += counts->event;
        VPREC_EVENTS(X)
#undef X
    }
}

static void sum_functions(vprec_totals *totals, const vprec_records *records)
{
    size_t count = VPREC_ITEMS(records, FUNCTION).count;
    vprec_origin *places = vprec_places_of(records, VPREC_RECORD_FUNCTION);
    for (size_t i = 0, next; i < count; i = next) {
        const vprec_function_record *function = vprec_function_at(records, places[i].index);
        bool entered = false;
        for (next = i; next < count && vprec_same_place(&places[i], &places[next]); next++) {
            entered |= vprec_function_at(records, places[next].index)->entered != 0;
            sum_counts(totals, records, places[next].index, vprec_counts_of);
        }
        for (int type = 0; type < VPREC_TYPES; type++) {
            totals->sites[type] += function->sites[type];
            totals->functions[type] += function->sites[type] > 0;
            if (entered) {
                totals->sites_entered[type] += function->sites[type];
                totals->functions_entered[type] += function->sites[type] > 0;
            }
        }
    }
    free(places);
}

bool vprec_audit_asks(const vprec_wire_config *config, uint32_t numbers)
{
    uint32_t asked = VPREC_NUMBER_OTHER | (config->audit == VPREC_AUDIT_ALL ? VPREC_NUMBER_LONG : 0);
    for (int type = 0; type < VPREC_TYPES; type++)
        asked |= config->use[type] ? 1u << type : 0;
    return numbers & asked;
}

void vprec_totals_sum(vprec_totals *totals, const vprec_records *records, const vprec_wire_config *config)
{
    *totals = (vprec_totals){0};
    for (size_t i = 0; i < VPREC_ITEMS(records, PROCESS).count; i++) {
        const vprec_process_record *process = vprec_process_at(records, i);
        totals->processes += process->selected != 0;
        if (totals->libm_functions < process->libm_functions)
            totals->libm_functions = process->libm_functions;
        for (int type = 0; type < VPREC_TYPES; type++) {
            totals->libm_calls[type] += process->libm_calls[type];
            if (totals->libm_called[type] < process->libm_called[type])
                totals->libm_called[type] = process->libm_called[type];
        }
    }
    sum_objects(totals, records);
    sum_functions(totals, records);
    for (size_t i = 0; i < VPREC_ITEMS(records, SCOPE).count; i++)
        sum_counts(totals, records, i, vprec_scope_counts_of);
    sum_exact(totals, records);
    size_t count;
    vprec_finding *findings = vprec_findings_collect(records, &count);
    for (size_t i = 0; i < count; i++) {
        bool asked = vprec_audit_asks(config, findings[i].numbers);
        *(asked ? &totals->refused : &totals->long_double) += 1;
        *(asked ? &totals->refused_executed : &totals->long_double_executed) += findings[i].executed > 0;
    }
    free(findings);
}

static int by_executed(const void *a, const void *b)
{
    const vprec_finding *p = a, *q = b;
    if (p->executed != q->executed)
        return p->executed > q->executed ? -1 : 1;
    int order = strcmp(p->object, q->object);
    return order ? order : p->address < q->address ? -1 : p->address > q->address;
}

vprec_finding *vprec_findings_collect(const vprec_records *records, size_t *count)
{
    size_t refused = VPREC_ITEMS(records, REFUSED).count;
    vprec_origin *places = vprec_places_of(records, VPREC_RECORD_REFUSED);
    vprec_finding *findings = vprec_alloc(refused, sizeof *findings);
    *count = 0;
    for (size_t i = 0, next; i < refused; i = next) {
        vprec_finding *finding = &findings[(*count)++];
        size_t function = VPREC_ITEMS(records, REFUSED).items[places[i].index].function;
        finding->object = places[i].object;
        finding->function = function == VPREC_NO_PARENT ? NULL : vprec_function_at(records, function)->name;
        finding->text = vprec_refused_at(records, places[i].index)->text;
        finding->address = places[i].address;
        finding->numbers = vprec_refused_at(records, places[i].index)->numbers;
        for (next = i; next < refused && vprec_same_place(&places[i], &places[next]); next++)
            finding->executed += vprec_refused_at(records, places[next].index)->executed;
    }
    free(places);
    qsort(findings, *count, sizeof *findings, by_executed);
    return findings;
}
