/* SPDX-License-Identifier: Apache-2.0
 * classes.h: the virtual tables of C++ classes that derive from one, found by run-time type information alone (Itanium
 * C++ ABI): libraries that are stripped keep it. */
#ifndef VPREC_SCOPE_CLASSES_H
#define VPREC_SCOPE_CLASSES_H

#include "find/object.h"

/* Of a relocated object. */
typedef struct vprec_classes {
    const vprec_object *object;
    uint64_t relro, relro_end; /* where pointers are that do not change any more: rtti and virtual tables */
    vprec_vec typeinfos;       /* uint64_t: of the class and of those that derive from it at offset 0; sorted */
    vprec_vec tables;          /* uint64_t: first slots of their virtual tables */
} vprec_classes;

/* A text among the object's constants that begins and ends so, has but letters, digits and _ between, and `inner`; NULL:
 * there is none. For namespaces that are named after versions. */
const char *vprec_classes_name(const vprec_object *object, const char *begin, const char *end, const char *inner);

/* Those of the class with that mangled name, "N11onnxruntime8OpKernelE"; `itself`: its own table, too. False: there is
 * no such class, several, or no memory. */
bool vprec_classes_find(vprec_classes *classes, const vprec_object *object, const char *name, bool itself);
void vprec_classes_free(vprec_classes *classes);

/* The object's code; what it cannot write. */
bool vprec_classes_is_code(const vprec_classes *classes, uint64_t address);
bool vprec_classes_is_constant(const vprec_classes *classes, uint64_t address);

/* The slot of every table leads to code of ours, which jumps to `to`, of which argument number `argument`, 3 (the fourth)
 * or 4, is the class' number; `original` by that number is where the slot led (0: nowhere, it stays). False: the memory may not be changed, or there is none. */
bool vprec_classes_lead(vprec_classes *classes, unsigned slot, unsigned argument, void (*to)(void), uint64_t **original);

#endif
