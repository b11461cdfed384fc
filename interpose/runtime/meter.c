/* SPDX-License-Identifier: Apache-2.0
 * meter.c: see meter.h. */
#include "meter.h"
#include "memory.h"
#include "record.h"
#include "sys.h"
#include <string.h>

static _Atomic uint64_t *here; /* the process' lineage, on a page that fork clears and vfork shares; NULL: not begun */
static uint64_t last;          /* it, or that of the process that this one was forked from */
static uint32_t next = VPREC_METER_FIRST;
static _Atomic(vprec_meter *) lost; /* for what nobody will read */

bool vprec_meter_begin(void)
{
    if (!vprec_wire_shared->meters_most)
        return false;
    void *page = vprec_sys_mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED || vprec_sys_madvise(page, 4096, MADV_WIPEONFORK))
        return false;
    here = page;
    return vprec_meter_lineage();
}

uint64_t vprec_meter_lineage(void)
{
    uint64_t now = here ? atomic_load(here) : 0;
    vprec_lineage_record *record = now || !here ? NULL : vprec_record_room(sizeof *record);
    if (!record)
        return now;
    record->parent = last;
    record->first = next;
    uint64_t made = vprec_record_offset(record);
    vprec_record_done(record, VPREC_RECORD_LINEAGE, sizeof *record);
    /* who comes second, in a signal handler, leaves an empty one behind */
    if (!atomic_compare_exchange_strong(here, &now, made))
        return now;
    return last = made;
}

uint32_t vprec_meter_take(uint32_t bytes)
{
    vprec_meter_lineage(); /* of a child of fork: its own places begin here */
    uint32_t at = (next + bytes - 1) & ~(bytes - 1);
    if (!here || at > VPREC_METER_BYTES - bytes)
        return 0;
    next = at + bytes;
    return at;
}

void vprec_meter_tell(uint64_t function, const vprec_metered *items, size_t count)
{
    size_t bytes = count * sizeof *items;
    vprec_metered_record *record = count ? vprec_record_room(sizeof *record + bytes) : NULL;
    if (!record)
        return;
    record->lineage = vprec_meter_lineage();
    record->function = function;
    record->count = count;
    memcpy(record->item, items, bytes);
    vprec_record_done(record, VPREC_RECORD_METERED, sizeof *record + bytes);
}

static vprec_meter *nobodys(void)
{
    vprec_meter *now = atomic_load(&lost), *made = NULL;
    if (now)
        return now;
    made = vprec_pages_map(VPREC_METER_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
    if (made && !atomic_compare_exchange_strong(&lost, &now, made)) {
        vprec_sys_munmap(made, VPREC_METER_BYTES);
        return now;
    }
    return made;
}

bool vprec_meter_is(uint64_t address)
{
    uint64_t lineage = 0;
    return !(address % VPREC_WIRE_PAGE) && vprec_sys_peek(address, &lineage, sizeof lineage) && lineage &&
           lineage == vprec_meter_lineage();
}

vprec_meter *vprec_meter_make(void)
{
    uint64_t lineage = vprec_meter_lineage();
    vprec_meter *meter = lineage ? vprec_share_meter() : NULL;
    if (meter) {
        meter->lineage = lineage;
    } else {
        atomic_fetch_add(&vprec_wire_shared->dropped, 1);
        meter = nobodys();
    }
    if (meter)
        meter->led = &meter->work;
    return meter;
}
