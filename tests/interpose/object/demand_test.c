/* SPDX-License-Identifier: Apache-2.0
 * demand_test.c: what vprec_object_open's object answers when it is asked. FILE: against readelf, also when its search
 * table of FDEs is missing, wrong, or the only thing that leads to them. DIRECTORY: of every library there, against
 * vprec_object_read. */
#include "find/object.h"
#include "readelf.h"
#include <dirent.h>
#include <elf.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *path;
static const char *variant = "as it is";
static uint64_t bias;
static int failures;
static uint64_t state = 1;

static void fail(const char *what, uint64_t at, uint64_t got, uint64_t expected)
{
    if (failures++ < 40)
        fprintf(stderr, "%s (%s), bias %#" PRIx64 ": %s at %#" PRIx64 ": got %#" PRIx64 ", expected %#" PRIx64 "\n",
                path, variant, bias, what, at, got, expected);
}

static void check_u64(const char *what, uint64_t at, uint64_t got, uint64_t expected)
{
    if (got != expected)
        fail(what, at, got, expected);
}

static uint64_t draw(uint64_t below)
{
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (state >> 16) % below;
}

/* One function as it should come out. Addresses in the file. */
typedef struct function {
    uint64_t start, end;     /* end as far as somebody tells, else start */
    uint64_t frame_end;      /* of FDEs alone; 0 none starts here */
    uint64_t until;          /* end, or what takes its place */
    uint64_t limit;          /* of its code range */
    size_t first_name, names; /* in facts->functions */
} function;

typedef struct expected {
    re_facts facts;
    function *f;
    size_t count;
} expected;

static int compare_functions(const void *a, const void *b)
{
    const re_function *x = a, *y = b;
    return (x->start > y->start) - (x->start < y->start);
}

static uint64_t code_end(const re_facts *facts, uint64_t address)
{
    for (size_t i = 0; i < facts->code.count; i += 2)
        if (address >= facts->code.at[i] && address < facts->code.at[i + 1])
            return facts->code.at[i + 1];
    return 0;
}

/* Everything that readelf prints, merged by start. */
static void expected_make(expected *e)
{
    re_facts *facts = &e->facts;
    qsort(facts->functions, facts->count, sizeof *facts->functions, compare_functions);
    e->f = calloc(facts->count + 1, sizeof *e->f);
    e->count = 0;
    for (size_t i = 0, next; i < facts->count; i = next) {
        function *f = &e->f[e->count++];
        *f = (function){.start = facts->functions[i].start, .end = facts->functions[i].start, .first_name = i};
        f->limit = code_end(facts, f->start);
        for (next = i; next < facts->count && facts->functions[next].start == f->start; next++) {
            uint64_t end = facts->functions[next].end < f->limit ? facts->functions[next].end : f->limit;
            f->end = end > f->end ? end : f->end;
            if (!facts->functions[next].name)
                f->frame_end = end > f->frame_end ? end : f->frame_end;
        }
        f->names = next - i;
    }
    for (size_t i = 0; i < e->count; i++) {
        function *f = &e->f[i];
        f->until = f->end;
        if (f->end == f->start)
            f->until = i + 1 < e->count && f[1].start < f->limit ? f[1].start : f->limit;
    }
}

static const function *expected_at(const expected *e, uint64_t address)
{
    size_t low = 0, high = e->count;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (e->f[mid].start <= address)
            low = mid + 1;
        else
            high = mid;
    }
    for (size_t i = low; i--;) /* the nearest FDE, wherever symbols start */
        if (e->f[i].frame_end) {
            if (e->f[i].frame_end > address)
                return &e->f[i];
            break;
        }
    for (size_t i = low; i--;)
        if (e->f[i].until > address)
            return &e->f[i];
    return NULL;
}

