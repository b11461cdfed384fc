/* SPDX-License-Identifier: Apache-2.0
 * firsts.c: see firsts.h. */
#include "firsts.h"
#include "common/demangle.h"
#include "common/say.h"
#include "lines.h"
#include "names.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const works[] = {
#define X(name, text) text,
    VPREC_WORK_LIST(X)
#undef X
};

/* As numbers are in a report: what JSON has no number for as a text. */
static json_t *number_of(double x)
{
    return isfinite(x) ? json_real(x) : json_string(isnan(x) ? "nan" : x > 0 ? "inf" : "-inf");
}

static bool is_there(const vprec_first *f)
{
    return f->order && f->work < VPREC_WORKS && f->operands <= 3;
}

/* Somewhere in a stack. */
typedef struct frame {
    const char *object;
    uint64_t address, offset;
    char *function; /* demangled, with its parameters or without; NULL: no symbol tells. To be freed */
    vprec_source_line line;
} frame;

static frame frame_of(const vprec_records *records, const vprec_called *f, bool parameters)
{
    const size_t i = vprec_item_at(records, VPREC_RECORD_LOADED, f->object);
    frame told = {.object = i == VPREC_NO_PARENT ? "?" : vprec_loaded_at(records, i)->path, .address = f->address};
    const char *name = vprec_names_at(told.object, f->address, &told.offset);
    told.function = name ? vprec_demangled(name, parameters) : NULL;
    told.line = vprec_line_of(records, told.object, f->address);
    return told;
}

/* The frames of the stack; how many. */
static uint32_t frames_of(const vprec_records *records, const vprec_first *f, const vprec_called **frames)
{
    const size_t i = f->stack ? vprec_item_at(records, VPREC_RECORD_STACK, f->stack) : VPREC_NO_PARENT;
    if (i == VPREC_NO_PARENT)
        return 0;
    const vprec_stack_record *stack = vprec_stack_at(records, i);
    const size_t room = (stack->head.size - sizeof *stack) / sizeof *stack->frame;
    *frames = stack->frame;
    return stack->count < room ? stack->count : (uint32_t)room;
}

static json_t *stack_of(const vprec_records *records, const vprec_first *f)
{
    const vprec_called *frames;
    const uint32_t count = frames_of(records, f, &frames);
    json_t *array = vprec_json_must(json_array());
    for (uint32_t i = 0; i < count; i++) {
        const frame told = frame_of(records, &frames[i], true);
        json_t *one = vprec_json_must(json_object());
        char *address = vprec_text("0x%" PRIx64, told.address);
        vprec_json_put(one, "object", vprec_json_text(told.object));
        vprec_json_put(one, "address", vprec_json_text(address));
        vprec_json_put(one, "function", told.function ? vprec_json_text(told.function) : json_null());
        vprec_json_put(one, "offset", told.function ? vprec_json_number(told.offset) : json_null());
        vprec_line_put(one, told.line);
        vprec_json_add(array, one);
        free(address);
        free(told.function);
    }
    return array;
}

json_t *vprec_firsts_report(const vprec_records *records, const vprec_first first[VPREC_FIRSTS])
{
    static const char *const kinds[] = {
#define X(name, text) text,
        VPREC_FIRST_LIST(X)
#undef X
    };
    json_t *object = vprec_json_must(json_object());
    for (unsigned kind = 0; kind < VPREC_FIRSTS; kind++) {
        const vprec_first *f = &first[kind];
        if (!is_there(f))
            continue;
        json_t *one = vprec_json_must(json_object()), *operands = vprec_json_must(json_array());
        for (uint32_t i = 0; i < f->operands; i++)
            vprec_json_add(operands, number_of(f->operand[i]));
        char *name = vprec_text("%.*s", VPREC_FIRST_NAME, f->name);
        vprec_json_put(one, "order", vprec_json_number(f->order));
        vprec_json_put(one, "operation", vprec_json_text(works[f->work]));
        vprec_json_put(one, "name", *name ? vprec_json_text(name) : json_null());
        vprec_json_put(one, "operands", operands);
        vprec_json_put(one, "exact", number_of(f->exact));
        vprec_json_put(one, "result", number_of(f->result));
        vprec_json_put(one, "stack", stack_of(records, f));
        vprec_json_put(object, kinds[kind], one);
        free(name);
    }
    return object;
}

