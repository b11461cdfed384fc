/* SPDX-License-Identifier: Apache-2.0
 * forks.c: see forks.h. A process that waits is a run of vprec-run like a cell, which keeper.c watches over, in a
 * directory of its own among the cells; what becomes of it nobody measures. */
#include "forks.h"
#include "common/digest.h"
#include "common/say.h"
#include "sample/forks.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NUMBER = 1 }; /* of the run that waits, as a sample */

/* The cells that one process is for. */
typedef struct kind {
    char *key; /* what they have in common */
    sweep_cell run; /* the run that waits */
    bool begun, whole; /* whole: its cells start by themselves */
    pid_t keeper; /* 0: none, or it has ended */
    int socket;
    char *directory;
} kind;

struct sweep_forks {
    sweep *sweep;
    kind *kinds;
    size_t count;
    sweep_list said;
    bool told; /* that it works */
};

static bool begins(const char *word, const char *with)
{
    return !strncmp(word, with, strlen(with));
}

/* Whether the option says what is rounded while a scope is open: of that no process knows anything before. */
static bool is_late(const char *word)
{
    static const char *const late[] = {"--format=", "--mode=", "--precision=", "--within=", "--seed=", "--error-mode=",
                                       "--noise-rate=", "--noise="};
    for (size_t i = 0; i < sizeof late / sizeof *late; i++)
        if (begins(word, late[i]))
            return true;
    return false;
}

/* What a cell must have in common with others; to be freed. NULL: it starts by itself. */
static char *key_of(const sweep_cell *c)
{
    if (!c->where || !c->mode || c->counts || !c->options.recipe)
        return NULL;
    const char *name = strchr(c->where, ':') + 1;
    const uint32_t *use = c->options.config.use;
    /* Who tells of scopes is asked for by the names that patterns begin with; functions each by its own. */
    size_t length = strchr(name, ':') ? strcspn(name, ":") : 0;
    for (char **word = c->argv; *word && strcmp(*word, "--"); word++)
        length = begins(*word, "--within=fn:") ? strlen(name) : length;
    char *key = vprec_text("%u,%u %.*s", use[0], use[1], (int)length, name);
    for (char **word = c->argv; *word && strcmp(*word, "--"); word++)
        if (!is_late(*word)) {
            char *longer = vprec_text("%s %s", key, *word);
            free(key);
            key = longer;
        }
    return key;
}

static kind *kind_of(const sweep_forks *f, const sweep_cell *c)
{
    char *key = key_of(c);
    kind *found = NULL;
    for (size_t i = 0; i < f->count && key && !found; i++)
        if (!strcmp(f->kinds[i].key, key))
            found = &f->kinds[i];
    free(key);
    return found;
}

static void add_scopes(sweep_list *list, const sweep_cell *c)
{
    for (char **word = c->argv; *word; word++)
        if (begins(*word, "--within=") && !sweep_list_has(list, *word))
            sweep_list_add(list, vprec_text("%s", *word));
}

/* The command line of the process for such cells as `first`: all their scopes are named. */
static char **arguments(const sweep_forks *f, const kind *k, const sweep_cell *first)
{
    const sweep_grid *grid = &f->sweep->grid;
    sweep_list list = {NULL, 0};
    for (char **word = first->argv; *word; word++) {
        if (begins(*word, "--within="))
            continue;
        if (begins(*word, "--seed=")) {
            sweep_list_add(&list, vprec_text("--within=%s", f->sweep->options->fork_at));
            for (size_t i = 0; i < grid->count; i++)
                if (kind_of(f, &grid->cells[i]) == k)
                    add_scopes(&list, &grid->cells[i]);
        }
        sweep_list_add(&list, vprec_text("%s", *word));
    }
    return list.items;
}

sweep_forks *sweep_forks_make(sweep *s)
{
    if (!s->options->fork_at)
        return NULL;
    sweep_forks *f = vprec_alloc(1, sizeof *f);
    *f = (sweep_forks){.sweep = s};
    for (size_t i = 0; i < s->grid.count; i++) {
        char *key = kind_of(f, &s->grid.cells[i]) ? NULL : key_of(&s->grid.cells[i]);
        if (!key)
            continue;
        f->kinds = vprec_grow(f->kinds, f->count + 1, sizeof *f->kinds);
        f->kinds[f->count++] = (kind){.key = key, .socket = -1};
    }
    for (size_t k = 0; k < f->count; k++) {
        size_t runs = 0;
        for (size_t i = 0; i < s->grid.count; i++)
            runs += kind_of(f, &s->grid.cells[i]) == &f->kinds[k] ? s->grid.cells[i].count : 0;
        f->kinds[k].whole = runs < 2;
    }
    return f;
}

