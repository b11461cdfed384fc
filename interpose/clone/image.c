/* SPDX-License-Identifier: Apache-2.0
 * image.c: see image.h. */
#include "image.h"
#include <stdatomic.h>

enum { IMAGES = 4096 };
static const vprec_image *_Atomic images[IMAGES];
static atomic_size_t image_count;

void vprec_image_enter(const vprec_image *image, uint64_t clone)
{
    size_t low = VPREC_UP_TO(image->entered, vprec_entered, clone, clone);
    uint8_t *entered = low ? VPREC_AT(image->entered, vprec_entered, low - 1).entered : NULL;
    if (entered)
        *(volatile uint8_t *)entered = 1;
}

bool vprec_image_room(void)
{
    for (size_t i = 0; i < IMAGES; i++)
        if (!atomic_load(&images[i]))
            return true;
    return false;
}

void vprec_image_add(const vprec_image *image)
{
    for (size_t i = 0; i < IMAGES; i++) {
        if (atomic_load(&images[i]))
            continue;
        atomic_store(&images[i], image);
        if (i >= atomic_load(&image_count))
            atomic_store(&image_count, i + 1);
        return;
    }
}

void vprec_image_drop(const vprec_image *image)
{
    for (size_t i = 0; i < atomic_load(&image_count); i++)
        if (atomic_load(&images[i]) == image)
            atomic_store(&images[i], NULL);
}

static const vprec_image *find(uint64_t address, bool clone)
{
    for (size_t i = 0; i < atomic_load_explicit(&image_count, memory_order_acquire); i++) {
        const vprec_image *image = atomic_load_explicit(&images[i], memory_order_acquire);
        if (!image)
            continue;
        uint64_t lo = clone ? image->code : image->lo, hi = clone ? image->code_end : image->hi;
        if (address >= lo && address < hi)
            return image;
    }
    return NULL;
}

const vprec_image *vprec_image_of(uint64_t address)
{
    return find(address, false);
}

const vprec_image *vprec_image_of_clone(uint64_t address)
{
    return find(address, true);
}

bool vprec_image_covers(uint64_t address)
{
    return vprec_image_of(address);
}

uint64_t vprec_image_find(const vprec_image *image, uint64_t original)
{
    size_t low = VPREC_BELOW(image->traps, vprec_trap, original, original);
    if (low < image->traps.count && VPREC_AT(image->traps, vprec_trap, low).original == original)
        return VPREC_AT(image->traps, vprec_trap, low).clone;
    return 0;
}
