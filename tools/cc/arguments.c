/* SPDX-License-Identifier: Apache-2.0
 * arguments.c: see arguments.h. */
#include "arguments.h"
#include "common/say.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Options whose value is the next word. Where it is part of the same word, the option is longer. */
static const char *const with_value[] = {
    "-o", "-I", "-D", "-U", "-L", "-l", "-x", "-B", "-F", "-T", "-u", "-z", "-e", "-A", "-G", "-MF", "-MT", "-MQ", "-MJ",
    "-include", "-imacros", "-include-pch", "-isystem", "-iquote", "-idirafter", "-iprefix", "-iwithprefix",
    "-iwithprefixbefore", "-isysroot", "-iframework", "-cxx-isystem", "-Xclang", "-Xlinker", "-Xassembler", "-Xpreprocessor",
    "-Xanalyzer", "-Xopenmp-target", "-arch", "-target", "-framework", "-rpath", "-wrapper", "--param", "--sysroot", "-mllvm", "-mthread-model",
    "-working-directory", "-resource-dir", "-serialize-diagnostics", "-ccc-gcc-name", "-soname", "-dumpbase", "-dumpdir", "-aux-info", "-fplugin-arg"};

static bool takes_value(const char *word)
{
    for (size_t i = 0; i < sizeof with_value / sizeof *with_value; i++)
        if (!strcmp(word, with_value[i]))
            return true;
    return false;
}

static bool is_one_of(const char *word, const char *const *list)
{
    for (; *list; list++)
        if (!strcmp(word, *list))
            return true;
    return false;
}

static bool ends_in(const char *word, const char *const *endings)
{
    const char *dot = strrchr(word, '.');
    return dot && is_one_of(dot, endings);
}

static void read_input(vprec_cc_arguments *a, const char *word, const char *language)
{
    static const char *const assembly[] = {".s", ".S", ".sx", NULL};
    static const char *const objects[] = {".o", ".a", ".so", ".lo", ".obj", ".lib", ".dylib", NULL};
    static const char *const headers[] = {".h", ".hh", ".hpp", ".hxx", ".H", NULL};
    const char *so = strstr(word, ".so.");
    const bool named = language && strcmp(language, "none");
    if (named ? strstr(language, "header") != NULL : ends_in(word, headers))
        a->precompiles = true;
    if (named) {
        if (!strncmp(language, "assembler", 9))
            a->assembly = word;
        else
            a->compiles = true;
    } else if (ends_in(word, assembly)) {
        a->assembly = word;
    } else if (!ends_in(word, objects) && !so) {
        a->compiles = true;
    }
    a->links = true;
}

static void read_option(vprec_cc_arguments *a, const char *word, bool *no_link)
{
    static const char *const stops[] = {"-c", "-S", "-E", "-M", "-MM", "-fsyntax-only", "--analyze", "-emit-ast", "-###",
                                        "--precompile", "-emit-interface-stubs", "-rewrite-objc", "-cc1", "-cc1as", "-dM", NULL};
    static const char *const bare[] = {"-nostdlib", "-nodefaultlibs", "-r", "-nostdlib++", NULL};
    static const char *const is_static[] = {"-static", "--static", "-static-pie", NULL};
    *no_link |= is_one_of(word, stops) || !strncmp(word, "-print-", 7) || !strncmp(word, "--print-", 8) ||
                !strncmp(word, "-dump", 5);
    a->bare |= is_one_of(word, bare) && strcmp(word, "-nostdlib++");
    a->is_static |= is_one_of(word, is_static);
    if (word[1] == 'g' && strcmp(word, "-g0") && strncmp(word, "-gcc", 4) && strncmp(word, "-gno", 4))
        a->debug = true;
    if (!strncmp(word, "-l", 2) || !strncmp(word, "-Wl,", 4))
        a->links = true;
}

/* Words that are ours. */
static bool read_own(vprec_cc_arguments *a, const char *word)
{
    if (!strcmp(word, "-Werror=uninstrumented"))
        a->uninstrumented = VPREC_CC_ERROR;
    else if (!strcmp(word, "-Wuninstrumented") || !strcmp(word, "-Wno-error=uninstrumented"))
        a->uninstrumented = VPREC_CC_WARN;
    else if (!strcmp(word, "-Wno-uninstrumented"))
        a->uninstrumented = VPREC_CC_SILENT;
    else
        return false;
    return true;
}

static void read_words(vprec_cc_arguments *a, char **argv, bool *no_link, const char **language);

static bool is_blank(int c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The next word of a file, to be freed; quotes and backslashes as the compiler has them. NULL: there is none. */
static char *next_word(FILE *file)
{
    int c = getc(file), quote = 0;
    while (is_blank(c))
        c = getc(file);
    if (c == EOF)
        return NULL;
    size_t length = 0, room = 64;
    char *word = vprec_alloc(room, 1);
    for (; c != EOF && (quote || !is_blank(c)); c = getc(file)) {
        if (length + 2 > room)
            word = vprec_grow(word, room *= 2, 1);
        if (c == quote) {
            quote = 0;
        } else if (!quote && (c == '"' || c == '\'')) {
            quote = c;
        } else {
            const int next = c == '\\' ? getc(file) : c;
            if (next == EOF)
                break;
            word[length++] = (char)next;
        }
    }
    word[length] = 0;
    return word;
}

static void read_response(vprec_cc_arguments *a, const char *name, bool *no_link, const char **language)
{
    FILE *file = fopen(name, "re");
    if (!file)
        return; /* the compiler says so */
    size_t count = 0;
    char **words = vprec_alloc(1, sizeof *words);
    while ((words[count] = next_word(file)))
        words = vprec_grow(words, ++count + 1, sizeof *words);
    fclose(file);
    read_words(a, words, no_link, language);
    free(words); /* not what it points to, which `a` and `language` may name */
}

static void read_words(vprec_cc_arguments *a, char **argv, bool *no_link, const char **language)
{
    char **kept = argv;
    bool only_inputs = false;
    for (char **word = argv; *word; word++) {
        const char *text = *word;
        if (!only_inputs && read_own(a, text))
            continue;
        *kept++ = *word;
        if (!only_inputs && !strcmp(text, "--")) {
            only_inputs = true;
        } else if (!only_inputs && *text == '@') {
            read_response(a, text + 1, no_link, language);
        } else if (only_inputs || *text != '-' || !text[1]) {
            read_input(a, text, *language);
        } else if (takes_value(text) && word[1]) {
            if (!strcmp(text, "-x"))
                *language = word[1];
            if (!strcmp(text, "-Xclang") && !strcmp(word[1], "-disable-llvm-passes"))
                a->no_passes = true;
            if (!strcmp(text, "-l"))
                a->links = true;
            *kept++ = *++word;
        } else {
            if (!strncmp(text, "-x", 2))
                *language = text + 2;
            read_option(a, text, no_link);
        }
    }
    *kept = NULL;
}

void vprec_cc_arguments_read(vprec_cc_arguments *arguments, char **argv)
{
    bool no_link = false;
    const char *language = NULL;
    *arguments = (vprec_cc_arguments){0};
    read_words(arguments, argv, &no_link, &language);
    arguments->links &= !no_link && !arguments->precompiles;
}