/* Whether the name is that of one of the function's symbols, and the plainest: fewest underscores, then shortest. */
static bool is_good_name(const expected *e, const function *f, const char *name)
{
    bool known = false, any = false;
    for (size_t i = f->first_name; i < f->first_name + f->names; i++) {
        const char *other = e->facts.functions[i].name;
        if (!other || !*other)
            continue;
        any = true;
        if (!name || !*name)
            return false;
        known |= !strcmp(other, name);
        size_t bars = strspn(name, "_"), other_bars = strspn(other, "_");
        if (other_bars < bars || (other_bars == bars && strlen(other) < strlen(name)))
            return false;
    }
    return any ? known : !name || !*name;
}

/* Of one whose size nothing tells it is known where it ends at most: life-guest-unsized has where. */
static bool is_unsized(const function *f)
{
    return f->end == f->start;
}

static void check_one(const expected *e, const char *what, uint64_t at, const vprec_symbol *got, const function *f)
{
    check_u64(what, at, got->start - bias, f->start);
    if (!is_unsized(f) || got->end - bias <= f->start)
        check_u64("its end", at, got->end - bias, f->until);
    else
        check_u64("its end, at most", at, got->end - bias > f->until, 0);
    if (got->start - bias == f->start && !is_good_name(e, f, got->name))
        fail("its name", at, got->start, f->start);
}

static void check_at(vprec_object *object, const expected *e, uint64_t address)
{
    vprec_symbol got = {0};
    const function *f = code_end(&e->facts, address) ? expected_at(e, address) : NULL;
    bool found = vprec_object_function_at(object, address + bias, &got);
    if (f && is_unsized(f) && address > f->start && !found)
        return;
    check_u64("whether a function is", address, found, f != NULL);
    if (found && f)
        check_one(e, "function", address, &got, f);
}

/* The whole walk, then from anywhere. */
static void check_next(vprec_object *object, const expected *e)
{
    size_t i = 0;
    vprec_symbol got;
    for (uint64_t at = 0; vprec_object_function_next(object, at, UINT64_MAX, &got); at = got.start + 1, i++) {
        if (i == e->count) {
            fail("one function too many", at, got.start, 0);
            return;
        }
        check_one(e, "next function", at, &got, &e->f[i]);
    }
    check_u64("functions", 0, i, e->count);
    for (int trial = 0; trial < 2000 && e->count; trial++) {
        size_t from = draw(e->count);
        uint64_t at = e->f[from].start, end = at + 1 + draw(300);
        check_u64("there is one", at, vprec_object_function_next(object, at + bias, at + bias + 1, &got), 1);
        check_u64("there is none", at, vprec_object_function_next(object, at + bias, at + bias, &got), 0);
        bool found = vprec_object_function_next(object, at + bias + 1, end + bias, &got);
        bool is = from + 1 < e->count && e->f[from + 1].start < end;
        check_u64("there is another", at, found, is);
        if (found && is)
            check_one(e, "another", at, &got, &e->f[from + 1]);
    }
}

static void check_pointers(vprec_object *object, const re_list *told)
{
    for (int trial = 0; trial < 300; trial++) {
        uint64_t a = 0, b = UINT64_MAX - bias, n = told->count;
        if (trial && n) { /* between two of them, or near */
            size_t i = draw(n), j = i + draw(trial % 3 ? 40 : n);
            a = told->at[i] + draw(3) - 1;
            b = told->at[j < n ? j : n - 1] + draw(3) - 1;
        }
        vprec_vec got = VPREC_VEC(uint64_t);
        uint64_t *before = vprec_vec_add(&got, 1); /* what is there stays */
        *before = 1;
        if (!vprec_object_pointers_in(object, a + bias, b + bias, &got))
            fail("no memory for pointers", a, 0, 0);
        check_u64("what was there", a, VPREC_AT(got, uint64_t, 0), 1);
        size_t i = 1, j = 0;
        while (j < n && told->at[j] < a)
            j++;
        for (; i < got.count || (j < n && told->at[j] < b); i++, j++) {
            uint64_t g = i < got.count ? VPREC_AT(got, uint64_t, i) - bias : 0;
            check_u64("pointer", a, g, j < n && told->at[j] < b ? told->at[j] : 0);
            if (g != (j < n ? told->at[j] : 0))
                break;
        }
        vprec_vec_free(&got);
    }
}

