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

void vprec_cc_words_add(vprec_cc_words *words, const char *word)
{
    words->word = vprec_grow(words->word, words->count + 2, sizeof *words->word);
    words->word[words->count++] = (char *)word;
    words->word[words->count] = NULL;
}

/* What is known of the words so far, and those that go to the compiler. */
typedef struct reading {
    vprec_cc_arguments *a;
    bool no_link, own; /* own: some word was vprec's */
    const char *language;
    vprec_cc_words words;
} reading;

static void read_words(reading *r, char *const *argv);

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

/* "@FILE" goes to the compiler, unless words in it would be strange to that. */
static void read_response(reading *r, const char *at)
{
    FILE *file = fopen(at + 1, "re");
    if (!file) { /* the compiler says so */
        vprec_cc_words_add(&r->words, at);
        return;
    }
    vprec_cc_words in = {0};
    for (char *word; (word = next_word(file));)
        vprec_cc_words_add(&in, word);
    fclose(file);
    const vprec_cc_words before = r->words;
    const bool own = r->own;
    r->words = (vprec_cc_words){0};
    r->own = false;
    if (in.count)
        read_words(r, in.word);
    vprec_cc_words there = before;
    if (!r->own)
        vprec_cc_words_add(&there, at);
    for (size_t i = 0; r->own && i < r->words.count; i++)
        vprec_cc_words_add(&there, r->words.word[i]);
    free(r->words.word);
    free(in.word); /* not what it points to, which others may name */
    r->words = there;
    r->own |= own;
}

static void read_words(reading *r, char *const *argv)
{
    vprec_cc_arguments *a = r->a;
    bool only_inputs = false;
    for (char *const *word = argv; *word; word++) {
        const char *text = *word;
        if (!only_inputs && read_own(a, text)) {
            r->own = true;
            continue;
        }
        if (!only_inputs && *text == '@') {
            read_response(r, text);
            continue;
        }
        vprec_cc_words_add(&r->words, text);
        if (!only_inputs && !strcmp(text, "--")) {
            only_inputs = true;
        } else if (only_inputs || *text != '-' || !text[1]) {
            read_input(a, text, r->language);
        } else if (takes_value(text) && word[1]) {
            if (!strcmp(text, "-x"))
                r->language = word[1];
            if (!strcmp(text, "-Xclang") && !strcmp(word[1], "-disable-llvm-passes"))
                a->no_passes = true;
            if (!strcmp(text, "-l"))
                a->links = true;
            vprec_cc_words_add(&r->words, *++word);
        } else {
            if (!strncmp(text, "-x", 2))
                r->language = text + 2;
            read_option(a, text, &r->no_link);
        }
    }
}

void vprec_cc_arguments_read(vprec_cc_arguments *arguments, char *const *argv, vprec_cc_words *words)
{
    reading r = {.a = arguments, .words = *words};
    *arguments = (vprec_cc_arguments){0};
    read_words(&r, argv);
    *words = r.words;
    arguments->links &= !r.no_link && !arguments->precompiles;
}
