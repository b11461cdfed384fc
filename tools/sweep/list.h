/* SPDX-License-Identifier: Apache-2.0
 * list.h: lists of words, and the words that braces and commas stand for. */
#ifndef VPREC_SWEEP_LIST_H
#define VPREC_SWEEP_LIST_H

#include <stdbool.h>
#include <stddef.h>

/* Texts that the list owns, NULL-terminated once there is one. */
typedef struct sweep_list {
    char **items;
    size_t count;
} sweep_list;

/* Takes `text` over. */
void sweep_list_add(sweep_list *list, char *text);
bool sweep_list_has(const sweep_list *list, const char *text);
void sweep_list_free(sweep_list *list);

/* Adds what `word` stands for: e8m{2..5} and e8m{2,3} as in the shell, {2..23..3} in steps, several in a word and
 * nested ones too; then the parts between commas. Parts that name different types are one: "bf16,fp16,f64=e11m40" is
 * bf16, and fp16,f64=e11m40. False, having said what is wrong with the value of `option`. */
bool sweep_expand(const char *option, const char *word, sweep_list *list);

#endif