/* Of all functions together: pads_test.c knows whose they are. */
static void check_pads(vprec_object *object, const vprec_vec *all)
{
    vprec_vec got = VPREC_VEC(uint64_t);
    vprec_symbol f;
    for (uint64_t at = 0; vprec_object_function_next(object, at, UINT64_MAX, &f); at = f.start + 1)
        if (!vprec_object_pads_of(object, f.start, &got))
            fail("no memory for pads", at, 0, 0);
    vprec_vec_sort_u64(&got);
    check_u64("landing pads", 0, got.count, all->count);
    for (size_t i = 0; i < got.count && i < all->count; i++)
        check_u64("landing pad", i, VPREC_AT(got, uint64_t, i), VPREC_AT(*all, uint64_t, i));
    vprec_vec_free(&got);
}

static size_t same_names(const vprec_vec *names, const char *name)
{
    size_t count = 0;
    for (size_t i = 0; i < names->count; i++)
        count += !strcmp(VPREC_AT(*names, const char *, i), name);
    return count;
}

/* All names of a function: the symbol's and its aliases. */
static void check_names(vprec_object *object, const vprec_object *read, const vprec_symbol *symbol)
{
    vprec_vec names = VPREC_VEC(const char *), expect = VPREC_VEC(const char *);
    const vprec_symbol *alias;
    size_t count = vprec_object_aliases(read, symbol->start, &alias);
    for (size_t i = 0; i < count + (symbol->name != NULL); i++)
        *(const char **)vprec_vec_add(&expect, 1) = i < count ? alias[i].name : symbol->name;
    if (!vprec_object_names_of(object, symbol->start, &names))
        fail("no memory for names", symbol->start, 0, 0);
    check_u64("names", symbol->start, names.count, expect.count);
    for (size_t i = 0; i < expect.count; i++) {
        const char *name = VPREC_AT(expect, const char *, i);
        check_u64(name, symbol->start, same_names(&names, name), same_names(&expect, name));
    }
    vprec_vec_free(&names);
    vprec_vec_free(&expect);
}

static bool opened(vprec_object *object, const char *file)
{
    enum vprec_reason why = vprec_object_open(object, file, bias);
    if (why)
        fail("it is refused", 0, why, 0);
    return !why;
}

/* The file, or a copy of it, against what readelf says of the file; `first` is asked first. */
static void check_file(const char *file, const expected *e, const vprec_object *read, bool symtab, uint64_t first)
{
    vprec_object object, moved;
    if (!opened(&object, file))
        return;
    if (symtab)
        check_at(&object, e, first);
    check_u64("what was not asked for", 0, object.symbols.count + object.pointers.count + object.pads.count, 0);
    for (int trial = 0; trial < 3000; trial++) {
        size_t range = draw(e->facts.code.count / 2) * 2;
        uint64_t start = e->facts.code.at[range], end = e->facts.code.at[range + 1];
        if (symtab)
            check_at(&object, e, start + draw(end - start));
        if (trial == 1000) { /* it may be moved */
            moved = object;
            memset(&object, 0, sizeof object);
            object = moved;
        }
        if (symtab && e->count) /* starts and ends, and the bytes around them */
            check_at(&object, e, (trial & 1 ? e->f[draw(e->count)].start : e->f[draw(e->count)].end) + draw(3) - 1);
    }
    check_at(&object, e, -bias);
    check_at(&object, e, -bias - 1);
    if (symtab)
        check_next(&object, e);
    check_pointers(&object, &e->facts.told);
    check_pads(&object, &read->pads);
    vprec_object_release(&object);
}

static uint8_t *file_read(size_t *size)
{
    struct stat status;
    FILE *file = fopen(path, "rb");
    if (!file || fstat(fileno(file), &status))
        return NULL;
    *size = (size_t)status.st_size;
    uint8_t *bytes = malloc(*size);
    if (bytes && fread(bytes, 1, *size, file) != *size)
        bytes = NULL;
    fclose(file);
    return bytes;
}