/* The first one of the run, and whom it was counted for. */
typedef struct earliest {
    const vprec_first *first;
    const char *scope, *function; /* NULL: of none */
} earliest;

static void look(earliest *e, const vprec_first *first, const char *scope, const char *function)
{
    if (is_there(first) && (!e->first || first->order < e->first->order))
        *e = (earliest){first, scope, function};
}

static earliest find(const vprec_run *run, enum vprec_first_kind kind)
{
    const vprec_records *records = run->records;
    earliest e = {0};
    for (int type = 0; type < VPREC_TYPES; type++) {
        for (size_t i = 0; i < VPREC_ITEMS(records, FUNCTION).count; i++)
            look(&e, &vprec_counts_of(records, i, (vprec_type)type)->first[kind], NULL,
                 vprec_function_at(records, i)->name);
        for (size_t i = 0; i < VPREC_ITEMS(records, SCOPE).count; i++)
            look(&e, &vprec_scope_counts_of(records, i, (vprec_type)type)->first[kind],
                 vprec_scope_at(records, i)->name, NULL);
        for (size_t i = 0; i < VPREC_ITEMS(records, PROCESS).count; i++)
            look(&e, &vprec_process_at(records, i)->libm_first[type][kind], NULL, NULL);
    }
    return e;
}

static char *text_of(double x)
{
    return isnan(x) ? vprec_text("nan") : vprec_text("%.6g", x); /* its sign means nothing */
}

/* "mul(30000, 30000", "exp(1e+03" */
static char *work_of(const vprec_first *f)
{
    char *text = *f->name ? vprec_text("%.*s(", VPREC_FIRST_NAME, f->name) : vprec_text("%s(", works[f->work]);
    for (uint32_t i = 0; i < f->operands; i++) {
        char *operand = text_of(f->operand[i]), *more = vprec_text("%s%s%s", text, i ? ", " : "", operand);
        free(operand);
        free(text);
        text = more;
    }
    return text;
}

/* "block (server.c:28)"; without a line the object; without a name the place in it. */
static char *place_of(const vprec_records *records, const vprec_called *f)
{
    enum { WIDTH = 48 };
    const frame told = frame_of(records, f, false);
    char *line = vprec_line_text(told.line), name[WIDTH + 1];
    const char *where = line ? line : vprec_base(told.object);
    char *text = told.function ? vprec_text("%s (%s)", vprec_profile_fitted(told.function, WIDTH, name), where)
                 : line        ? vprec_text("%s+0x%" PRIx64 " (%s)", vprec_base(told.object), told.address, line)
                               : vprec_text("%s+0x%" PRIx64, vprec_base(told.object), told.address);
    free(line);
    free(told.function);
    return text;
}

static void tell(const vprec_run *run, const earliest *e, const char *what)
{
    enum { SHOWN = 6 };
    const vprec_called *frames;
    const uint32_t count = frames_of(run->records, e->first, &frames);
    char *work = work_of(e->first), *result = text_of(e->first->result), *where = NULL;
    char *alone = e->function && !count ? vprec_demangled(e->function, false) : NULL;
    for (uint32_t i = 0; i < count && i < SHOWN; i++) {
        char *place = place_of(run->records, &frames[i]), *before = where;
        where = vprec_text("%s%s%s", before ? before : "", !i ? ", in " : i == 1 ? ", called by " : ", ", place);
        free(place);
        free(before);
    }
    const char *scope = e->scope && e->scope[strlen(e->scope) - 1] != ':' ? e->scope : NULL;
    vprec_say("first %s%s%s: %s) gave %s%s%s%s%s", what, scope ? ", in " : "", scope ? scope : "", work,
              result, where ? where : "", count > SHOWN ? ", ..." : "", alone ? ", in " : "",
              alone ? alone : "");
    free(alone);
    free(where);
    free(result);
    free(work);
}

void vprec_firsts_tell(const vprec_run *run)
{
    const earliest overflow = find(run, VPREC_FIRST_OVERFLOW), nan = find(run, VPREC_FIRST_NAN);
    if (overflow.first)
        tell(run, &overflow, "overflow");
    if (nan.first)
        tell(run, &nan, "NaN");
}