static void say_whole(sweep_forks *f, const char *who, const char *text)
{
    if (f->sweep->options->quiet || sweep_list_has(&f->said, text))
        return;
    sweep_list_add(&f->said, vprec_text("%s", text));
    vprec_say("--fork-at '%s': %s: %s", f->sweep->options->fork_at, who, text);
}

static void drop(kind *k)
{
    if (k->socket >= 0)
        close(k->socket);
    k->socket = -1;
    k->whole = true;
}

/* What the processes say; whether they are still there. */
void sweep_forks_hear(sweep_forks *f)
{
    for (size_t i = 0; f && i < f->count; i++) {
        kind *k = &f->kinds[i];
        vprec_fork_answer answer;
        ssize_t n = -1;
        while (k->socket >= 0) {
            n = recv(k->socket, &answer, sizeof answer, MSG_DONTWAIT);
            if (n != (ssize_t)sizeof answer)
                break;
            answer.text[sizeof answer.text - 1] = 0;
            if (answer.kind == VPREC_FORK_WAITS && !f->told && !f->sweep->options->quiet)
                vprec_say("--fork-at '%s': one start is enough: cells go on from there", f->sweep->options->fork_at);
            f->told |= answer.kind == VPREC_FORK_WAITS;
            if (answer.kind == VPREC_FORK_REFUSED)
                say_whole(f, answer.all ? "cells start whole" : "a cell starts whole", answer.text);
            if (answer.kind == VPREC_FORK_REFUSED && answer.all)
                drop(k);
        }
        if (k->socket >= 0 && (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))) {
            say_whole(f, "cells start whole",
                      "the process of the program itself has ended, and not entered such a scope");
            drop(k);
        }
    }
}

/* Starts the process of the kind. False, having said why. */
static bool start(sweep_forks *f, kind *k, const sweep_cell *cell, const vprec_inherited *inherited)
{
    sweep *s = f->sweep;
    int pair[2];
    k->run = (sweep_cell){0};
    k->run.argv = arguments(f, k, cell);
    const vprec_digest digest = vprec_digest_bytes(VPREC_DIGEST_BEGIN, k->key, strlen(k->key));
    k->run.id = vprec_text("fork-%08" PRIx32, (uint32_t)(digest ^ digest >> 32));
    if (!sweep_grid_parse(&k->run) || !sweep_run_place(s, &k->run))
        return false;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair)) {
        vprec_say("cannot make a socket (%s): free some file descriptors", strerror(errno));
        return false;
    }
    vprec_sampling *sampling = &k->run.options.sampling;
    *sampling = cell->options.sampling;
    sampling->keep = NULL;
    sampling->keeps = 0;
    sampling->fork_socket = pair[0];
    sampling->fork = vprec_forks_text(pair[0], s->options->fork_at, NULL);
    k->run.options.quiet = true;
    k->directory = vprec_results_file(&k->run.results, NUMBER, "");
    k->keeper = sweep_run_directory(k->run.results.path)
                    ? vprec_sample_start(&k->run.results, &k->run.options, NUMBER, inherited) : -1;
    close(pair[0]);
    k->socket = pair[1];
    return k->keeper > 0;
}

bool sweep_forks_begin(sweep_forks *f, sweep_cell *cell, const vprec_inherited *inherited)
{
    kind *k = f ? kind_of(f, cell) : NULL;
    vprec_sampling *sampling = &cell->options.sampling;
    free(sampling->fork);
    sampling->fork = NULL;
    sampling->fork_socket = 0;
    if (!k)
        return true;
    if (!k->begun && !k->whole && !start(f, k, cell, inherited))
        return false;
    k->begun = true;
    sweep_forks_hear(f);
    if (k->whole)
        return true;
    sampling->fork_socket = k->socket;
    sampling->fork = vprec_forks_text(k->socket, NULL, k->directory);
    return true;
}

static void end(kind *k)
{
    drop(k);
    if (k->keeper > 0) {
        kill(k->keeper, SIGRTMIN);
        while (waitpid(k->keeper, NULL, 0) < 0 && errno == EINTR) {
        }
        vprec_sample_drop(&k->run.results, NUMBER);
    }
    sweep_grid_free_cell(&k->run);
    free(k->directory);
    free(k->key);
}

void sweep_forks_end(sweep_forks *f)
{
    if (!f)
        return;
    sweep_forks_hear(f);
    for (size_t i = 0; i < f->count; i++)
        end(&f->kinds[i]);
    sweep_list_free(&f->said);
    free(f->kinds);
    free(f);
}