/* Ways to spoil the search table; `table` is .eh_frame_hdr in the file, of `size` bytes. */
enum { NO_HEADER, BAD_VERSION, OTHER_ENCODING, UNSORTED, WRONG_START, WRONG_RECORD, NO_ENTRIES, MANY_ENTRIES,
       NO_SECTIONS, SPOILS };
static const char *const spoil_names[SPOILS] = {
    "no .eh_frame_hdr", "a version of it that is unknown", "another encoding of its table", "its table is not sorted",
    "a start in it is wrong", "a record in it is wrong", "no entries", "more entries than there are", "no sections"};

/* False: it makes no difference here. `*spoiled` is an address of a function that cannot be found any more. */
static bool spoil(int how, uint8_t *bytes, uint64_t *spoiled)
{
    Elf64_Ehdr *header = (Elf64_Ehdr *)bytes;
    Elf64_Phdr *program = (Elf64_Phdr *)(bytes + header->e_phoff);
    size_t i = 0;
    while (i < header->e_phnum && program[i].p_type != PT_GNU_EH_FRAME)
        i++;
    if (how == NO_SECTIONS) {
        header->e_shoff = header->e_shnum = header->e_shstrndx = 0;
        return true;
    }
    if (i == header->e_phnum)
        return false;
    uint8_t *table = bytes + program[i].p_offset;
    uint32_t count;
    memcpy(&count, table + 8, 4);
    if (table[2] != 3 || table[3] != 0x3b || count < 3)
        return false;
    uint8_t entry[8], *at = table + 12 + 8 * (count / 2);
    int32_t distance;
    memcpy(&distance, at, 4);
    *spoiled = program[i].p_vaddr + (uint64_t)(int64_t)distance;
    switch (how) {
    case NO_HEADER: program[i].p_type = PT_NULL; break;
    case BAD_VERSION: table[0] = 2; break;
    case OTHER_ENCODING: table[3] = 0x1b; break;
    case UNSORTED: /* the middle, which every search looks at, goes to the end */
        memcpy(entry, at, 8);
        memcpy(at, table + 12 + 8 * (count - 1), 8);
        memcpy(table + 12 + 8 * (count - 1), entry, 8);
        break;
    case WRONG_START: /* too late */
        distance++;
        memcpy(at, &distance, 4);
        break;
    case WRONG_RECORD: at[4] ^= 4; break;
    case NO_ENTRIES: memset(table + 8, 0, 4); break;
    case MANY_ENTRIES: memset(table + 8, 0x7f, 4); break;
    }
    return true;
}

static void check_spoiled(const expected *e, const vprec_object *read)
{
    size_t size, tried = 0;
    for (int how = 0; how < SPOILS; how++) {
        char name[64];
        uint8_t *bytes = file_read(&size);
        int fd = memfd_create("spoiled", 0);
        if (!bytes || fd < 0)
            exit(1);
        variant = spoil_names[how];
        snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
        uint64_t first = 0;
        if (spoil(how, bytes, &first) && write(fd, bytes, size) == (ssize_t)size) {
            tried++;
            /* without sections .symtab is gone, and code is segments: other functions, but the same FDEs' pads */
            check_file(name, e, read, how != NO_SECTIONS, first);
        }
        close(fd);
        free(bytes);
    }
    variant = "as it is";
    printf("  %zu of %d copies with another search table\n", tried, SPOILS);
}

