/* SPDX-License-Identifier: Apache-2.0
 * reason.h: why an object, or a part of one, runs as it was written: what the
 * interposer records as a number and its readers put into words. */
#ifndef VPREC_RUNTIME_REASON_H
#define VPREC_RUNTIME_REASON_H

/* X(name, code, text): `code` is what reports have, the same for reasons of one kind. The text ends the sentence
 * "PATH stays native: ...". What was selected and yet stays native: */
#define VPREC_REASONS_NATIVE(X)                                                                                        \
    X(NO_FILE, "unreadable", "there is no such file")                                                                  \
    X(NOT_OPENED, "unreadable", "it cannot be opened for reading")                                                     \
    X(NOT_MAPPED, "unreadable", "it is not a file that can be mapped")                                                 \
    X(NOT_ELF, "unreadable", "it is not an ELF file")                                                                  \
    X(NOT_X86_64, "unreadable", "it is not an x86-64 object")                                                          \
    X(NO_OBJECT, "unreadable", "it is neither a program nor a shared object")                                          \
    X(BAD_ADDRESS, "unreadable", "it cannot be loaded at that address")                                                \
    X(BAD_SEGMENTS, "unreadable", "its program headers lie outside of the file")                                       \
    X(CUT_SHORT, "unreadable", "a segment lies outside of the file: is it cut short?")                                 \
    X(BAD_SEGMENT, "unreadable", "a segment has an impossible address or size")                                        \
    X(MANY_SEGMENTS, "unreadable", "it has more than 64 loadable segments")                                            \
    X(NO_SEGMENT, "unreadable", "it has no loadable segment")                                                          \
    X(BAD_DYNAMIC, "unreadable", "its dynamic section, or a table that it names, reaches out of the file")             \
    X(BAD_UNWIND, "unreadable", "its unwind tables (.eh_frame, .eh_frame_hdr) are damaged, of an unknown version, or " \
                                "outside of the file")                                                                 \
    X(BAD_EXCEPTIONS, "unreadable", "its exception tables are damaged or outside of the file")                         \
    X(TEXT_RELOCATIONS, "text-relocations", "its code has relocations, which the loader writes into it")               \
    X(NO_MEMORY, "no-memory", "there was no memory for its copy")                                                      \
    X(NO_REACH, "no-room", "there is no free memory within 2 GiB of its code")                                         \
    X(TOO_FAR, "no-room", "its copy does not fit within reach of its code and data")                                            \
    X(NOT_WRITABLE, "no-permission", "its code cannot be made writable")                                               \
    X(NOT_EXECUTABLE, "no-permission", "nothing may be made executable (a policy such as MemoryDenyWriteExecute)")     \
    X(FORBIDDEN, "no-permission", "the program forbade itself to make code executable (MDWE, mseal, seccomp): what had not run by then") \
    X(DEBUGGER, "debugger", "a debugger traces it: what can only be led to its copy by a signal, at which it would "   \
                            "stop, is left (see --gdb)")                                                               \
    X(NO_XSAVE, "no-xsave", "this processor has no XSAVE")                                                             \
    X(GS, "no-scopes", "--scope and --within need the GS register, which programs cannot set on this processor or "    \
                       "under this kernel (before Linux 5.9), or which something else uses")                           \
    X(DEVICE, "device", "it hands work to a graphics processor or another device, which is not rounded there")           \
    X(LOADER, "loader", "this C library's loader cannot be followed: what dlopen brings stays native")                 \
    X(RESOLVER, "resolver", "an IFUNC resolver of it computes before anything can be instrumented")                    \
    X(LIBM_UNREADABLE, "libm", "its functions cannot be replaced: it cannot be read")                                  \
    X(LIBM_ENTRY, "libm", "the function's first bytes cannot be moved")                                                \
    X(LIBM_RESULT, "libm", "nobody knows where the function leaves its results")                                       \
    X(LIBM_NAMESPACE, "libm", "it is another namespace's copy (dlmopen), whose functions are not replaced")            \
    VPREC_REASONS_CHILD(X)

/* A program that was executed on the way, all of it: */
#define VPREC_REASONS_CHILD(X)                                                                                         \
    X(CHILD_STATIC, "child-static", "this child is statically linked, so nothing can be loaded into it")               \
    X(CHILD_LIBC, "child-libc", "this child is linked to another C library than the GNU C library")                    \
    X(CHILD_32_BIT, "child-machine", "this child is a 32-bit program")                                                 \
    X(CHILD_MACHINE, "child-machine", "this child is built for another processor")                                     \
    X(CHILD_SECURE, "child-privileges", "this child changes its privileges (it or its parent is setuid or setgid, or " \
                                        "it has file capabilities), and the loader lets nothing into it")              \
    X(CHILD_NO_LIBRARY, "child-lost", "this child, in another root directory or as another user, cannot read vprec's " \
                                      "library")                                                                       \
    X(CHILD_NO_ROOM, "child-lost", "its arguments, or limits of memory, leave no room for vprec in this child")         \
    X(CHILD_NESTED, "child-nested", "another vprec-run has this child")                                                \
    X(CHILD_LOST, "child-lost", "this child ended at once, or vprec was kept out of it")

/* What was not selected, as asked or as usual: */
#define VPREC_REASONS_LEFT_OUT(X)                                                                                      \
    X(LEFT_SYSTEM, "system", "the C library and the loader are left out by default")                                   \
    X(LEFT_RUNTIME, "runtime", "interpreters and language runtimes are left out by default")                           \
    X(LEFT_NOT_ASKED, "not-asked", "no --object matches it")                                                           \
    X(LEFT_SKIPPED, "skipped", "--skip-object matches it")                                                             \
    X(LEFT_PRESET, "preset", "random numbers and counted ranges stay native (--preset none rounds them, too)")         \
    X(LEFT_COMPILED, "compiled", "vprec-cc has built it, and its own code rounds")                                     \
    X(LEFT_GENERATED, "generated", "the code that it generates while it runs is not selected")

#define VPREC_REASON_NAME(name, code, text) VPREC_REASON_##name,
enum vprec_reason {
    VPREC_REASON_NONE,
    VPREC_REASONS_NATIVE(VPREC_REASON_NAME)
    VPREC_REASONS_LEFT_OUT(VPREC_REASON_NAME)
    VPREC_REASONS
};
#undef VPREC_REASON_NAME

#endif
