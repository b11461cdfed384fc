/* SPDX-License-Identifier: Apache-2.0
 * ci.c: see ci.h. JUnit's XML as Jenkins, GitLab and GitHub's actions read it. */
#include "ci.h"
#include "files.h"
#include "text.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool is(const json_t *check, const char *key)
{
    return json_is_true(json_object_get(check, key));
}

size_t page_checks_failed(const json_t *checks)
{
    size_t i, failed = 0;
    json_t *check;
    json_array_foreach(checks, i, check)
        failed += !is(check, "ok") && !is(check, "skipped");
    return failed;
}

static size_t skipped(const json_t *checks)
{
    size_t i, count = 0;
    json_t *check;
    json_array_foreach(checks, i, check)
        count += is(check, "skipped");
    return count;
}

static void put_attribute(FILE *out, const char *name, const char *value)
{
    fprintf(out, " %s=\"", name);
    page_put_html(out, value);
    putc('"', out);
}

static void put_case(FILE *out, const char *title, const json_t *check)
{
    double seconds = page_number(json_object_get(check, "seconds"));
    fputs("<testcase", out);
    put_attribute(out, "classname", title);
    put_attribute(out, "name", page_string(check, "name"));
    if (isfinite(seconds))
        fprintf(out, " time=\"%.3f\"", seconds);
    if (is(check, "ok")) {
        fputs("/>\n", out);
        return;
    }
    fputs(is(check, "skipped") ? "><skipped" : "><failure type=\"requirement\"", out);
    put_attribute(out, "message", page_string(check, "message"));
    fputs("/></testcase>\n", out);
}

/* `report` is clean: every string UTF-8. */
static void put_suite(FILE *out, const json_t *report)
{
    const json_t *checks = json_object_get(report, "checks");
    const char *title = page_string(report, "title");
    size_t i;
    json_t *check;
    fputs(PAGE_JUNIT_BEGINS "\n", out);
    fprintf(out, "<testsuites tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"%zu\">\n<testsuite",
            json_array_size(checks), page_checks_failed(checks), skipped(checks));
    put_attribute(out, "name", title);
    fprintf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"%zu\"", json_array_size(checks),
            page_checks_failed(checks), skipped(checks));
    put_attribute(out, "timestamp", page_string(report, "finished"));
    fputs(">\n", out);
    json_array_foreach(checks, i, check)
        put_case(out, title, check);
    fputs("<system-out>", out);
    page_put_html(out, page_string(json_object_get(report, "answer"), "text"));
    fputs("</system-out>\n</testsuite>\n</testsuites>\n", out);
}

void page_put_junit(FILE *out, const json_t *report)
{
    page_view view;
    page_view_make(&view, report);
    put_suite(out, view.root);
    page_view_free(&view);
}

/* What a workflow command's value, or with `property` a property's, may not hold is written %XX. */
static void put_command_text(FILE *out, const char *text, bool property)
{
    for (; *text; text++)
        if (strchr(property ? "%\r\n:," : "%\r\n", *text))
            fprintf(out, "%%%02X", (unsigned char)*text);
        else
            putc(*text, out);
}

static void put_command(FILE *out, const char *command, const char *title, const char *text)
{
    fprintf(out, "::%s title=", command);
    put_command_text(out, title, true);
    fputs("::", out);
    put_command_text(out, text, false);
    putc('\n', out);
}

void page_put_github(FILE *out, const json_t *report)
{
    page_view view;
    page_view_make(&view, report);
    const json_t *checks = json_object_get(view.root, "checks"), *check;
    size_t i;
    json_array_foreach(checks, i, check)
        if (!is(check, "ok") && !is(check, "skipped"))
            put_command(out, "error", page_string(check, "name"), page_string(check, "message"));
    if (!page_checks_failed(checks))
        put_command(out, "notice", page_string(view.root, "title"),
                    page_string(json_object_get(view.root, "answer"), "text"));
    page_view_free(&view);
}

void page_put_markdown_summary(FILE *out, const json_t *report)
{
    page_view view;
    page_view_make(&view, report);
    page_answer answer = page_answer_make(&view);
    fputs(PAGE_MARKDOWN_BEGINS "\n", out);
    page_put_summary(out, &(page_content){.view = &view, .answer = &answer});
    page_answer_free(&answer);
    page_view_free(&view);
}