/* Offsets in code must fit into 32 bits: with a second executable segment far away the file is refused. */
static void check_far(void)
{
    size_t size;
    char name[64];
    uint8_t *bytes = file_read(&size);
    int fd = memfd_create("far", 0);
    if (!bytes || fd < 0)
        exit(1);
    Elf64_Ehdr *header = (Elf64_Ehdr *)bytes;
    Elf64_Phdr *program = (Elf64_Phdr *)(bytes + header->e_phoff), *stack = NULL;
    header->e_shoff = 0;
    for (size_t i = 0; i < header->e_phnum; i++)
        if (program[i].p_type == PT_GNU_STACK)
            stack = &program[i];
    vprec_object object;
    for (int far = 0; far < 2 && stack; far++) {
        *stack = (Elf64_Phdr){.p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_filesz = 64, .p_memsz = 64,
                              .p_vaddr = far ? UINT64_C(1) << 33 : UINT64_C(1) << 31};
        snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
        if (pwrite(fd, bytes, size, 0) != (ssize_t)size)
            exit(1);
        enum vprec_reason why = vprec_object_open(&object, name, bias);
        check_u64("why far code is refused", far, why, far ? VPREC_REASON_BAD_SEGMENT : VPREC_REASON_NONE);
        if (!why)
            vprec_object_release(&object);
    }
    close(fd);
    free(bytes);
}

/* Against vprec_object_read, of which this file knows that it is right (tables_test.c, pads_test.c). */
static bool check_library(const char *file)
{
    vprec_object read, object;
    path = file;
    bias = UINT64_C(0x7f1234567000);
    if (vprec_object_read(&read, file, bias))
        return false;
    if (!opened(&object, file)) {
        vprec_object_release(&read);
        return false;
    }
    vprec_symbol got;
    size_t i = 0;
    for (uint64_t at = 0; vprec_object_function_next(&object, at, UINT64_MAX, &got); at = got.start + 1, i++) {
        if (i == read.symbols.count) {
            fail("one function too many", at, got.start, 0);
            break;
        }
        const vprec_symbol *s = &VPREC_AT(read.symbols, vprec_symbol, i);
        check_u64("function", at, got.start, s->start);
        if (s->end > s->start)
            check_u64("its end", at, got.end, s->end);
        if (strcmp(s->name ? s->name : "", got.name ? got.name : ""))
            fail("its name", at, got.start, s->start);
        check_names(&object, &read, s);
        bool found = vprec_object_function_at(&object, s->start, &got);
        check_u64("a function at its own start", s->start, found && s->start - got.start < got.end - got.start, 1);
        got.start = s->start;
    }
    check_u64("functions", 0, i, read.symbols.count);
    check_pads(&object, &read.pads);
    re_list told = {0};
    for (size_t k = 0; read.pie && k < read.pointers.count; k++)
        re_push(&told, VPREC_AT(read.pointers, uint64_t, k) - bias);
    if (read.pie)
        check_pointers(&object, &told);
    free(told.at);
    vprec_object_release(&object);
    vprec_object_release(&read);
    return true;
}

static int check_directory(const char *directory)
{
    DIR *d = opendir(directory);
    size_t files = 0;
    struct stat status;
    for (struct dirent *entry; d && (entry = readdir(d));) {
        char name[4096];
        snprintf(name, sizeof name, "%s/%s", directory, entry->d_name);
        if (strstr(entry->d_name, ".so") && !lstat(name, &status) && S_ISREG(status.st_mode) &&
            status.st_size < 4 << 20)
            files += check_library(name);
    }
    if (d)
        closedir(d);
    printf("%s: %zu libraries\n", directory, files);
    return !files || failures;
}

int main(int argc, char **argv)
{
    static expected e;
    struct stat status;
    path = argc > 1 ? argv[1] : "";
    if (!stat(path, &status) && S_ISDIR(status.st_mode))
        return check_directory(path);
    if (!re_read(path, &e.facts)) {
        fprintf(stderr, "skipped: '%s' or readelf is not there\n", path);
        return 77;
    }
    vprec_object read;
    bias = e.facts.exec ? 0 : UINT64_C(0x7f1234567000);
    expected_make(&e);
    if (vprec_object_read(&read, path, bias)) {
        fprintf(stderr, "%s: refused\n", path);
        return 1;
    }
    check_file(path, &e, &read, true, 0);
    check_spoiled(&e, &read);
    check_far();
    printf("%s: %zu functions, %zu pointers, %zu pads\n", path, e.count, e.facts.told.count, read.pads.count);
    vprec_object_release(&read);
    return failures != 0;
}
