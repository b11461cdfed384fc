/* SPDX-License-Identifier: Apache-2.0
 * main.c: vprec-cc and vprec-c++: clang, with a plug-in that has every floating-point operation rounded, and the runtime
 * that knows how. All that is no business of theirs goes to clang as it is. */
#include "arguments.h"
#include "common/preload.h"
#include "common/say.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct {
    const char *version, *directory;
} clangs[] = {VPREC_CC_CLANGS};

static const char *const names[] = {"uninstrumented=warn", "uninstrumented=silent", "uninstrumented=error"};

static int help(bool cxx)
{
    printf("Usage: %s [option of clang]... FILE...\n"
           "\n"
           "Compiles and links as %s does, with the same options, and has every floating-point operation rounded as it is\n"
           "said when the program runs: by vprec-run, or by the environment variable VPREC.\n"
           "\n"
           "    %s -O2 -o net net.c -lm\n"
           "    VPREC='-f e8m10' ./net\n"
           "    make CC=vprec-cc CXX=vprec-c++\n"
           "\n"
           "Options besides clang's:\n"
           "  -Wno-uninstrumented, -Werror=uninstrumented\n"
           "                 what stays native (long double, assembly) is warned of: not at all, or as an error\n"
           "  --help         this text; that of clang: clang --help\n"
           "  --version      clang's own, by which others know the compiler\n"
           "  --vprec-version\n"
           "\n"
           "Environment:\n"
           "  VPREC_CC_CLANG    the compiler: a clang of version ",
           vprec_command, cxx ? "clang++" : "clang", vprec_command);
    for (size_t i = 0; i < sizeof clangs / sizeof *clangs; i++)
        printf("%s%s", i ? ", " : "", clangs[i].version);
    printf("\n"
           "  VPREC_CC_OPTIONS  more options, separated by blanks, in front of those given\n"
           "  VPREC             when the program runs: -f, -m, -t, -s as of vprec-run, and --site FILE:LINES=FORMAT\n"
           "\n"
           "Manual: man vprec-cc\n");
    return vprec_stdout_done() ? 0 : 1;
}

/* The version of LLVM in a name like clang-14 or clang++-19; NULL: it has none. */
static const char *version_of(const char *path)
{
    const char *dash = strrchr(vprec_base(path), '-');
    return dash && dash[1] >= '0' && dash[1] <= '9' ? dash + 1 : NULL;
}

/* The compiler to execute, and in *plugin what it loads. False, having said why. */
static bool find_compiler(bool cxx, char **compiler, char **plugin)
{
    const char *named = getenv("VPREC_CC_CLANG"), *version = clangs[0].version;
    if (named && *named) {
        char *real = strchr(named, '/') ? realpath(named, NULL) : NULL;
        const char *own = version_of(named), *link = real ? version_of(real) : NULL;
        const char *found = own ? own : link;
        version = NULL;
        for (size_t i = 0; found && i < sizeof clangs / sizeof *clangs; i++)
            if (!strcmp(found, clangs[i].version))
                version = clangs[i].version;
        free(real);
        if (!version) {
            vprec_say("VPREC_CC_CLANG names '%s', whose version is not known from its name, or is none that vprec was "
                      "built for: name one as clang-%s, or unset it", named, clangs[0].version);
            return false;
        }
        *compiler = vprec_text("%s", named);
    } else {
        *compiler = vprec_text("%s/%s", clangs[0].directory, cxx ? "clang++" : "clang");
    }
    char *name = vprec_text("libvprec_cc_pass_%s.so", version);
    *plugin = vprec_installed_find(name, "../interpose/cc");
    if (!*plugin)
        vprec_say("%s is missing: install vprec once more, with clang-%s there", name, version);
    free(name);
    return *plugin;
}

static void add_options(vprec_cc_words *w, char *text)
{
    for (char *rest = text, *word; (word = strsep(&rest, " "));)
        if (*word)
            vprec_cc_words_add(w, word);
}

/* What the linker gets behind all that is given. False, having said why. */
static bool add_runtime(vprec_cc_words *w, const vprec_cc_arguments *a)
{
    char *library = vprec_installed_find(a->is_static ? "libvprec_cc_static.a" : "libvprec_cc.so", "../interpose/cc");
    if (!library) {
        vprec_say("the runtime libvprec_cc is missing: install vprec once more");
        return false;
    }
    vprec_cc_words_add(w, library);
    if (a->is_static) {
        vprec_cc_words_add(w, "-lm");
        vprec_cc_words_add(w, "-lpthread");
    } else {
        char *directory = vprec_text("%s", library);
        *strrchr(directory, '/') = 0;
        vprec_cc_words_add(w, "-Xlinker");
        vprec_cc_words_add(w, "-rpath");
        vprec_cc_words_add(w, "-Xlinker");
        vprec_cc_words_add(w, directory);
    }
    return true;
}

int main(int argc, char **argv)
{
    const bool cxx = strstr(vprec_base(argv[0]), "++");
    vprec_command = cxx ? "vprec-c++" : "vprec-cc";
    vprec_failure = 1;
    if (argc == 2 && !strcmp(argv[1], "--help"))
        return help(cxx);
    if (argc == 2 && !strcmp(argv[1], "--vprec-version")) {
        printf("%s %s\n", vprec_command, VPREC_VERSION);
        return vprec_stdout_done() ? 0 : 1;
    }
    vprec_cc_words given = {0}, passed = {0}, all = {0};
    const char *more = getenv("VPREC_CC_OPTIONS");
    add_options(&given, vprec_text("%s", more ? more : ""));
    for (int i = 1; i < argc; i++)
        vprec_cc_words_add(&given, argv[i]);
    vprec_cc_arguments arguments;
    if (given.count)
        vprec_cc_arguments_read(&arguments, given.word, &passed);
    else
        arguments = (vprec_cc_arguments){0};
    char *compiler, *plugin;
    if (!find_compiler(cxx, &compiler, &plugin))
        return 1;
    vprec_cc_words_add(&all, compiler);
    if (cxx != (strstr(vprec_base(compiler), "++") != NULL)) /* VPREC_CC_CLANG names one for both */
        vprec_cc_words_add(&all, cxx ? "--driver-mode=g++" : "--driver-mode=gcc");
    if (arguments.compiles) {
        vprec_cc_words_add(&all, "--start-no-unused-arguments");
        vprec_cc_words_add(&all, vprec_text("-fpass-plugin=%s", plugin));
        if (!arguments.debug)
            vprec_cc_words_add(&all, "-gline-tables-only");
        vprec_cc_words_add(&all, "--end-no-unused-arguments");
    }
    for (char **word = passed.word; word && *word; word++)
        vprec_cc_words_add(&all, *word);
    if (arguments.links && !arguments.bare && !add_runtime(&all, &arguments))
        return 1;
    if (arguments.uninstrumented != VPREC_CC_SILENT && (arguments.assembly || arguments.no_passes)) {
        vprec_say("%s: %s [-Wuninstrumented]", arguments.uninstrumented == VPREC_CC_ERROR ? "error" : "warning",
                  arguments.no_passes ? "-disable-llvm-passes keeps the operations of this command native: leave it out"
                                      : "assembly is not instrumented, what it computes stays native");
        if (arguments.uninstrumented == VPREC_CC_ERROR)
            return 1;
    }
    setenv("VPREC_CC_PASS", names[arguments.uninstrumented], 1);
    execvp(compiler, all.word);
    vprec_say("cannot execute '%s': %s: install clang-%s, or name a compiler in VPREC_CC_CLANG", compiler,
              strerror(errno), clangs[0].version);
    return 1;
}
