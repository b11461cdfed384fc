/* SPDX-License-Identifier: Apache-2.0
 * write.c: the writer of reports without a sweep.
 *   write [--bytes] FILE.json DIR    the report of the document in DIR; status 0 or 1
 * --bytes: the characters U+E001 to U+E0FF stand for single bytes, which JSON cannot hold. */
#include "common/json.h"
#include "page/page.h"
#include "common/say.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void to_bytes(json_t *value)
{
    const char *key;
    json_t *member;
    size_t i;
    json_object_foreach(value, key, member)
        to_bytes(member);
    json_array_foreach(value, i, member)
        to_bytes(member);
    if (!json_is_string(value))
        return;
    size_t length = json_string_length(value), used = 0;
    const unsigned char *text = (const unsigned char *)json_string_value(value);
    char *bytes = vprec_alloc(length + 1, 1);
    for (size_t at = 0; at < length;)
        if (text[at] == 0xEE && text[at + 1] >= 0x80 && text[at + 1] < 0x84) {
            bytes[used++] = (char)((text[at + 1] & 0x3F) << 6 | (text[at + 2] & 0x3F));
            at += 3;
        } else {
            bytes[used++] = (char)text[at++];
        }
    json_string_setn_nocheck(value, bytes, used);
    free(bytes);
}

int main(int argc, char **argv)
{
    bool bytes = argc == 4 && !strcmp(argv[1], "--bytes");
    json_error_t error;
    vprec_command = "write";
    vprec_failure = 1;
    if (argc != 3 + bytes)
        return fputs("usage: write [--bytes] FILE.json DIR\n", stderr), 2;
    json_t *report = json_load_file(argv[argc - 2], JSON_ALLOW_NUL, &error);
    if (!report)
        return fprintf(stderr, "write: %s: %s\n", argv[argc - 2], error.text), 2;
    if (bytes)
        to_bytes(report);
    int status = vprec_page_write(report, argv[argc - 1]);
    json_decref(report);
    return status ? 1 : 0;
}
